using Broadcasts.Deliveries;

namespace Broadcasts.Reporting;

/// <summary>Which rows of a broadcast's ledger.</summary>
internal sealed record RecipientFilter
{
    public static RecipientFilter All { get; } = new();

    public DeliveryStatus? Status { get; init; }

    /// <summary>Number of the reason column.</summary>
    public int? Reason { get; init; }

    /// <summary>Counted from 1.</summary>
    public int? Part { get; init; }

    /// <summary>A part of a name or of an address.</summary>
    public string? Search { get; init; }
}

/// <summary>One page of the ledger, and where the next one starts.</summary>
internal sealed record RecipientPage(IReadOnlyList<RecipientRow> Items, long? Next);

/// <summary>One part to one recipient.</summary>
internal sealed record RecipientRow
{
    /// <summary>Id of the ledger row.</summary>
    public required long Id { get; init; }

    public required long ContactId { get; init; }

    /// <summary>The contact's name now; null when it has none or was deleted.</summary>
    public string? ContactName { get; init; }

    /// <summary>Null when the contact has no address on the channel, or when it was deleted since.</summary>
    public string? Address { get; init; }

    /// <summary>Which message of the broadcast, counted from 1.</summary>
    public required int Part { get; init; }

    public required DeliveryStatus Status { get; init; }

    /// <summary>Why it failed, was skipped, waits or is not known; camelCase. Null for a plain success.</summary>
    public string? Reason { get; init; }

    public int Attempts { get; init; }

    public string? ProviderId { get; init; }

    /// <summary>Earliest moment of the next attempt.</summary>
    public DateTimeOffset? DueAt { get; init; }

    public DateTimeOffset? SentAt { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public DateTimeOffset? ReadAt { get; init; }

    /// <summary>When it failed, was skipped or became unknown.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? RepliedAt { get; init; }

    public DateTimeOffset? ClickedAt { get; init; }

    public DateTimeOffset? OptedOutAt { get; init; }
}

/// <summary>Why did this person get it, or not: every part with its history.</summary>
internal sealed record RecipientTimeline
{
    public required long ContactId { get; init; }

    public string? ContactName { get; init; }

    /// <summary>Revision of the contact that the messages were made from.</summary>
    public required int ContactRevision { get; init; }

    public required IReadOnlyList<RecipientPart> Parts { get; init; }
}

/// <summary>One part of a timeline.</summary>
internal sealed record RecipientPart(RecipientRow Row, IReadOnlyList<RecipientAttempt> Attempts);

/// <summary>One try that was not a plain success, in the provider's words.</summary>
internal sealed record RecipientAttempt
{
    public required int Number { get; init; }

    public required DateTimeOffset At { get; init; }

    public required SendOutcomeKind Outcome { get; init; }

    public string? Reason { get; init; }

    public string? Code { get; init; }

    public string? Detail { get; init; }
}
