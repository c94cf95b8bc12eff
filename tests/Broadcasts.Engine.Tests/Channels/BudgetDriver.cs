using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>Drives a budget on a clock of its own and keeps every permit that it dealt.</summary>
internal sealed class BudgetDriver
{
    private readonly PriorityQueue<Asker, double> _askers = new();
    private readonly Dictionary<TaskCompletionSource<PermitLease>, Asker> _asked = [];
    private PermitQueue _queue = null!;
    private Budget _budget = null!;

    public BudgetDriver(Budget budget, double now = 1_800_000_000_000) => (Budget, Now) = (budget, now);

    /// <summary>The budget; another one begins with an empty queue, as after a crash.</summary>
    public Budget Budget
    {
        get => _budget;
        set => (_budget, _queue) = (value, new PermitQueue(value));
    }

    public double Now { get; private set; }

    public List<(long Broadcast, double At)> Permits { get; } = [];

    /// <summary>Permits of everybody in order of time.</summary>
    public double[] Moments => [.. Permits.Select(p => p.At).Order()];

    public PermitLease Ask(long broadcast = 1, int wanted = 500, SendRate? rate = null)
    {
        var lease = Budget.Lease(new PermitRequest { BroadcastId = broadcast, Wanted = wanted, Rate = rate }, Now);
        for (var i = 0; i < lease.Count; i++) Permits.Add((broadcast, lease.At(i)));
        return lease;
    }

    /// <summary>Lets time pass or, negative, steps the clock back.</summary>
    public void Advance(double milliseconds) => Now += milliseconds;

    /// <summary>One that wants as much as it can get, from now on: it comes back when it is told to, and at the latest after a second.</summary>
    public void AddGreedy(long broadcast, SendRate? rate = null, double after = 0, int wanted = 500) => _askers.Enqueue(new Asker(broadcast, rate, wanted), Now + after);

    /// <summary>Runs the greedy ones for a while.</summary>
    public void Run(double milliseconds) => RunUntil(Now + milliseconds, () => false);

    /// <summary>One asks and waits for its permits, among the greedy ones.</summary>
    public PermitLease Take(long broadcast, int wanted = 1)
    {
        PermitLease? got = null;
        var asker = new Asker(broadcast, null, wanted) { Got = lease => got = lease };
        _askers.Enqueue(asker, Now);
        RunUntil(Now + 60_000, () => got is not null);
        return got ?? throw new InvalidOperationException("No permit came in a minute.");
    }

    private void RunUntil(double end, Func<bool> isOver)
    {
        while (!isOver() && Next() is { } at && at <= end)
        {
            Now = Math.Max(Now, at);
            while (_askers.TryPeek(out var asker, out var due) && due <= Now)
            {
                _askers.Dequeue();
                var answer = new TaskCompletionSource<PermitLease>();
                _asked[answer] = asker;
                _queue.Add(new PermitRequest { BroadcastId = asker.Broadcast, Wanted = asker.Wanted, Rate = asker.Rate }, answer, Now);
            }

            foreach (var (answer, lease) in _queue.Deal(Now)) Answer(answer, lease);
        }

        if (!isOver()) Now = end;
    }

    private double? Next()
    {
        double? asked = _askers.TryPeek(out _, out var at) ? at : null;
        return asked is null ? _queue.NextAt : Math.Min(asked.Value, _queue.NextAt ?? double.MaxValue);
    }

    private void Answer(TaskCompletionSource<PermitLease> answer, PermitLease lease)
    {
        _asked.Remove(answer, out var asker);
        for (var i = 0; i < lease.Count; i++) Permits.Add((asker!.Broadcast, lease.At(i)));
        if (lease.Count > 0 && asker!.Got is { } got) got(lease);
        // After a lease the claim takes a moment, as in real life.
        else _askers.Enqueue(asker!, lease.Count > 0 ? Now + 3 : Math.Clamp(lease.RetryAt, Now + 1, Now + 1000));
    }

    /// <summary>The most permits that any length of time holds, wherever it begins.</summary>
    public static int MostIn(double length, IReadOnlyList<double> moments)
    {
        var most = 0;
        for (int first = 0, last = 0; last < moments.Count; last++)
        {
            // A hundredth of a millisecond is rounding at this size of number, not a permit too many.
            while (moments[last] - moments[first] >= length - 0.01) first++;
            most = Math.Max(most, last - first + 1);
        }

        return most;
    }

    private sealed record Asker(long Broadcast, SendRate? Rate, int Wanted)
    {
        /// <summary>Takes the permits of one that asks only once.</summary>
        public Action<PermitLease>? Got { get; init; }
    }
}
