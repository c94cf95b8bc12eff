namespace Broadcasts.Testing;

/// <summary>What fields of the audit's entries are made of, beside names that transports and people give. One test looks that nothing else is written, another that each has words.</summary>
public static class AuditedFields
{
    public static IReadOnlyList<string> Names { get; } =
    [
        "account", "action", "addresses", "approvalAbove", "approvedBy", "archived", "at", "audience", "canary", "caption", "channelId", "component", "consent", "contactIds", "count", "country", "day", "days", "description", "disabled", "email", "every",
        "expiresAt", "fields", "fileId", "firstName", "frequencyCap", "from", "graceMinutes", "held", "html", "ignoresFrequencyCap", "importId", "isLocal", "isOpen", "isRequired", "labels", "language", "languages", "lastName", "limits", "local",
        "maxAttempts", "maxFailedPercent", "maxOptOutPercent", "mediaType", "name", "options", "parameters", "part", "parts", "password", "perMs", "percent", "permissions", "prompt", "rate", "reason", "recipientSpacingMs", "recipients", "redirectUrl",
        "repeat", "replyTo", "retryForMs", "retryOf", "revoked", "role", "routes", "rule", "safety", "sameFaults", "scopes", "segment", "segmentId", "settings", "size", "source", "spreadOverMs", "status", "subject", "tags", "template", "text", "thanks",
        "theme", "timeZone", "title", "to", "transport", "type", "typeAbove", "undoSeconds", "until", "value", "variants", "version", "waitMs", "whenInDoubt", "window",
    ];

    /// <summary>The names in a field: of <c>parts[2].text</c> two. What stands below settings and custom fields is not ours.</summary>
    public static IEnumerable<string> In(string field)
    {
        var steps = field.Split('.');
        return steps.Where((_, at) => at == 0 || steps[at - 1] is not ("settings" or "fields")).Select(step => step.Split('[')[0]);
    }
}
