using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Security;

/// <summary>Moves the incarnation on while the service runs, so that a backup is older than its machine a minute later.</summary>
internal sealed partial class IncarnationBeat(SafeHold hold, TimeProvider time, ILogger<IncarnationBeat> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (hold.FileProblem is { } problem) LogNoFile(problem);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await hold.BeatAsync();
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFault(e);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start counts on.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Broadcasts:HostDirectory can't be written: {Problem} Data put back from a backup in the same place will not be noticed.")]
    private partial void LogNoFile(string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This machine's count could not be written; the next try is in a minute")]
    private partial void LogFault(Exception e);
}
