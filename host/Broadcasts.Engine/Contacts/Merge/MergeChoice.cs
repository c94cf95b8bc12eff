using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts.Merge;

/// <summary>Which value a merged contact has, and which it gets back.</summary>
internal static class MergeChoice
{
    public const string Primary = "primary";
    public const string Secondary = "secondary";

    private const string FieldPrefix = "fields.";

    private static readonly (string Name, Func<ContactDetails, string?> Get)[] Standard =
        [("firstName", c => c.FirstName), ("lastName", c => c.LastName), ("language", c => c.Language), ("country", c => c.Country), ("timeZone", c => c.TimeZone)];

    /// <summary>Every field that one of the two has a value for, with both values, in the order in which people read them.</summary>
    public static IEnumerable<(string Name, string? Primary, string? Secondary)> Fields(ContactDetails primary, ContactDetails secondary) =>
        Standard.Select(s => (s.Name, s.Get(primary), s.Get(secondary)))
            .Concat(primary.Fields.Keys.Union(secondary.Fields.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(slug => (FieldPrefix + slug, primary.Fields.GetValueOrDefault(slug), secondary.Fields.GetValueOrDefault(slug))))
            .Where(f => f.Item2 is not null || f.Item3 is not null);

    /// <summary>Everything that is wrong with the choices.</summary>
    public static Problem[] Check(IReadOnlyDictionary<string, string> choices, ContactDetails primary, ContactDetails secondary)
    {
        var names = Standard.Select(s => s.Name).Concat(Fields(primary, secondary).Select(f => f.Name)).ToHashSet(StringComparer.Ordinal);
        var problems = new List<Problem>();
        foreach (var (name, choice) in choices)
        {
            if (!names.Contains(name)) problems.Add(new Problem($"choices.{name}", "mergeField", $"Neither of the two has a field '{name}'. Write one such as firstName or fields.city.", name));
            else if (choice is not (Primary or Secondary)) problems.Add(new Problem($"choices.{name}", "mergeChoice", $"'{choice}' is no choice: write primary or secondary.", choice));
        }

        return [.. problems];
    }

    /// <summary>The primary as it is afterwards; addresses and tags are moved, not chosen.</summary>
    public static ContactDetails Combine(ContactDetails primary, ContactDetails secondary, IReadOnlyDictionary<string, string> choices)
    {
        var values = Fields(primary, secondary).ToDictionary(f => f.Name, f => choices.GetValueOrDefault(f.Name) switch
        {
            Primary => f.Primary,
            Secondary => f.Secondary,
            _ => f.Primary ?? f.Secondary,
        }, StringComparer.Ordinal);
        return With(primary, values) with
        {
            BlockedAt = Earlier(primary.BlockedAt, secondary.BlockedAt),
            LastInteractionAt = Later(primary.LastInteractionAt, secondary.LastInteractionAt),
            CreatedAt = Math.Min(primary.CreatedAt, secondary.CreatedAt),
        };
    }

    /// <summary>The primary as it was, but for what somebody changed since; <paramref name="kept"/> names that.</summary>
    public static ContactDetails Restore(ContactDetails now, ContactDetails before, ContactDetails merged, List<Problem> kept)
    {
        var values = Fields(now, before).ToDictionary(f => f.Name, f => f.Primary, StringComparer.Ordinal);
        foreach (var (name, was, made) in Fields(before, merged).Where(f => f.Primary != f.Secondary))
        {
            if (values.GetValueOrDefault(name) == made) values[name] = was;
            else if (values.GetValueOrDefault(name) != was) kept.Add(Kept(name));
        }

        if (now.BlockedAt != merged.BlockedAt) kept.Add(Kept("blocked"));
        return With(now, values) with
        {
            BlockedAt = now.BlockedAt == merged.BlockedAt ? before.BlockedAt : now.BlockedAt,
            LastInteractionAt = now.LastInteractionAt == merged.LastInteractionAt ? before.LastInteractionAt : now.LastInteractionAt,
            CreatedAt = before.CreatedAt,
        };
    }

    /// <summary>Whoever was blocked while they were one is blocked as both: it is not known which of them was meant.</summary>
    public static long? BlockedAfter(ContactDetails now, MergeSnapshot snapshot) =>
        now.BlockedAt == snapshot.Merged.BlockedAt ? snapshot.Secondary.BlockedAt : Earlier(snapshot.Secondary.BlockedAt, now.BlockedAt);

    public static long? Later(long? a, long? b) => a is null || b > a ? b : a;

    private static long? Earlier(long? a, long? b) => a is null || b < a ? b : a;

    private static Problem Kept(string name) => new(name, "undoKept", $"'{name}' was changed since the merge and stays as it is now.", name);

    private static ContactDetails With(ContactDetails contact, IReadOnlyDictionary<string, string?> values) => contact with
    {
        FirstName = values.GetValueOrDefault("firstName"),
        LastName = values.GetValueOrDefault("lastName"),
        Language = values.GetValueOrDefault("language"),
        Country = values.GetValueOrDefault("country"),
        TimeZone = values.GetValueOrDefault("timeZone"),
        Fields = values.Where(v => v.Value is not null && v.Key.StartsWith(FieldPrefix, StringComparison.Ordinal)).ToDictionary(v => v.Key[FieldPrefix.Length..], v => v.Value!, StringComparer.Ordinal),
    };
}
