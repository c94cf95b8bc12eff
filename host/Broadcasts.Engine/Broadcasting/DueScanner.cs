using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Broadcasting;

/// <summary>
/// Starts scheduled broadcasts. Every process of a cluster looks each second, two seconds ahead, and waits for the exact moment;
/// the start is a compare-and-set, so twice is harmless.
/// </summary>
internal sealed partial class DueScanner(BroadcastStore store, SafeHold hold, IGrainFactory grains, TimeProvider time, ILogger<DueScanner> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Ahead = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true) await Task.Delay(await ScanAsync(), time, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next process goes on.
        }
    }

    // Starts what is due and says how long to wait for the next.
    private async Task<TimeSpan> ScanAsync()
    {
        try
        {
            if (await hold.GetAsync() is not null) return Interval;
            var soon = await store.DueAsync(time.Now() + (long)Ahead.TotalMilliseconds);
            await Parallel.ForEachAsync(soon.Where(s => s.At <= time.Now()), async (due, _) => await StartAsync(due.Id));
            var now = time.Now();
            return soon.Where(s => s.At > now).Select(s => TimeSpan.FromMilliseconds(s.At - now)).Append(Interval).Min();
        }
        catch (Exception e)
        {
            LogFault(e);
            return Interval;
        }
    }

    private async Task StartAsync(long id)
    {
        var result = await grains.GetGrain<IBroadcastGrain>(id).StartDueAsync();
        if (!result.IsDone) LogRefused(id, result.Message ?? "");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Scheduled broadcast {Broadcast} did not start: {Why}")]
    private partial void LogRefused(long broadcast, string why);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for due broadcasts failed; the next look is in a second")]
    private partial void LogFault(Exception e);
}
