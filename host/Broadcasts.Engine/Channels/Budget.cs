using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>
/// Deals the permits of one account: the channel's pace, the windows that are counted beside it, each broadcast's own pace below it. Who is
/// next among those who ask is the <see cref="PermitQueue"/>'s.
/// </summary>
/// <remarks>
/// A message is written a little after its permit's moment, and not always equally late: without room for that, a late one and the punctual
/// ones of a period later meet in one sliding window, and the provider refuses. So a rate is dealt over its period and a guard; in return a
/// permit is void when the guard has passed. A plain class on the caller's clock; the grain around it keeps what was granted durable.
/// </remarks>
internal sealed class Budget
{
    /// <summary>A lease covers this much time, so that pause and rate changes act at once.</summary>
    private const double LeaseMs = 20;

    /// <summary>A lease begins this much after its asker can use it, so that a late timer or a slow commit loses no permit.</summary>
    private const double LeadMs = 10;
    private const int MostPermits = 500;

    /// <summary>So much more while connections are opened and code is compiled on a message's way to the socket, where no check sees it.</summary>
    private const double WarmingMs = 30;

    /// <summary>The longest notice that is believed. Who needs longer loses permits: more would stand between a change of the limits and its effect.</summary>
    private const double MostNoticeMs = 100;

    /// <summary>Who asked within this time is about to ask again.</summary>
    private const double ActiveMs = 100;

    /// <summary>A broadcast with a fast pace of its own, whose turn came late because of others, catches up with this much. With what a late permit adds, a twentieth of a second at most.</summary>
    private const double OwnSlackMs = 35;

    /// <summary>A clock that is slewed goes back by less; one that was set goes back by more.</summary>
    private const double StepMs = 500;

    /// <summary>A stored horizon is never further ahead, unless the clock was set back since.</summary>
    private const double MostAheadMs = 2000;

    private readonly VirtualSchedule _schedule = new();
    private readonly Dictionary<long, Asker> _askers = [];
    private readonly AdaptiveRate _learned = new();
    private readonly LastSecond _dealt = new();
    private readonly LastSecond _refused = new();
    private readonly List<LimitWindow> _windows = [];
    private double _seen;
    private double _reserved;
    private double _storing;
    private long _turns;

    /// <summary>The rate that the owner set, the shortest if there are several; null for none.</summary>
    public SendRate? Rate { get; set; }

    /// <summary>Nothing goes before this moment.</summary>
    public double ThrottledUntil { get; private set; }

    /// <summary>The last permit granted so far, Unix milliseconds.</summary>
    public double Horizon => _schedule.Last;

    /// <summary>After a restart: permits up to the stored horizon may have been used, and so may those that were reserved. Set the limits first.</summary>
    public void Restore(BudgetState state, double now)
    {
        // A horizon further ahead was stored before the clock was set back.
        var back = Math.Min(0, now + MostAheadMs - state.Horizon);
        _schedule.NotBefore(state.Horizon + back);
        ThrottledUntil = state.ThrottledUntil;
        _learned.Restore(state.Learned, now);
        foreach (var window in _windows)
        {
            // A limit that is new since then has no count of its own: the longest one that was kept knows most about it.
            var stored = state.Windows.Find(w => w.PerMs == window.Limit.PerMs) ?? state.Windows.MaxBy(w => w.PerMs);
            if (stored is null) continue;
            window.Restore(stored.Buckets);
            if (back < 0) window.Shift(back);
        }
    }

    /// <summary>What must be on disk before permits up to a moment are given away: all of them count as used if the process dies.</summary>
    public BudgetState Store(double horizon)
    {
        var interval = IntervalOf(_learned.Effective(Rate?.PerSecond, _dealt.Sum(_seen), _seen), 0);
        _storing = horizon > Horizon && interval > 0 ? Math.Ceiling((horizon - Horizon) / interval) + 1 : 0;
        return new BudgetState
        {
            Horizon = horizon,
            ThrottledUntil = ThrottledUntil,
            Learned = _learned.Proven,
            Windows = [.. _windows.Select(w => new WindowState { PerMs = w.Limit.PerMs, Buckets = [.. w.Counted.Where(b => b.To + w.Limit.PerMs + PermitGuard.MostMs > _seen), .. Reserved(horizon)] })],
        };
    }

    /// <summary>What <see cref="Store"/> answered last is on disk.</summary>
    public void Stored() => _reserved = _storing;

