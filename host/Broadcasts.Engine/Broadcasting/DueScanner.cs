using Broadcasts.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Broadcasting;

/// <summary>Starts scheduled broadcasts. Every process of a cluster looks each second; the start is a compare-and-set, so twice is harmless.</summary>
internal sealed partial class DueScanner(BroadcastStore store, IGrainFactory grains, TimeProvider time, ILogger<DueScanner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do await ScanAsync();
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next process goes on.
        }
    }

    private async Task ScanAsync()
    {
        try
        {
            foreach (var id in await store.DueAsync(time.Now()))
            {
                var result = await grains.GetGrain<IBroadcastGrain>(id).StartAsync("schedule");
                if (!result.IsDone) LogRefused(id, result.Message ?? "");
            }
        }
        catch (Exception e)
        {
            LogFault(e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Scheduled broadcast {Broadcast} did not start: {Why}")]
    private partial void LogRefused(long broadcast, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for due broadcasts failed; the next look is in a second")]
    private partial void LogFault(Exception e);
}
