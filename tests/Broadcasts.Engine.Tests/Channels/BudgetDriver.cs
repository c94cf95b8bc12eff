using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>Drives a budget on a clock of its own and keeps every permit that it dealt.</summary>
internal sealed class BudgetDriver(Budget budget, double now = 1_800_000_000_000)
{
    private readonly PriorityQueue<Asker, double> _askers = new();

    public Budget Budget { get; set; } = budget;

    public double Now { get; private set; } = now;

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
    public void Run(double milliseconds)
    {
        var end = Now + milliseconds;
        while (_askers.TryPeek(out var asker, out var at) && at <= end)
        {
            _askers.Dequeue();
            Now = Math.Max(Now, at);
            var lease = Ask(asker.Broadcast, asker.Wanted, asker.Rate);
            // After a lease the claim takes a moment, as in real life.
            _askers.Enqueue(asker, lease.Count > 0 ? Now + 3 : Math.Clamp(lease.RetryAt, Now + 1, Now + 1000));
        }

        Now = end;
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

    private sealed record Asker(long Broadcast, SendRate? Rate, int Wanted);
}
