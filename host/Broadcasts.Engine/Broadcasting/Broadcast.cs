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

    /// <summary>1: at the local time in each recipient's own zone.</summary>
    public int RecipientLocal { get; init; }

    /// <summary><see cref="Broadcasting.SendWindow"/> as JSON.</summary>
    public string? SendWindow { get; init; }

    /// <summary><see cref="Broadcasting.RepeatRule"/> as JSON: it is a template, and each occurrence a broadcast of its own.</summary>
    public string? RepeatRule { get; init; }

    /// <summary>Occurrences so far.</summary>
    public int RepeatDone { get; init; }

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

    /// <summary>Channels in their order as JSON; null when it has one.</summary>
    public string? Routes { get; init; }

    public string? SentBy { get; init; }

    public string? ApprovedBy { get; init; }

    /// <summary><see cref="BroadcastSafety"/> as JSON.</summary>
    public string? Safety { get; init; }

    /// <summary>The last row that may be claimed; null when none is held.</summary>
    public long? ClaimTo { get; init; }

    /// <summary>When everybody in the canary was answered, Unix milliseconds.</summary>
    public long? CanaryAt { get; init; }

    /// <summary><see cref="Tripped"/> as JSON while its victims are to be given another turn.</summary>
    public string? Breaker { get; init; }

    /// <summary><see cref="ContentLanguages"/> as JSON.</summary>
    public string? Languages { get; init; }

    /// <summary>The template that its content was taken from.</summary>
    public long? TemplateId { get; init; }

    public int? TemplateVersion { get; init; }

    public BroadcastStatus State => (BroadcastStatus)Status;

    public SendRate? Rate => RateCount is { } count && RatePerMs is { } per ? new SendRate(count, per) : null;

    /// <summary>True when its send can still be taken back: it waits its seconds, and nobody wrote a time.</summary>
    public bool IsUndoable => State == BroadcastStatus.Scheduled && ScheduledLocal is null;

    /// <summary>The channels that it may go over, in their order; empty while none is chosen.</summary>
    public IReadOnlyList<long> ChannelIds => Routes is null ? (ChannelId is { } id ? [id] : []) : JsonSerializer.Deserialize<long[]>(Routes) ?? [];

    public BroadcastSafety ReadSafety() => Safety is null ? new() : JsonSerializer.Deserialize<BroadcastSafety>(Safety, BroadcastJson.Options) ?? new();

    /// <summary>The time that somebody chose; a draft waits with it for its last step.</summary>
    public BroadcastSchedule ReadSchedule() => ScheduledLocal is null ? BroadcastSchedule.AtOnce : new() { LocalTime = ScheduledLocal, TimeZone = TimeZone ?? "", IsLocal = RecipientLocal == 1, RepeatJson = RepeatRule };

    public Tripped? ReadBreaker() => Breaker is null ? null : JsonSerializer.Deserialize<Tripped>(Breaker, BroadcastJson.Options);

    public string[] ReadLabels() => JsonSerializer.Deserialize<string[]>(Labels) ?? [];

    public IReadOnlyList<BroadcastPart> ReadParts() => JsonSerializer.Deserialize<BroadcastPart[]>(Parts, BroadcastJson.Options) ?? [];

    /// <summary>The parts of every language.</summary>
    public IReadOnlyList<BroadcastPart> AllParts() => ReadLanguages() is { } languages ? [.. ReadParts(), .. languages.Variants.SelectMany(v => v.Parts)] : ReadParts();

    /// <summary>The parts that somebody gets, by the language that he reads.</summary>
    public IReadOnlyList<BroadcastPart> PartsFor(string? spoken) =>
        ReadLanguages() is { } languages && ContentLanguages.Choose([languages.Language, .. languages.Variants.Select(v => v.Language)], spoken) is > 0 and var at ? languages.Variants[at - 1].Parts : ReadParts();

    public ContentLanguages? ReadLanguages() => ContentLanguages.Read(Languages);

    public BroadcastAudience? ReadAudience() => Audience is null ? null : JsonSerializer.Deserialize<BroadcastAudience>(Audience, BroadcastJson.Options);

    /// <summary>The content as somebody would have written it anew.</summary>
    public BroadcastDraft ToDraft() => new()
    {
        Name = Name,
        Labels = ReadLabels(),
        ChannelId = ChannelId,
        AudienceJson = Audience,
        PartsJson = Parts,
        Rate = Rate,
        SpreadOverMs = SpreadOverMs,
        ExpiresAt = ExpiresAt,
        SafetyJson = Safety,
        Routes = Routes is null ? [] : [.. ChannelIds],
        SendWindowJson = SendWindow,
        LanguagesJson = Languages ?? "",
        TemplateId = TemplateId ?? 0,
        TemplateVersion = TemplateVersion,
        Schedule = ReadSchedule(),
    };
}
