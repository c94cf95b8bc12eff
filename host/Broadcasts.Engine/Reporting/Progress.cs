using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;

namespace Broadcasts.Reporting;

/// <summary>How far a broadcast is. The status counts are exclusive and sum up to <see cref="Messages"/>; the funnel is cumulative.</summary>
internal sealed record Progress
{
    public required long BroadcastId { get; init; }

    public required BroadcastStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    /// <summary>The detail's code and values when it is a sentence of the engine.</summary>
    public Told? StatusTold { get; init; }

    /// <summary>Contacts in the frozen audience.</summary>
    public required long Recipients { get; init; }

    /// <summary>False while the audience is still being frozen.</summary>
    public required bool IsFrozen { get; init; }

    public required DeliveryCounts Counts { get; init; }

    public long Messages => Counts.Total;

    /// <summary>Why rows failed, were skipped or are not known, most frequent first.</summary>
    public required IReadOnlyList<ReasonCount> Reasons { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Rate that the broadcast's author set; null for as soon as possible.</summary>
    public SendRate? OwnRate { get; init; }

    /// <summary>Rate that the channel's owner set; null for the provider's own.</summary>
    public SendRate? ChannelRate { get; init; }

    public long? ChannelId { get; init; }

    /// <summary>Messages per second over the last seconds; null when it was not watched that long.</summary>
    public double? Rate { get; init; }

    /// <summary>What holds it down now; null when nothing is being sent.</summary>
    public RateLimit? LimitedBy { get; init; }

    /// <summary>Why it does not move; null while it does.</summary>
    public Waiting? Waiting { get; init; }

    /// <summary>When that ends; null when it is not known.</summary>
    public DateTimeOffset? LimitedUntil { get; init; }

    /// <summary>The limit of the channel that is used up.</summary>
    public SendRate? FullWindow { get; init; }

    /// <summary>When the last message should leave at this rate.</summary>
    public DateTimeOffset? Eta { get; init; }

    /// <summary>When these numbers were read.</summary>
    public required DateTimeOffset At { get; init; }

    public Funnel Funnel => new()
    {
        Sent = Counts.Sent + Counts.Delivered + Counts.Read,
        Delivered = Counts.Delivered + Counts.Read,
        Read = Counts.Read,
    };

    /// <summary>True when the numbers will not move by themselves any more, late receipts apart.</summary>
    public bool IsOver => Status is BroadcastStatus.Completed or BroadcastStatus.Cancelled or BroadcastStatus.Failed;
}

/// <summary>How many rows have a reason.</summary>
internal sealed record ReasonCount(DeliveryStatus Status, string Reason, long Rows);

/// <summary>Everybody who came at least this far.</summary>
internal sealed record Funnel
{
    public long Sent { get; init; }

    public long Delivered { get; init; }

    public long Read { get; init; }
}

/// <summary>Which limit is the lowest.</summary>
internal enum RateLimit
{
    /// <summary>The provider's answers or its own limits.</summary>
    Provider,

    /// <summary>The rate that the channel's owner set.</summary>
    Channel,

    /// <summary>The rate that the broadcast's author set.</summary>
    Broadcast,

    /// <summary>A longer limit of the channel is used up for now.</summary>
    Window,
}
