using System.Text.Json;
using System.Text.Json.Nodes;
using Broadcasts.Security;

namespace Broadcasts.Broadcasting;

/// <summary>What of a broadcast differs between two moments, for the audit.</summary>
internal static class BroadcastDiff
{
    public static List<AuditChange> Between(Broadcast? before, Broadcast? after) => AuditDiff.Between(Shown(before), Shown(after));

    /// <summary>What of a broadcast differs from what was kept of it.</summary>
    public static List<AuditChange> Between(JsonNode kept, Broadcast after) => AuditDiff.Between(kept, Shown(after));

    /// <summary>What of a broadcast is kept to compare it later.</summary>
    public static JsonNode Kept(Broadcast broadcast) => JsonSerializer.SerializeToNode(Shown(broadcast)!, BroadcastJson.Options)!;

    /// <summary>What of a draft differs from another of the same broadcast.</summary>
    public static List<AuditChange> Between(BroadcastDraft before, BroadcastDraft after) => AuditDiff.Between(Shown(before), Shown(after));

    private static object Shown(BroadcastDraft draft) => new
    {
        draft.Name,
        draft.Labels,
        draft.ChannelId,
        draft.Routes,
        audience = Parsed(draft.AudienceJson),
        parts = Parsed(draft.PartsJson),
        languages = Parsed(draft.LanguagesJson),
        draft.Rate,
        draft.SpreadOverMs,
        at = draft.Schedule is { IsAtOnce: false } schedule ? schedule.LocalTime : null,
        timeZone = draft.Schedule is { IsAtOnce: false } zoned ? zoned.TimeZone : null,
        isLocal = draft.Schedule is { IsLocal: true } ? true : (bool?)null,
        repeat = Parsed(draft.Schedule?.RepeatJson),
        window = Parsed(draft.SendWindowJson),
        expiresAt = draft.ExpiresAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : (DateTimeOffset?)null,
        safety = Parsed(draft.SafetyJson),
    };

    private static object? Shown(Broadcast? broadcast) => broadcast is null ? null : new
    {
        broadcast.Name,
        status = broadcast.State,
        labels = Parsed(broadcast.Labels),
        broadcast.ChannelId,
        routes = Parsed(broadcast.Routes),
        audience = Parsed(broadcast.Audience),
        parts = Parsed(broadcast.Parts),
        languages = Parsed(broadcast.Languages),
        template = broadcast.TemplateId is { } template ? FormattableString.Invariant($"{template}, version {broadcast.TemplateVersion}") : null,
        broadcast.Rate,
        broadcast.SpreadOverMs,
        at = broadcast.ScheduledLocal,
        timeZone = broadcast.ScheduledLocal is null ? null : broadcast.TimeZone,
        isLocal = broadcast.RecipientLocal == 1 ? true : (bool?)null,
        repeat = Parsed(broadcast.RepeatRule),
        window = Parsed(broadcast.SendWindow),
        expiresAt = broadcast.ExpiresAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : (DateTimeOffset?)null,
        safety = Parsed(broadcast.Safety),
        broadcast.ApprovedBy,
        archived = broadcast.ArchivedAt is null ? (bool?)null : true,
    };

    private static JsonNode? Parsed(string? json) => string.IsNullOrEmpty(json) ? null : JsonNode.Parse(json);
}
