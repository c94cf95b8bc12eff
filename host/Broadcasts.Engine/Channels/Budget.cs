using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>Deals the permits of one account: the channel's pace, each broadcast's own pace below it, single messages first, broadcasts in turns.</summary>
/// <remarks>A plain class on the caller's clock; the grain around it keeps the granted horizon durable.</remarks>
internal sealed class Budget
{
    /// <summary>A lease covers this much time, so that pause and rate changes act at once.</summary>
    private const double LeaseMs = 20;
    private const int MostPermits = 500;

    /// <summary>How long a turned-away asker keeps its turn.</summary>
    private const double TurnMs = 1500;

    private readonly VirtualSchedule _schedule = new();
    private readonly Dictionary<long, Asker> _askers = [];
    private readonly AdaptiveRate _learned = new();
    private double _usedFrom;
    private double _used;
    private double _usedBefore;
    private long _turns;

    /// <summary>The rate that the owner set; null for none.</summary>
    public SendRate? Rate { get; set; }

    /// <summary>Nothing goes before this moment.</summary>
    public double ThrottledUntil { get; private set; }

    /// <summary>End of everything granted so far, Unix milliseconds.</summary>
    public double Horizon => _schedule.Next;

    /// <summary>What refusals taught; null while nothing.</summary>
    public double? LearnedCeiling => _learned.Ceiling;

    /// <summary>After a restart: permits up to the stored horizon may have been used.</summary>
    public void Restore(double horizon, double throttledUntil, double? learned, double now)
    {
        _schedule.NotBefore(Math.Min(horizon, now + 2000));
        ThrottledUntil = throttledUntil;
        _learned.Restore(learned, now);
    }

    /// <summary>Deals permits or says when to come back.</summary>
    public PermitLease Lease(PermitRequest request, double now)
    {
        _schedule.NotAfter(now + 60_000);
        if (ThrottledUntil > now) return Later(request, now, ThrottledUntil, LimitedBy.ProviderThrottle);

        var effective = _learned.Effective(Rate?.PerSecond, now);
        var interval = effective is { } perSecond ? 1000 / perSecond : 0;
        var own = request.Rate is { } r ? r.PerMs / (double)r.Count : 0;
        var asker = AskerOf(request.BroadcastId);

        var start = Math.Max(interval > 0 ? _schedule.From(now) : now, own > 0 ? asker.Schedule.From(now) : now);
        if (start > now + LeaseMs) return Later(request, now, start - LeaseMs / 2, own > interval ? LimitedBy.BroadcastRate : effective < Rate?.PerSecond || Rate is null ? LimitedBy.LearnedRate : LimitedBy.ChannelRate);
        if (interval > 0 && SomebodyElseIsNext(request.BroadcastId, asker, now)) return Later(request, now, now + Math.Clamp(interval / 4, 2, 50), LimitedBy.OtherBroadcasts);

        var spacing = Math.Max(interval, own);
        var count = Math.Min(request.Wanted, spacing > 0 ? (int)Math.Clamp(LeaseMs / spacing, 1, MostPermits) : MostPermits);
        if (interval > 0) _schedule.Take(start, count, interval);
        if (own > 0) asker.Schedule.Take(start, count, own);
        asker.ServedAt = ++_turns;
        asker.TurnedAwayAt = double.NegativeInfinity;
        Count(count, now);
        return new PermitLease { Count = count, First = start, Interval = spacing };
    }

    /// <summary>The provider refused until a moment.</summary>
    public void Throttled(double until, double now)
    {
        ThrottledUntil = Math.Max(ThrottledUntil, Math.Min(until, now + TimeSpan.FromDays(1).TotalMilliseconds));
        _learned.Refused(Rate?.PerSecond, UsedPerSecond(now), now);
    }

    /// <summary>A person raised or lowered the rate: what was learned about the old one is void.</summary>
    public void SetRate(SendRate? rate, double now)
    {
        Rate = rate;
        _learned.Restore(null, now);
        _schedule.NotAfter(now);
    }

    /// <summary>What is in force.</summary>
    public BudgetView View(double now) => new()
    {
        Rate = Rate,
        EffectivePerSecond = _learned.Effective(Rate?.PerSecond, now),
        ThrottledUntil = ThrottledUntil > now ? (long)ThrottledUntil : null,
        UsedPerSecond = UsedPerSecond(now),
    };

    private Asker AskerOf(long broadcast)
    {
        if (_askers.TryGetValue(broadcast, out var asker)) return asker;
        if (_askers.Count > 1000) _askers.Clear();
        return _askers[broadcast] = new Asker();
    }

    private PermitLease Later(PermitRequest request, double now, double retryAt, LimitedBy why)
    {
        AskerOf(request.BroadcastId).TurnedAwayAt = now;
        return new PermitLease { RetryAt = Math.Max(retryAt, now + 1), LimitedBy = why };
    }

    // Single messages (broadcast 0) go before any broadcast; among broadcasts the one served longest ago.
    private bool SomebodyElseIsNext(long broadcast, Asker asker, double now)
    {
        if (broadcast == 0) return false;
        foreach (var (id, other) in _askers)
        {
            if (id == broadcast || now - other.TurnedAwayAt > TurnMs || other.Schedule.From(now) > now + LeaseMs) continue;
            if (id == 0 || other.ServedAt < asker.ServedAt) return true;
        }

        return false;
    }

    private void Count(int count, double now)
    {
        if (now - _usedFrom >= 1000)
        {
            _usedBefore = now - _usedFrom < 2000 ? _used : 0;
            (_used, _usedFrom) = (0, now);
        }

        _used += count;
    }

    private double UsedPerSecond(double now) => now - _usedFrom >= 1000 ? _used : Math.Max(_usedBefore, _used);

    private sealed class Asker
    {
        public VirtualSchedule Schedule { get; } = new();

        public long ServedAt { get; set; }

        public double TurnedAwayAt { get; set; } = double.NegativeInfinity;
    }
}