    /// <summary>Permits were dealt that the stored state does not cover: they may not be given away yet.</summary>
    public bool IsBeyond(BudgetState stored) => Horizon > stored.Horizon || _windows.Count > 0 && Math.Min(_reserved, _storing) < 0;

    /// <summary>Deals permits or says when to come back.</summary>
    public PermitLease Lease(PermitRequest request, double now)
    {
        Follow(now);
        if (ThrottledUntil > now) return Later(now, ThrottledUntil, LimitedBy.ProviderThrottle);

        var effective = _learned.Effective(Rate?.PerSecond, _dealt.Sum(now), now);
        var interval = IntervalOf(effective, request.IsWarming ? WarmingMs : 0);
        var notice = Math.Clamp(request.NoticeMs, 0, MostNoticeMs);
        var ready = now + notice;
        var own = request.Rate is { } r ? r.PerMs / (double)r.Count : 0;
        var asker = AskerOf(request.BroadcastId);

        var ownFrom = own > 0 ? asker.Schedule.From(ready - (own <= LeaseMs && interval > 0 ? OwnSlackMs : 0), own) : ready;
        var from = interval > 0 ? _schedule.From(ready, interval) : ready;
        // One place of the channel's early is no matter to a broadcast's own pace; a place left empty is lost for everybody.
        var start = ownFrom <= from + interval ? from : ownFrom;
        (asker.Interval, asker.AskedAt) = (own, now);
        if (FullAt(start) is { } full) return Later(now, full - notice, LimitedBy.WindowFull);
        if (start > ready + LeadMs) return Later(now, start - notice - LeadMs, own > interval ? LimitedBy.BroadcastRate : effective < Rate?.PerSecond || Rate is null ? LimitedBy.LearnedRate : LimitedBy.ChannelRate);
        // Dealt now, a moment of its own that lies ahead would leave a gap before it that others could have used.
        if (interval > 0 && ownFrom > from + interval && OthersAreActive(request.BroadcastId, now)) return Later(now, now + Math.Min(ownFrom - from, LeaseMs), LimitedBy.BroadcastRate);

        // The channel's pace spaces them, so that nobody else's permits lie between; the slower pace says how many.
        var spacing = interval > 0 ? interval : own;
        var count = Math.Min(request.Wanted, Math.Min(FittingIn(LeaseMs, interval), FittingIn(start + LeaseMs - ownFrom, own)));
        foreach (var window in _windows) count = Math.Min(count, window.RoomAt(start));
        if (interval > 0) _schedule.Take(start, count, interval);
        if (own > 0) asker.Schedule.Take(ownFrom, count, own);
        foreach (var window in _windows) window.Take(start, start + (count - 1) * spacing, count);
        _reserved -= count;
        _storing -= count;
        asker.ServedAt = ++_turns;
        _dealt.Add(count, now);
        return new PermitLease { Count = count, First = start, Interval = spacing, UsableMs = interval > 0 ? GuardOf(effective, interval) : 0 };
    }

    /// <summary>Permits of earlier leases that nothing was sent with: long limits do not count them.</summary>
    public void GiveBack(IEnumerable<UnusedLease> unused)
    {
        foreach (var lease in unused) _windows.ForEach(w => w.GiveBack(lease));
    }

    /// <summary>The smaller, the longer ago a broadcast was served; 0 when it never was.</summary>
    public long TurnOf(long broadcast) => _askers.TryGetValue(broadcast, out var asker) ? asker.ServedAt : 0;

    /// <summary>The provider refused until a moment.</summary>
    public void Throttled(double until, double now)
    {
        Follow(now);
        ThrottledUntil = Math.Max(ThrottledUntil, Math.Min(until, now + TimeSpan.FromDays(1).TotalMilliseconds));
        _refused.Add(1, now);
        _learned.Refused(Rate?.PerSecond, Math.Max(0, _dealt.Sum(now) - _refused.Sum(now)), Math.Max(0, ThrottledUntil - now), now);
    }

    /// <summary>The first message of a process was held up by connecting and compiling, and left at this moment: the next ones are counted from it.</summary>
    public void UsedAt(double moment, double now)
    {
        Follow(now);
        if (_learned.Effective(Rate?.PerSecond, _dealt.Sum(now), now) is not null) _schedule.NotBefore(Math.Min(moment, now));
    }

    /// <summary>Nothing goes before a moment, and nothing is learned from it: the provider is away, not too slow.</summary>
    public void Wait(double until, double now)
    {
        Follow(now);
        ThrottledUntil = Math.Max(ThrottledUntil, Math.Min(until, now + TimeSpan.FromMinutes(1).TotalMilliseconds));
    }

