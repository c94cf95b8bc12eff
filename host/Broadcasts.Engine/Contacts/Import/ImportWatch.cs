using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Import;

/// <summary>Goes on with interrupted imports whose file is here, at the start and from time to time, and deletes files that nobody needs any more.</summary>
internal sealed partial class ImportWatch(ImportJobs jobs, ImportUploads uploads, TimeProvider time, ILogger<ImportWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await uploads.SweepAsync(stoppingToken);
                    await jobs.ResumeAsync(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    LogFault(e, Interval);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left goes on at the next start.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await jobs.IdleAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking after the files of imports failed; the next try is in {Interval}")]
    private partial void LogFault(Exception e, TimeSpan interval);
}
