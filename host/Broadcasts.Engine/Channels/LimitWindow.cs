using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>Permits dealt one after the other, counted together.</summary>
/// <param name="From">Moment of the first, Unix milliseconds.</param>
/// <param name="To">Moment of the last.</param>
/// <param name="Count">How many.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.WindowBucket")]
public readonly record struct WindowBucket([property: Id(0)] double From, [property: Id(1)] double To, [property: Id(2)] int Count);

/// <summary>
/// A limit over a long time that is counted, not paced: it may be used up at once, and then nothing goes until its oldest permits are out
/// of it. Counted in hundredths of its length; a bucket leaves as a whole, when its last permit may: never too early.
/// </summary>
internal sealed class LimitWindow(SendRate limit)
{
    private const int Buckets = 100;

    private readonly LinkedList<WindowBucket> _closed = new();
    private WindowBucket _open;

    public SendRate Limit { get; set; } = limit;

    /// <summary>What is counted, oldest first.</summary>
    public IEnumerable<WindowBucket> Counted => _closed.Append(_open).Where(b => b.Count > 0);

    /// <summary>Takes over what another one counted, as far as it matters here.</summary>
    public void Restore(IEnumerable<WindowBucket> counted)
    {
        foreach (var bucket in counted) Add(bucket);
    }

    /// <summary>The clock was stepped: the past moves with it.</summary>
    public void Shift(double by)
    {
        var moved = Counted.Select(b => b with { From = b.From + by, To = b.To + by }).ToArray();
        _closed.Clear();
        _open = default;
        Restore(moved);
    }

    /// <summary>Permits that this window has counted at a moment.</summary>
    public int UsedAt(double moment) => Counted.Where(b => !IsOut(b, moment)).Sum(b => b.Count);

    /// <summary>How many more it permits at a moment.</summary>
    public int RoomAt(double moment) => Math.Max(0, Limit.Count - UsedAt(moment));

    /// <summary>From when on it has room again.</summary>
    public double FreeFrom()
    {
        var used = Counted.Sum(b => b.Count);
        var free = double.NegativeInfinity;
        foreach (var bucket in Counted)
        {
            if (used < Limit.Count) break;
            used -= bucket.Count;
            free = OutAt(bucket);
        }

        return free;
    }

    /// <summary>Counts permits, dealt from one moment to another.</summary>
    public void Take(double from, double to, int count)
    {
        while (_closed.First is { } oldest && IsOut(oldest.Value, from)) _closed.RemoveFirst();
        Add(new WindowBucket(from, to, count));
    }

    /// <summary>Permits of a lease were not used.</summary>
    public void GiveBack(UnusedLease lease)
    {
        for (var bucket = _closed.Last; bucket is not null; bucket = bucket.Previous)
        {
            if (IsIn(bucket.Value, lease)) bucket.Value = Less(bucket.Value, lease);
        }

        if (IsIn(_open, lease)) _open = Less(_open, lease);
    }

    private static bool IsIn(WindowBucket bucket, UnusedLease lease) => lease.First >= bucket.From && lease.First <= bucket.To;

    // An empty bucket keeps its place.
    private static WindowBucket Less(WindowBucket bucket, UnusedLease lease) => bucket with { Count = Math.Max(0, bucket.Count - lease.Count) };

    private void Add(WindowBucket next)
    {
        if (_open.To == 0) _open = next;
        else if (next.To - _open.From <= Limit.PerMs / (double)Buckets) _open = _open with { To = Math.Max(_open.To, next.To), Count = _open.Count + next.Count };
        else
        {
            _closed.AddLast(_open);
            _open = next;
        }
    }

    private bool IsOut(WindowBucket bucket, double moment) => moment >= OutAt(bucket);

    // A permit may be used until the guard is over, and counts at the provider from then.
    private double OutAt(WindowBucket bucket) => bucket.To + Limit.PerMs + PermitGuard.MostMs;
}

/// <summary>How long after its moment a permit may be used. A rate is dealt over its period and this much.</summary>
internal static class PermitGuard
{
    /// <summary>The longest.</summary>
    public const double MostMs = 1000;

    /// <summary>From this many milliseconds between two permits on, a timer's jitter moves no more than one of them.</summary>
    private const double SlowFromMs = 10;

    private const double SlowMs = 14;
    private const double FastMs = 20;

    /// <summary>A hundredth of the period that the rate is over, and enough for a timer's jitter: 1.4 % of slow rates per second, 2 % of fast ones (decision 0007).</summary>
    /// <param name="perMs">The rate's period.</param>
    /// <param name="interval">Milliseconds between two permits.</param>
    public static double Of(double perMs, double interval) => Math.Max(interval >= SlowFromMs ? SlowMs : FastMs, Math.Min(perMs / 100, MostMs));
}
