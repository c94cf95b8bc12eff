using System.Text.RegularExpressions;
using Broadcasts.Contacts;
using static Broadcasts.Audiences.SegmentOperator;

namespace Broadcasts.Audiences;

internal enum SegmentSubjectKind
{
    /// <summary>A text column of the contact.</summary>
    Text,

    /// <summary>A time column of the contact.</summary>
    Instant,

    /// <summary>The addresses of one kind.</summary>
    Address,

    /// <summary>A custom field.</summary>
    Field,

    Tag,

    /// <summary>Which kinds of address there are.</summary>
    Channel,

    /// <summary>A file in which the contact was.</summary>
    Import,

    /// <summary>What became of messages to the contact (<see cref="SegmentHistory"/>).</summary>
    History,

    /// <summary>Whether the contact is blocked.</summary>
    Blocked,

    /// <summary>Whether an address of the contact gets nothing.</summary>
    Suppressed,

    /// <summary>Where the contact stands to being written to.</summary>
    Consent,

    /// <summary>Another segment.</summary>
    Segment,
}

/// <summary>What a condition looks at.</summary>
/// <param name="Kind">Which sort of thing it is.</param>
/// <param name="Name">Its name in the JSON: <c>country</c>, <c>contact.city</c>.</param>
/// <param name="Column">The column for Text and Instant, the slug for Field.</param>
/// <param name="Address">The kind for Address.</param>
internal sealed partial record SegmentSubject(SegmentSubjectKind Kind, string Name, string Column = "", AddressKind Address = 0)
{
    private static readonly SegmentOperator[] TextOperators = [Is, IsNot, IsAnyOf, IsNoneOf, SegmentOperator.Contains, StartsWith, Exists, DoesNotExist];

    private static readonly Dictionary<string, SegmentSubject> Standard = All().ToDictionary(s => Fold(s.Name));

    /// <summary>The names of the standard subjects.</summary>
    public static IEnumerable<string> Names => Standard.Values.Select(s => s.Name);

    public IReadOnlyList<SegmentOperator> Operators => Kind switch
    {
        SegmentSubjectKind.Text or SegmentSubjectKind.Address => TextOperators,
        SegmentSubjectKind.Field => [.. TextOperators, GreaterThan, LessThan, Between, Before, After, InLastDays, HasAnyOf, HasAllOf, HasNoneOf],
        SegmentSubjectKind.Instant => [Is, Before, After, Between, InLastDays, Exists, DoesNotExist],
        SegmentSubjectKind.Tag => [HasAnyOf, HasAllOf, HasNoneOf],
        SegmentSubjectKind.Channel => [HasAddress],
        SegmentSubjectKind.History => [InBroadcast, NotInBroadcast, InLastDays, NotInLastDays, SinceBroadcast, NotSinceBroadcast, Exists, DoesNotExist],
        SegmentSubjectKind.Blocked => [Is],
        SegmentSubjectKind.Suppressed => [Is, OnChannel, NotOnChannel],
        _ => [Is, IsNot],
    };

    /// <summary>Standard names in snake_case or camelCase, with or without "contact."; custom fields as <c>contact.slug</c> or <c>fields.slug</c>.</summary>
    public static SegmentSubject? Find(string name)
    {
        if (FieldName().Match(name) is { Success: true } field) return Custom(field.Groups[1].Value);

        var bare = name.StartsWith("contact.", StringComparison.Ordinal) ? name["contact.".Length..] : name;
        if (Standard.TryGetValue(Fold(bare), out var subject)) return subject;
        return bare.Length < name.Length && SlugName().IsMatch(bare) ? Custom(bare) : null;
    }

    public static SegmentSubject Custom(string slug) => new(SegmentSubjectKind.Field, "contact." + slug, slug);

    private static IEnumerable<SegmentSubject> All()
    {
        foreach (var column in (string[])["first_name", "last_name", "language", "country", "time_zone"])
            yield return new SegmentSubject(SegmentSubjectKind.Text, column, column);
        foreach (var column in (string[])["created_at", "updated_at", "last_interaction_at"])
            yield return new SegmentSubject(SegmentSubjectKind.Instant, column, column);
        foreach (var kind in Enum.GetValues<AddressKind>())
            yield return new SegmentSubject(SegmentSubjectKind.Address, kind.Name(), Address: kind);
        yield return new SegmentSubject(SegmentSubjectKind.Tag, "tag");
        yield return new SegmentSubject(SegmentSubjectKind.Channel, "channel");
        yield return new SegmentSubject(SegmentSubjectKind.Import, "import");
        foreach (var history in SegmentHistory.All) yield return new SegmentSubject(SegmentSubjectKind.History, history.Name, history.Name);
        yield return new SegmentSubject(SegmentSubjectKind.Blocked, "blocked");
        yield return new SegmentSubject(SegmentSubjectKind.Suppressed, "suppressed");
        yield return new SegmentSubject(SegmentSubjectKind.Consent, "consent");
        yield return new SegmentSubject(SegmentSubjectKind.Segment, "segment");
    }

    private static string Fold(string name) => name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    [GeneratedRegex(@"^(?:contact\.)?fields\.([a-z0-9_]{1,50})$")]
    private static partial Regex FieldName();

    [GeneratedRegex(@"^[a-z0-9_]{1,50}$")]
    private static partial Regex SlugName();
}
