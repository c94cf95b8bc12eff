using System.Text.Json;

namespace Broadcasts.Broadcasting;

/// <summary>A broadcast's row.</summary>
internal sealed class Broadcast
{
    /// <summary><see cref="Kind"/> of the home of a channel's single messages.</summary>
    public const int SingleMessages = 1;

    public long Id { get; init; }

    /// <summary>0: a broadcast; 1: the home of a channel's single messages.</summary>
    public int Kind { get; init; }

    public string Name { get; init; } = "";

    public string Labels { get; init; } = "[]";

    public int Status { get; init; }

    /// <summary>Why it is paused or failed: a stable word.</summary>
    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    public long? ParentId { get; init; }

    public long? ChannelId { get; init; }

    public long? SegmentId { get; init; }

    public string? Audience { get; init; }

    public string Parts { get; init; } = "[]";

    public int? RateCount { get; init; }

    public long? RatePerMs { get; init; }

    public long? SpreadOverMs { get; init; }

    public long? ScheduledAt { get; init; }

    public string? ScheduledLocal { get; init; }

    public string? TimeZone { get; init; }

    public long? ExpiresAt { get; init; }

    public int Version { get; init; }

    public long? ArchivedAt { get; init; }

    public string CreatedBy { get; init; } = "";

    public long CreatedAt { get; init; }

    public long? StartedAt { get; init; }

    public long? FinishedAt { get; init; }

    public string? FrozenRule { get; init; }

    public long? FreezeMark { get; init; }

    public long FreezeAfter { get; init; }

    public long FreezePosition { get; init; }

    public int FreezeDone { get; init; }

    public long Recipients { get; init; }

    public BroadcastStatus State => (BroadcastStatus)Status;

    public SendRate? Rate => RateCount is { } count && RatePerMs is { } per ? new SendRate(count, per) : null;

    public IReadOnlyList<BroadcastPart> ReadParts() => JsonSerializer.Deserialize<BroadcastPart[]>(Parts, BroadcastJson.Options) ?? [];

    public BroadcastAudience? ReadAudience() => Audience is null ? null : JsonSerializer.Deserialize<BroadcastAudience>(Audience, BroadcastJson.Options);

    /// <summary>The content as somebody would have written it anew.</summary>
    public BroadcastDraft ToDraft() => new()
    {
        Name = Name,
        Labels = JsonSerializer.Deserialize<string[]>(Labels) ?? [],
        ChannelId = ChannelId,
        AudienceJson = Audience,
        PartsJson = Parts,
        Rate = Rate,
        SpreadOverMs = SpreadOverMs,
        ExpiresAt = ExpiresAt,
    };
}
