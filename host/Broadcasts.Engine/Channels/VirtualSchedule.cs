namespace Broadcasts.Channels;

/// <summary>
/// A pace without a bucket: permits are absolute moments, one interval apart (virtual scheduling, the GCRA of ITU-T I.371 without
/// tolerance). Idle time earns nothing, so no window of one second ever holds more than the rate. What is kept is the last permit, not the
/// next one: a rate that changes, however often, is counted from what was really dealt.
/// </summary>
internal sealed class VirtualSchedule
{
    /// <summary>Moment of the last permit dealt, Unix milliseconds; 0 before the first.</summary>
    public double Last { get; private set; }

    /// <summary>After a crash the permits up to here may have been used.</summary>
    public void NotBefore(double moment) => Last = Math.Max(Last, moment);

    /// <summary>The clock was stepped: the past moves with it.</summary>
    public void Shift(double by) => Last += by;

    /// <summary>The moment from which permits can be had, at the earliest now.</summary>
    public double From(double now, double interval) => Math.Max(Last + interval, now);

    /// <summary>Takes permits that begin at <paramref name="start"/>.</summary>
    public void Take(double start, int count, double interval) => Last = start + (count - 1) * interval;
}
