using System.Collections.Concurrent;
using Broadcasts.Channels;

namespace Broadcasts.Deliveries;

/// <summary>The permits of one claim's messages, in their order. A permit that could not be used in time is void, and another one is asked for.</summary>
/// <param name="budget">Where another one is asked for.</param>
/// <param name="request">What was asked for.</param>
/// <param name="lease">What was dealt.</param>
/// <param name="begunAt">When the claim began: <see cref="TimeProvider.GetTimestamp"/>.</param>
/// <param name="unused">Takes what was not used.</param>
/// <param name="notice">Learns how long it took from the claim to the first message.</param>
/// <param name="time">The clock.</param>
internal sealed class Permits(IBudgetGrain budget, PermitRequest request, PermitLease lease, long begunAt, UnusedPermits unused, ClaimNotice notice, TimeProvider time)
{
    /// <summary>Permits this close are used together: a timer is not finer.</summary>
    private const double TogetherMs = 1;

    /// <summary>A permit is never further away, unless the clock was set back since it was dealt.</summary>
    private const double LongestWaitMs = 1000;

    /// <summary>What is left of a permit's time for the way from here to the socket.</summary>
    private const double ToTheSocketMs = 8;

    private PermitLease _lease = lease;
    private int _first;
    private int _used;

    /// <summary>Messages were sent.</summary>
    public void Used(int count) => _used += count;

    /// <summary>Nothing more is sent with the lease: says what is left of it, once.</summary>
    public void End()
    {
        unused.Add(_lease, _used);
        _lease = default;
    }

    /// <summary>The messages are made: says how long that took, so that the next permits begin when they can be used.</summary>
    public void Ready() => notice.Took(time.GetElapsedTime(begunAt).TotalMilliseconds, request.IsWarming);

    /// <summary>Waits until a message may be written.</summary>
    /// <param name="index">Which of the claim's messages.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="latest">Unix milliseconds after which waiting is no use.</param>
    /// <param name="stop">Ends the wait.</param>
    /// <returns>Whether it may be written; false when there was no permit until then.</returns>
    public async Task<bool> WaitForAsync(int index, int count, double latest, CancellationToken stop)
    {
        while (true)
        {
            // Rows are alike: one whose permit was missed takes the next one, and only the last ones of the claim need others.
            while (index - _first < _lease.Count && IsVoid(index)) _first--;
            if (IsVoid(index) && !await RenewAsync(index, count, latest, stop)) return false;
            var wait = _lease.At(index - _first) - Now(time);
            if (wait > TogetherMs) await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(wait, LongestWaitMs)), time, stop);
            if (!IsVoid(index)) return true;
            if (Now(time) > latest) return false;
        }
    }

    /// <summary>Whether a later message may be written together with the one that was waited for.</summary>
    public bool IsDue(int index) => index - _first < _lease.Count && !IsVoid(index) && _lease.At(index - _first) <= Now(time) + TogetherMs;

    private bool IsVoid(int index) =>
        index - _first >= _lease.Count || _lease.UsableMs > 0 && Now(time) - _lease.At(index - _first) > _lease.UsableMs - ToTheSocketMs;

    // A permit that comes too late is not waited for: whoever holds the row meanwhile would not hear of a pause.
    private async Task<bool> RenewAsync(int index, int count, double latest, CancellationToken stop)
    {
        _first = index;
        do
        {
            End();
            (_lease, _used) = (await budget.LeaseAsync(request with { Wanted = count - index, NoticeMs = 0, Unused = unused.Take() }), 0);
            if (_lease.Count > 0) return true;
            if (_lease.RetryAt > latest) return false;
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Clamp(_lease.RetryAt - Now(time), 1, LongestWaitMs)), time, stop);
        }
        while (Now(time) <= latest);
        return false;
    }

    private static double Now(TimeProvider time) => time.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).TotalMilliseconds;
}

/// <summary>Permits of one channel that this process did not use: told with the next request, so that long limits do not count them.</summary>
internal sealed class UnusedPermits
{
    private readonly ConcurrentQueue<UnusedLease> _leases = new();

    public void Add(PermitLease lease, int used)
    {
        if (lease.Interval > 0 && lease.Count > used) _leases.Enqueue(new UnusedLease(lease.First, lease.Count - used));
    }

    /// <summary>All of them, once; null for none.</summary>
    public UnusedLease[]? Take()
    {
        if (_leases.IsEmpty) return null;
        var taken = new List<UnusedLease>();
        while (_leases.TryDequeue(out var lease)) taken.Add(lease);
        return [.. taken];
    }
}

/// <summary>
/// How long before its first permit a process begins a claim on a channel: the smoothed time from the claim to the first message, and twice
/// its deviation, as RFC 6298 reckons a round trip. Too short costs permits; too long claims rows early, which are in doubt after a kill.
/// </summary>
internal sealed class ClaimNotice
{
    private const double MeanGain = 1.0 / 8;
    private const double DeviationGain = 1.0 / 4;

    /// <summary>Added to the smoothed time at least, for a late timer or a slow commit, and at most: so long are rows claimed before they can go, on average.</summary>
    private const double LeastSpareMs = 10;

    private const double MostSpareMs = 35;

    /// <summary>What a claim takes while connections are opened and code is compiled says no more than this about the next ones.</summary>
    private const double MostWarmingMs = 60;

    /// <summary>One that took longer stood behind something that the next one will not meet.</summary>
    private const double MostMs = 100;

    private readonly Lock _lock = new();
    private double _mean;
    private double _deviation;

    /// <summary>Milliseconds.</summary>
    public double Ms
    {
        get
        {
            lock (_lock) return _mean + Math.Min(LeastSpareMs + 2 * _deviation, MostSpareMs);
        }
    }

    /// <summary>It took so many milliseconds once more.</summary>
    public void Took(double ms, bool isWarming = false)
    {
        ms = Math.Min(ms, isWarming ? MostWarmingMs : MostMs);
        lock (_lock)
        {
            (_mean, _deviation) = _mean == 0
                ? (ms, ms / 2)
                : (_mean + MeanGain * (ms - _mean), _deviation + DeviationGain * (Math.Abs(ms - _mean) - _deviation));
        }
    }
}
