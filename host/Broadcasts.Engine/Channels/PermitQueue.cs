namespace Broadcasts.Channels;

/// <summary>
/// Who waits for a budget's permits. They wait here, not at home: whoever is told to come back later comes a little late, and a place for which
/// nobody is there is lost for everybody. Single messages go first, then the broadcast that was served longest ago.
/// </summary>
/// <remarks>A plain class on the caller's clock; the grain around it answers the calls.</remarks>
internal sealed class PermitQueue(Budget budget)
{
    /// <summary>Whose permits are further away than this does not wait here: it holds room that others could use.</summary>
    private const double LongestWaitMs = 100;

    /// <summary>Who is sent away is to be back this much before its permits are dealt, so that all are there whose turn it may be.</summary>
    private const double EarlyMs = 50;

    /// <summary>Who asked within this time will ask again.</summary>
    private const double RememberMs = 200;

    private readonly List<Waiter> _waiting = [];
    private double _notice;
    private double _noticeAt;

    /// <summary>When something can be dealt or must be answered, Unix milliseconds; null while nobody waits.</summary>
    public double? NextAt { get; private set; }

    /// <summary>Takes a request in. It is answered by <see cref="Deal"/>.</summary>
    public void Add(PermitRequest request, TaskCompletionSource<PermitLease> answer, double now)
    {
        budget.GiveBack(request.Unused ?? []);
        _waiting.Add(new Waiter(request, answer, now));
        if (request.NoticeMs >= _notice || Math.Abs(now - _noticeAt) > RememberMs) (_notice, _noticeAt) = (request.NoticeMs, now);
    }

    /// <summary>Deals what can be dealt now. What comes back is answered as soon as it may be given away.</summary>
    public IReadOnlyList<(TaskCompletionSource<PermitLease> Answer, PermitLease Lease)> Deal(double now)
    {
        var answers = new List<(TaskCompletionSource<PermitLease>, PermitLease)>();
        while (DealOne(now) is { } dealt) answers.Add(dealt);
        return answers;
    }

    /// <summary>Takes everybody out: nothing is dealt here any more.</summary>
    public IReadOnlyList<TaskCompletionSource<PermitLease>> Clear()
    {
        TaskCompletionSource<PermitLease>[] all = [.. _waiting.Select(w => w.Answer)];
        _waiting.Clear();
        NextAt = null;
        return all;
    }

    private (TaskCompletionSource<PermitLease>, PermitLease)? DealOne(double now)
    {
        NextAt = null;
        if (_waiting.Count == 0) return null;

        // All are dealt as early as the slowest of late needs it: else it would find the next places taken, or leave them empty.
        foreach (var waiter in _waiting.OrderBy(w => w.Request.BroadcastId != 0).ThenBy(w => budget.TurnOf(w.Request.BroadcastId)).ThenBy(w => w.Since))
        {
            var lease = budget.Lease(waiter.Request with { NoticeMs = _notice }, now);
            if (lease.Count == 0 && MayWait(waiter, lease, now)) continue;
            _waiting.Remove(waiter);
            return (waiter.Answer, lease.Count > 0 ? Dealt(waiter, lease) : Away(waiter, lease, now));
        }

        return null;
    }

    private PermitLease Dealt(Waiter to, PermitLease lease)
    {
        foreach (var other in _waiting) other.WasPassed |= other.Request.BroadcastId != to.Request.BroadcastId;
        return lease;
    }

    private static PermitLease Away(Waiter waiter, PermitLease lease, double now) => lease with
    {
        RetryAt = Math.Max(lease.RetryAt - EarlyMs, now + 1),
        LimitedBy = waiter.WasPassed ? LimitedBy.OtherBroadcasts : lease.LimitedBy,
    };

    private bool MayWait(Waiter waiter, PermitLease lease, double now)
    {
        // A clock that was set back makes no one wait longer.
        var until = now < waiter.Since ? now : waiter.Since + LongestWaitMs;
        if (now >= until || lease.RetryAt > now + LongestWaitMs) return false;
        NextAt = Math.Min(NextAt ?? double.MaxValue, Math.Min(lease.RetryAt, until));
        return true;
    }

    private sealed class Waiter(PermitRequest request, TaskCompletionSource<PermitLease> answer, double since)
    {
        public PermitRequest Request => request;

        public TaskCompletionSource<PermitLease> Answer => answer;

        public double Since => since;

        /// <summary>Others were dealt what it asked for.</summary>
        public bool WasPassed { get; set; }
    }
}
