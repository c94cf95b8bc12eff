using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts;

/// <summary>Work that is done again and again while the service runs. A fault is logged and costs one turn; a stop ends it between two.</summary>
internal abstract partial class PeriodicWork(TimeSpan interval, TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>The clock of its turns.</summary>
    protected TimeProvider Time { get; } = time;

    /// <summary>What is done, for the log: <c>Looking for this and that</c>.</summary>
    protected abstract string Purpose { get; }

    /// <summary>One turn. It may throw.</summary>
    protected abstract Task DoAsync(CancellationToken cancellationToken);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await DoAsync(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFault(logger, e, Purpose, interval);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What this turn left is done by the next start, or by another process.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Purpose} failed; the next try is in {Interval}")]
    private static partial void LogFault(ILogger logger, Exception e, string purpose, TimeSpan interval);
}
