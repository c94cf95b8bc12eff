using Broadcasts.Contacts;

namespace Broadcasts.Deliveries;

/// <summary>A row as the ledger holds it, with what a batch makes of it.</summary>
internal sealed class LedgerRow
{
    public long Id { get; init; }

    public long ContactId { get; init; }

    public long? Claim { get; init; }

    public int Part { get; init; }

    public int Status { get; set; }

    public int? Reason { get; set; }

    public int Attempt { get; set; }

    public long? AddressId { get; init; }

    public long ChannelId { get; init; }
}

/// <summary>One row's change: what it was, what it is to be.</summary>
internal sealed class RowChange(LedgerRow row)
{
    public LedgerRow Row { get; } = row;

    public int Was { get; } = row.Status;

    public int? WasReason { get; } = row.Reason;

    public long? DueAt { get; set; }

    public string? ProviderId { get; set; }

    public long? ProviderKey { get; set; }

    public long? SentAt { get; set; }

    public long? DeliveredAt { get; set; }

    public long? ReadAt { get; set; }

    public long? EndedAt { get; set; }

    public object?[] ToRow() => [Row.Id, Was, Row.Status, Row.Reason, DueAt, Row.Attempt, ProviderId, ProviderKey, SentAt, DeliveredAt, ReadAt, EndedAt];
}

/// <summary>What a batch of records does to the ledger, worked out before anything is written.</summary>
internal sealed class LedgerChanges
{
    public Dictionary<long, RowChange> Changed { get; } = [];

    public List<object?[]> Attempts { get; } = [];

    /// <summary>Rows of parts whose earlier part is out now.</summary>
    public List<long> ReleasedParts { get; } = [];

    /// <summary>Rows that ended without being sent: their later parts end too.</summary>
    public List<LedgerRow> EndedBadly { get; } = [];

    public List<object?[]> Suppressed { get; } = [];

    /// <summary>Claim → rows of it that are settled now.</summary>
    public Dictionary<long, int> ClosedClaims { get; } = [];

    public void Apply(LedgerRow row, DeliveryRecord record)
    {
        // An answer counts by its claim alone: one of an older claim speaks of an attempt that is over.
        if (record.Claim is { } claim && claim != row.Claim) return;
        var from = (DeliveryStatus)row.Status;
        if (!DeliveryTransitions.TryMove(from, record.Event, out var next)) return;

        if (!Changed.TryGetValue(row.Id, out var change)) Changed[row.Id] = change = new RowChange(row);
        row.Status = (int)next;
        row.Reason = next is DeliveryStatus.Failed or DeliveryStatus.Skipped or DeliveryStatus.Unknown ? record.Reason : null;
        if (next == DeliveryStatus.Pending && !record.BurnsAttempt) row.Attempt--;
        change.DueAt = next == DeliveryStatus.Pending ? record.DueAt ?? record.At : null;
        change.ProviderId = record.ProviderId ?? change.ProviderId;
        change.ProviderKey = record.IsFoundByProviderId && record.ProviderId is { } provider ? ProviderKey.Of(row.ChannelId, provider) : change.ProviderKey;
        Stamp(change, next, record.At);
        Note(row, record);
        if (from == DeliveryStatus.Sending && row.Claim is { } closed) ClosedClaims[closed] = ClosedClaims.GetValueOrDefault(closed) + 1;
        if (record.Suppress && row.AddressId is { } address) Suppressed.Add([address, row.ChannelId, (int)ReasonOf(record.Reason)]);
        if (next is DeliveryStatus.Sent or DeliveryStatus.Delivered or DeliveryStatus.Read && from is DeliveryStatus.Sending or DeliveryStatus.Unknown) ReleasedParts.Add(row.Id + 1);
        if (next is DeliveryStatus.Failed or DeliveryStatus.Skipped) EndedBadly.Add(row);
    }

    // Who blocks the sender wants no more of it, and may want it again; the other addresses are dead.
    private static SuppressionReason ReasonOf(int? failure) => failure is (int)FailureReason.OptedOut or (int)FailureReason.Blocked ? SuppressionReason.OptedOut : SuppressionReason.Bounced;

    // A receipt can skip a step: what was read has been delivered and sent.
    private static void Stamp(RowChange change, DeliveryStatus next, long at)
    {
        change.EndedAt = next is DeliveryStatus.Failed or DeliveryStatus.Skipped or DeliveryStatus.Unknown ? at : null;
        if (next is DeliveryStatus.Sent or DeliveryStatus.Delivered or DeliveryStatus.Read) change.SentAt ??= at;
        if (next is DeliveryStatus.Delivered or DeliveryStatus.Read) change.DeliveredAt ??= at;
        if (next is DeliveryStatus.Read) change.ReadAt ??= at;
    }

    private void Note(LedgerRow row, DeliveryRecord record)
    {
        if (record.IsNoteworthy) Attempts.Add([row.Id, record.Attempt > 0 ? record.Attempt : row.Attempt, record.At, (int)record.Outcome, record.Reason, Short(record.Code, 100), Short(record.Detail, 500)]);
    }

    private static string? Short(string? text, int most) => text?.Length > most ? text[..most] : text;
}

/// <summary>The range of a slice.</summary>
internal sealed class SliceRange
{
    public long Id { get; init; }

    public long IdFrom { get; init; }

    public long IdTo { get; init; }
}

/// <summary>What changes mean for the counts of their slices.</summary>
internal sealed class SliceCounts
{
    /// <summary>Slice → difference per status, in the order of <see cref="DeliveryStatus"/>.</summary>
    public Dictionary<long, long[]> Statuses { get; } = [];

    public Dictionary<(long Slice, int Status, int Reason), long> Reasons { get; } = [];

    public static SliceCounts Of(IEnumerable<RowChange> changes, List<SliceRange> slices)
    {
        var counts = new SliceCounts();
        foreach (var change in changes)
        {
            if (SliceOf(change.Row.Id, slices) is not { } slice) continue;
            if (change.Was != change.Row.Status)
            {
                if (!counts.Statuses.TryGetValue(slice.Id, out var statuses)) counts.Statuses[slice.Id] = statuses = new long[8];
                statuses[change.Was]--;
                statuses[change.Row.Status]++;
            }

            counts.Reason(slice.Id, change.Was, change.WasReason, -1);
            counts.Reason(slice.Id, change.Row.Status, change.Row.Reason, 1);
        }

        return counts;
    }

    private void Reason(long slice, int status, int? reason, int by)
    {
        if (reason is not { } known) return;
        var key = (slice, status, known);
        Reasons[key] = Reasons.GetValueOrDefault(key) + by;
    }

    private static SliceRange? SliceOf(long id, List<SliceRange> slices)
    {
        int low = 0, high = slices.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var slice = slices[middle];
            if (id < slice.IdFrom) high = middle - 1;
            else if (id > slice.IdTo) low = middle + 1;
            else return slice;
        }

        return null;
    }
}
