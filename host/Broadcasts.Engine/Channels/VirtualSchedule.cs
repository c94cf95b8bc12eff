namespace Broadcasts.Channels;

/// <summary>
/// A pace without a bucket: permits are absolute moments, one interval apart (virtual scheduling, the GCRA of ITU-T I.371 without
/// tolerance). Idle time earns nothing, so no window of one second ever holds more than the rate.
/// </summary>
internal sealed class VirtualSchedule
{
    private double _next;

    /// <summary>Moment of the next free permit, Unix milliseconds.</summary>
    public double Next => _next;

    /// <summary>Never grant before this moment: after a crash the permits up to here may have been used.</summary>
    public void NotBefore(double moment) => _next = Math.Max(_next, moment);

    /// <summary>A stepped clock can't stall the schedule for longer than the granted horizon.</summary>
    public void NotAfter(double moment) => _next = Math.Min(_next, moment);

    /// <summary>The moment from which permits can be had, at the earliest now.</summary>
    public double From(double now) => Math.Max(_next, now);

    /// <summary>Takes permits that begin at <paramref name="start"/>.</summary>
    public void Take(double start, int count, double interval) => _next = Math.Max(_next, start) + count * interval;
}
