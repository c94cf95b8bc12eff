namespace Broadcasts.Deliveries;

/// <summary>What a look at a broadcast's ledger found.</summary>
internal sealed record LedgerFindings
{
    public required long BroadcastId { get; init; }

    /// <summary>Slices whose stored counts were not those of their rows.</summary>
    public required IReadOnlyList<WrongSlice> Slices { get; init; }

    /// <summary>Rows in a state that can't be; the first of them, when there are very many.</summary>
    public required IReadOnlyList<StrangeRow> Rows { get; init; }

    /// <summary>Rows that audience times parts says, less those that there are: negative when there are too many. 0 while the audience is being written down.</summary>
    public required long Missing { get; init; }

    public bool IsSound => Slices.Count == 0 && Rows.Count == 0 && Missing == 0;

    /// <summary>There is something that a mend changes: counts, or rows that nobody will answer for.</summary>
    public bool IsMendable => Slices.Count > 0 || Rows.Any(r => r.IsUnclaimed);
}

/// <summary>A slice whose counts are not those of its rows.</summary>
/// <param name="Id">The slice.</param>
/// <param name="Difference">What was stored and what was counted, for people: <c>pending 3 → 2</c>.</param>
internal sealed record WrongSlice(long Id, string Difference);

/// <summary>A row in a state that can't be.</summary>
internal sealed class StrangeRow
{
    public long Id { get; init; }

    public int Status { get; init; }

    public long? Claim { get; init; }

    public int Attempt { get; init; }

    /// <summary>In flight, and nobody has a claim on it: no answer will come.</summary>
    public bool IsUnclaimed => Status == (int)DeliveryStatus.Sending;
}

/// <summary>Stored and counted numbers of one slice, read in one statement.</summary>
internal sealed class SliceTally
{
    private const int Statuses = 8;

    private readonly long[] _stored = new long[Statuses];
    private readonly Dictionary<(int Status, int Reason), long> _storedReasons = [];
    private readonly Dictionary<(int Status, int Reason), long> _countedReasons = [];

    public SliceTally(IEnumerable<TallyLine> lines)
    {
        foreach (var line in lines)
        {
            if (line.Kind == TallyLine.Row) Rows += line.N;
            // A number that no status has belongs to no count.
            if (line.Status is < 0 or >= Statuses) continue;
            if (line.Kind == TallyLine.Stored) _stored[line.Status] = line.N;
            if (line.Kind == TallyLine.Row) Counted[line.Status] += line.N;
            if (line.Reason is { } reason && line.N != 0) (line.Kind == TallyLine.Row ? _countedReasons : _storedReasons)[(line.Status, reason)] = line.N;
        }
    }

    /// <summary>Rows by status.</summary>
    public long[] Counted { get; } = new long[Statuses];

    /// <summary>All rows, also those whose status nobody knows.</summary>
    public long Rows { get; }

    public bool IsSound => Counted.SequenceEqual(_stored) && _countedReasons.Count == _storedReasons.Count && !_countedReasons.Except(_storedReasons).Any();

    /// <summary>What was stored and what was counted, for people; empty when only the reasons differ.</summary>
    public string Difference() => string.Join(", ", Enumerable.Range(0, Statuses).Where(s => _stored[s] != Counted[s])
        .Select(s => FormattableString.Invariant($"{((DeliveryStatus)s).ToString().ToLowerInvariant()} {_stored[s]} → {Counted[s]}")));
}

/// <summary>One number of a slice.</summary>
internal sealed class TallyLine
{
    public const int Row = 0;
    public const int StoredReason = 1;
    public const int Stored = 2;

    public int Kind { get; init; }

    public int Status { get; init; }

    public int? Reason { get; init; }

    public long N { get; init; }
}
