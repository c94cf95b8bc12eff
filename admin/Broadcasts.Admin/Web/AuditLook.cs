using System.Globalization;
using Broadcasts.Security;

namespace Broadcasts.Admin.Web;

/// <summary>Entries of the audit as people read them: who, what, to what, and where that is found.</summary>
internal sealed class AuditLook(People people, Texts texts, Show show)
{
    private static readonly Dictionary<string, string> Pages = new(StringComparer.Ordinal)
    {
        ["broadcast"] = "/broadcasts/{0}", ["channel"] = "/channels/{0}", ["contact"] = "/contacts/{0}", ["segment"] = "/segments/{0}", ["form"] = "/forms/{0}", ["template"] = "/templates/{0}", ["file"] = "/files", ["plugin"] = "/plugins/{0}",
        ["import"] = "/contacts/imports/{0}", ["job"] = "/contacts/jobs/{0}", ["tag"] = "/contacts/fields", ["field"] = "/contacts/fields", ["user"] = "/settings/users/{0}", ["key"] = "/settings/keys", ["role"] = "/settings/roles/{0}",
        ["suppression"] = "/suppressions", ["suppressions"] = "/suppressions", ["settings"] = "/settings", ["workspace"] = "/settings", ["contacts"] = "/contacts", ["audit"] = "/settings/audit",
    };

    /// <summary>What acts are of, as the filter offers it.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["audit", "broadcast", "broadcasts", "channel", "contact", "contacts", "field", "file", "form", "import", "job", "key", "label", "plugin", "role", "safeHold", "segment", "settings", "suppression", "suppressions", "tag", "template", "user"];

    /// <summary>Every verb that has words of its own.</summary>
    public string Action(string action) => texts.Has($"Audit.{action}") ? texts[$"Audit.{action}"] : action;

    public string Kind(string kind) => texts[$"AuditKind.{kind}"];

    /// <summary>What it was done to, and its page; null for none.</summary>
    public (string Text, string? Href) Subject(AuditEntry entry)
    {
        var at = entry.Subject.IndexOfAny([':', '/']);
        var (kind, name) = at < 0 ? (entry.Subject, "") : (entry.Subject[..at], entry.Subject[(at + 1)..]);
        var text = !texts.Has($"AuditKind.{kind}") ? entry.Subject : name.Length == 0 ? Kind(kind) : $"{Kind(kind)} {name}";
        // What was deleted has no page any more.
        var isGone = entry.Action.EndsWith(".deleted", StringComparison.Ordinal) || entry.Action.EndsWith(".delete", StringComparison.Ordinal);
        return (text, !isGone && Pages.TryGetValue(kind, out var page) ? string.Format(CultureInfo.InvariantCulture, page, Uri.EscapeDataString(name)) : null);
    }

    public Task<string> ActorAsync(string actor, CancellationToken cancellationToken) => people.NameAsync(actor, cancellationToken);

    public string Detail(AuditEntry entry) => show.AuditDetail(entry);
}
