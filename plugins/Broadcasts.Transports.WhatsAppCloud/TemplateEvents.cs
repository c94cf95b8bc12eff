namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>News of the account's templates.</summary>
internal static class TemplateEvents
{
    private static readonly string[] Usable = ["APPROVED", "REINSTATED", "UNPAUSED", "UNARCHIVED"];

    private static readonly string[] Stopped =
        ["PAUSED", "DISABLED", "REJECTED", "PENDING", "IN_APPEAL", "PENDING_DELETION", "DELETED", "ARCHIVED", "LIMIT_EXCEEDED", "LOCKED"];

    public static IEnumerable<TransportEvent> Of(Change change)
    {
        if (change.Value.Text("message_template_name") is not { } name) return [];
        var language = change.Value.Text("message_template_language");
        return change.Field switch
        {
            "message_template_status_update" => [Status(change, name, language)],
            "message_template_quality_update" => [News(change, $"Template {name} ({language}): quality {change.Value.Text("previous_quality_score")} → {change.Value.Text("new_quality_score")}.")],
            _ => [News(change, $"Template {name} ({language}): category {change.Value.Text("previous_category")} → {change.Value.Text("new_category") ?? change.Value.Text("correct_category")}.")],
        };
    }

    private static TransportEvent Status(Change change, string name, string? language)
    {
        var state = change.Value.Text("event")?.ToUpperInvariant() ?? "";
        var detail = Detail(change, state);
        var isUsable = Usable.Contains(state);
        // FLAGGED warns: it is still sent. A word that nobody knows stops nothing.
        return isUsable || Stopped.Contains(state)
            ? new TemplateChange { Key = change.Key(), At = change.At, Name = name, Language = language, IsUsable = isUsable, Detail = detail }
            : News(change, $"Template {name} ({language}): {detail}");
    }

    private static string Detail(Change change, string state)
    {
        var value = change.Value;
        string?[] parts =
        [
            state,
            value.Text("reason") is { } reason && reason != "NONE" ? reason : null,
            value.Member("other_info").Text("title"),
            value.Member("other_info").Text("description"),
            value.Member("disable_info").Text("disable_date"),
            value.Member("rejection_info").Text("reason"),
        ];
        return string.Join(", ", parts.Where(p => p is not null));
    }

    private static ChannelNews News(Change change, string detail) => new() { Key = change.Key(), At = change.At, Detail = detail };
}
