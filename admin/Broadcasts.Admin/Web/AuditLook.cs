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

    /// <summary>Entries with the names of who did it.</summary>
    public async Task<IReadOnlyList<(AuditEntry Entry, string Actor)>> NamedAsync(IEnumerable<AuditEntry> entries, CancellationToken cancellationToken)
    {
        var named = new List<(AuditEntry, string)>();
        foreach (var entry in entries) named.Add((entry, await people.NameAsync(entry.Actor, cancellationToken)));
        return named;
    }

    /// <summary>A field by words, from the whole to the part: what was <c>parts[2].text</c> is "Part 2 › Text". What a transport or a person named keeps its name.</summary>
    public string Field(string field)
    {
        var steps = field.Split('.');
        var words = steps.Select((step, at) => at > 0 && steps[at - 1] is "settings" or "fields" ? step : Word(step));
        return string.Join(" › ", words);
    }

    private string Word(string step)
    {
        var (name, number) = step.IndexOf('[', StringComparison.Ordinal) is var at && at > 0 ? (step[..at], $" {step[(at + 1)..^1]}") : (step, "");
        return (texts.Has($"Audit.Field.{name}") ? texts[$"Audit.Field.{name}"] : name) + number;
    }

    public string Detail(AuditEntry entry) => show.AuditDetail(entry);
}
