using Broadcasts.Broadcasting;

namespace Broadcasts.Reporting;

/// <summary>Everything about one broadcast that its drawer, its page and the API show, the recipients apart.</summary>
internal sealed record BroadcastDetails
{
    /// <summary>What the table says of it.</summary>
    public required BroadcastRow Row { get; init; }

    public BroadcastAudience? Audience { get; init; }

    /// <summary>The segments that are taken out of its audience, in their order.</summary>
    public IReadOnlyList<ExcludedPart> Excluded { get; init; } = [];

    public required BroadcastPart[] Parts { get; init; }

    /// <summary>The content in other languages; null when it has one.</summary>
    public ContentLanguages? Languages { get; init; }

    /// <summary>The template that the content was taken from; null for none.</summary>
    public TakenTemplate? Template { get; init; }

    /// <summary>Its own rate; null for as soon as possible.</summary>
    public SendRate? Rate { get; init; }

    public TimeSpan? SpreadOver { get; init; }

    public DateTimeOffset? ScheduledAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Channels in their order, when each contact gets it on the one that it wrote on last; empty when it has one channel.</summary>
    public long[] Routes { get; init; } = [];

    public required BroadcastSafety Safety { get; init; }

    /// <summary>The second person who agreed.</summary>
    public string? ApprovedBy { get; init; }

    /// <summary>Until when its send can be undone; null when it can't.</summary>
    public DateTimeOffset? UndoUntil => Row is { Status: BroadcastStatus.Scheduled, ScheduledLocal: null } ? ScheduledAt : null;

    /// <summary>When messages may leave; null: at any time.</summary>
    public SendWindow? SendWindow { get; init; }

    /// <summary>Recipients whose own zone is not known, as the freeze counted them.</summary>
    public long FallbackRecipients { get; init; }

    /// <summary>The broadcast that this one was made from.</summary>
    public long? ParentId { get; init; }

    public string? ParentName { get; init; }

    /// <summary>Broadcasts made from this one, oldest first.</summary>
    public required IReadOnlyList<RelatedBroadcast> Children { get; init; }

    /// <summary>Who pressed send or schedule.</summary>
    public string? SentBy => Row.SentBy;

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>False while the audience is still being frozen: the numbers grow.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>What the forecast said and what came of it; null before the end, or without a forecast.</summary>
    public ForecastOutcome? ForecastOutcome => ForecastOutcome.Of(this);

    /// <summary>The stored forecast as JSON; null when none was made.</summary>
    public string? ForecastJson { get; init; }

    /// <summary>Transport of its channel; null without one.</summary>
    public string? Transport { get; init; }

    /// <summary>Rate that the channel's owner set; null for the provider's own.</summary>
    public SendRate? ChannelRate { get; init; }

    /// <summary>What can be asked of it now.</summary>
    public IReadOnlyList<BroadcastCommand> Allowed => [.. BroadcastLifecycle.CommandsFrom(Row.Status, Row.StatusReason)];
}

/// <summary>A segment that is taken out of an audience.</summary>
/// <param name="SegmentId">Which.</param>
/// <param name="Name">As it is called, or was at the start.</param>
/// <param name="Contacts">How many contacts it took out; null before the start.</param>
internal sealed record ExcludedPart(long SegmentId, string Name, long? Contacts);

/// <summary>A template that a broadcast took its content from.</summary>
/// <param name="Id">Which.</param>
/// <param name="Name">As it is called now.</param>
/// <param name="Version">The version that was taken.</param>
/// <param name="Latest">The version that it has now.</param>
internal sealed record TakenTemplate(long Id, string Name, int Version, int Latest)
{
    public bool IsOld => Latest > Version;
}

/// <summary>A broadcast made from another one.</summary>
internal sealed record RelatedBroadcast(long Id, string Name, BroadcastStatus Status, DateTimeOffset CreatedAt);
