using Broadcasts.Deliveries;

namespace Broadcasts.Audiences;

/// <summary>What a segment can ask of a contact's messages, each a kind of row in the ledger and the time that it happened.</summary>
/// <param name="Name">Its name in the JSON.</param>
/// <param name="Sql">True for such a row, alias <c>d</c>; never NULL.</param>
/// <param name="Time">The column of the time.</param>
/// <param name="TimeOf">The time of such a row in memory; null when the row is none.</param>
internal sealed record SegmentHistory(string Name, string Sql, string Time, Func<SegmentDelivery, long?> TimeOf)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<SegmentHistory> All { get; } =
    [
        // Handed to the provider, whatever came of it.
        new("contacted", "d.sent_at IS NOT NULL", "d.sent_at", d => d.SentAt),
        // Taken, and no failure was reported since.
        new("received", "d.status IN (2, 3, 4) AND d.sent_at IS NOT NULL", "d.sent_at", d => d.Status is DeliveryStatus.Sent or DeliveryStatus.Delivered or DeliveryStatus.Read ? d.SentAt : null),
        new("delivered", "d.delivered_at IS NOT NULL", "d.delivered_at", d => d.DeliveredAt),
        new("read", "d.read_at IS NOT NULL", "d.read_at", d => d.ReadAt),
        new("replied", "d.replied_at IS NOT NULL", "d.replied_at", d => d.RepliedAt),
        new("clicked", "d.clicked_at IS NOT NULL", "d.clicked_at", d => d.ClickedAt),
        new("opted_out", "d.opted_out_at IS NOT NULL", "d.opted_out_at", d => d.OptedOutAt),
        new("failed", "d.status = 5 AND d.ended_at IS NOT NULL", "d.ended_at", d => d.Status == DeliveryStatus.Failed ? d.EndedAt : null),
    ];

    public static SegmentHistory Of(string name) => All.Single(h => h.Name == name);
}

/// <summary>A row of the ledger, as far as a segment looks at it. Times are Unix milliseconds.</summary>
internal sealed record SegmentDelivery(long BroadcastId, DeliveryStatus Status)
{
    public long? SentAt { get; init; }

    public long? DeliveredAt { get; init; }

    public long? ReadAt { get; init; }

    public long? EndedAt { get; init; }

    public long? RepliedAt { get; init; }

    public long? ClickedAt { get; init; }

    public long? OptedOutAt { get; init; }
}
