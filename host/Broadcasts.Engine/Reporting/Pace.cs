using Broadcasts.Broadcasting;

namespace Broadcasts.Reporting;

/// <summary>Turns looks at a broadcast into messages per second, what limits them, and the time of the last one.</summary>
internal sealed class Pace
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(400);

    private readonly Queue<(DateTimeOffset At, long Done)> _looks = [];

    /// <summary>When somebody looked last.</summary>
    public DateTimeOffset Last { get; private set; }

    public Progress Complete(Progress progress)
    {
        Last = progress.At;
        if (progress.Status != BroadcastStatus.InProgress)
        {
            // The time of a pause is not part of the pace.
            _looks.Clear();
            return progress;
        }

        var done = progress.Counts.Done - progress.Counts.Skipped;
        _looks.Enqueue((progress.At, done));
        while (_looks.Count > 2 && progress.At - _looks.Peek().At > Window) _looks.Dequeue();

        var (from, before) = _looks.Peek();
        var span = progress.At - from;
        if (span < Shortest) return progress;

        var rate = Math.Max(0, (done - before) / span.TotalSeconds);
        var left = progress.Counts.Pending + progress.Counts.Sending;
        return progress with
        {
            Rate = Math.Round(rate, 1),
            LimitedBy = LimitOf(progress, rate),
            Eta = rate > 0 && progress.IsFrozen ? progress.At + TimeSpan.FromSeconds(Math.Min(left / rate, TimeSpan.FromDays(3650).TotalSeconds)) : null,
        };
    }

    private static RateLimit LimitOf(Progress progress, double rate)
    {
        var own = progress.OwnRate?.PerSecond ?? double.PositiveInfinity;
        var channel = progress.ChannelRate?.PerSecond ?? double.PositiveInfinity;
        // Well below what its owners allow, it is the provider's answers that take the time.
        if (rate < 0.8 * Math.Min(own, channel)) return RateLimit.Provider;
        return own <= channel ? RateLimit.Broadcast : RateLimit.Channel;
    }
}