    /// <summary>A person changed the limits. What was learned about another rate is void; a window goes on counting where it was.</summary>
    public void SetLimits(SendRate? rate, IReadOnlyList<SendRate> more, double now)
    {
        Follow(now);
        SendRate[] all = [.. (rate is null ? more : more.Prepend(rate)).OrderBy(l => l.PerMs)];
        var pace = all.FirstOrDefault();
        if (pace != Rate) _learned.Restore(null, now);
        Rate = pace;
        var before = _windows.ToArray();
        _windows.Clear();
        foreach (var limit in all.Skip(1)) _windows.Add(WindowFor(limit, before));
        // What is stored does not know the new windows: the next permits wait for it to be written.
        _reserved = _storing = -1;
    }

    /// <summary>What is in force.</summary>
    public BudgetView View(double now) => new()
    {
        Rate = Rate,
        EffectivePerSecond = _learned.Effective(Rate?.PerSecond, _dealt.Sum(now), now),
        ThrottledUntil = ThrottledUntil > now ? (long)ThrottledUntil : null,
        UsedPerSecond = _dealt.Sum(now),
        Windows = [.. _windows.Select(w => new WindowView { Limit = w.Limit, Used = w.UsedAt(now), FullUntil = w.RoomAt(now) == 0 ? (long)w.FreeFrom() : null })],
    };

    // When the fullest window has room again; null while all have.
    private double? FullAt(double moment)
    {
        double? until = null;
        foreach (var window in _windows)
        {
            if (window.RoomAt(moment) == 0) until = Math.Max(until ?? 0, window.FreeFrom());
        }

        return until;
    }

    private static LimitWindow WindowFor(SendRate limit, LimitWindow[] before)
    {
        if (Array.Find(before, w => w.Limit.PerMs == limit.PerMs) is { } known)
        {
            known.Limit = limit;
            return known;
        }

        var window = new LimitWindow(limit);
        if (before.MaxBy(w => w.Limit.PerMs) is { } longest) window.Restore(longest.Counted);
        return window;
    }

    private IEnumerable<WindowBucket> Reserved(double horizon) => _storing >= 1 ? [new WindowBucket(Horizon, horizon, (int)_storing)] : [];

    private double IntervalOf(double? effective, double more)
    {
        if (effective is not { } perSecond) return 0;
        var (count, perMs) = OverPeriod(perSecond);
        return (perMs + PermitGuard.Of(perMs, perMs / count) + more) / count;
    }

    private double GuardOf(double? effective, double interval) => effective is { } perSecond ? PermitGuard.Of(OverPeriod(perSecond).PerMs, interval) : 0;

    // The owner's rate holds over the owner's period; a learned one over a second.
    private (double Count, double PerMs) OverPeriod(double perSecond) =>
        Rate is { } rate && perSecond >= rate.PerSecond ? (rate.Count, rate.PerMs) : (perSecond, 1000);

    private static int FittingIn(double time, double interval) => interval > 0 ? (int)Math.Clamp(Math.Round(time / interval), 1, MostPermits) : MostPermits;

    private Asker AskerOf(long broadcast)
    {
        if (_askers.TryGetValue(broadcast, out var asker)) return asker;
        if (_askers.Count > 1000) _askers.Clear();
        return _askers[broadcast] = new Asker();
    }

    private static PermitLease Later(double now, double retryAt, LimitedBy why) => new() { RetryAt = Math.Max(retryAt, now + 1), LimitedBy = why };

    private bool OthersAreActive(long broadcast, double now)
    {
        foreach (var (id, other) in _askers)
        {
            if (id != broadcast && now - other.AskedAt < ActiveMs) return true;
        }

        return false;
    }

    // A clock that is set back by an hour must not stop anybody for an hour: everything that is remembered moves with it.
    private void Follow(double now)
    {
        var step = now - _seen;
        _seen = now;
        if (step > -StepMs) return;
        _schedule.Shift(step);
        _learned.Shift(step);
        foreach (var window in _windows) window.Shift(step);
        ThrottledUntil += step;
        foreach (var asker in _askers.Values)
        {
            asker.Schedule.Shift(step);
            asker.AskedAt += step;
        }
    }

    private sealed class Asker
    {
        public VirtualSchedule Schedule { get; } = new();

        /// <summary>Milliseconds between two of its own; 0 without a rate of its own.</summary>
        public double Interval { get; set; }

        public long ServedAt { get; set; }

        public double AskedAt { get; set; }
    }
}
