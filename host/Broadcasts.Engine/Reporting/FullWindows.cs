using Broadcasts.Broadcasting;
using Broadcasts.Channels;

namespace Broadcasts.Reporting;

/// <summary>Says of a broadcast that waits which of its channel's limits is used up, and until when.</summary>
internal sealed class FullWindows(IGrainFactory grains)
{
    public async Task<Progress> AddAsync(Progress progress)
    {
        if (progress.Status != BroadcastStatus.InProgress || !progress.ChannelHasWindows || progress.ChannelId is not { } channel) return progress;
        var view = await grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel)).LookAsync();
        return view.Windows.Where(w => w.FullUntil is not null).MaxBy(w => w.FullUntil) is { } full
            ? progress with { LimitedBy = RateLimit.Window, FullWindow = full.Limit, LimitedUntil = DateTimeOffset.FromUnixTimeMilliseconds(full.FullUntil!.Value) }
            : progress;
    }
}
