using System.Text.Json;
using Broadcasts.Templates;

namespace Broadcasts.Contacts.Import;

/// <summary>What somebody says that a column is.</summary>
/// <param name="Target">What.</param>
/// <param name="Slug">The custom field, by its short name.</param>
/// <param name="NewType">A custom field that is named after the column, of this type.</param>
internal readonly record struct ColumnChoice(ColumnTarget Target, string? Slug = null, FieldType? NewType = null)
{
    /// <summary>What a contact has once and the column fills, as words: no other column may. Empty for what adds up or is left out.</summary>
    public string[] Parts => (Target.Kind, Slug) switch
    {
        (ColumnKind.Address or ColumnKind.Ignore, _) => [],
        (ColumnKind.FullName, _) => [ColumnWords.Of(new ColumnTarget(ColumnKind.FirstName)), ColumnWords.Of(new ColumnTarget(ColumnKind.LastName))],
        (ColumnKind.Field, null) => [],
        (ColumnKind.Field, { } slug) => ["fields." + slug],
        _ => [ColumnWords.Of(Target)],
    };
}

/// <summary>The words of a mapping: what a column can be.</summary>
internal static class ColumnWords
{
    public const string Ignore = "ignore";

    private const string NewPrefix = "new.";

    private static readonly (string Word, ColumnKind Kind)[] Names =
    [
        ("first_name", ColumnKind.FirstName), ("last_name", ColumnKind.LastName), ("name", ColumnKind.FullName), ("language", ColumnKind.Language), ("country", ColumnKind.Country),
        ("time_zone", ColumnKind.TimeZone), ("tags", ColumnKind.Tags),
    ];

    /// <summary>The types of field that a file can bring: a list needs its values first.</summary>
    public static IReadOnlyList<FieldType> NewTypes { get; } = [FieldType.Text, FieldType.Number, FieldType.Date, FieldType.Time, FieldType.Checkbox, FieldType.Email, FieldType.Url];

    /// <summary>What every contact has, in the order in which it is offered.</summary>
    public static IEnumerable<string> Parts => Enum.GetValues<AddressKind>().Select(kind => kind.Name()).Concat(Names.Select(n => n.Word));

    public static string Of(ColumnTarget target) => target.Kind switch
    {
        ColumnKind.Ignore => Ignore,
        ColumnKind.Address => target.Address.Name(),
        _ => Array.Find(Names, n => n.Kind == target.Kind).Word,
    };

    /// <summary>A new field of this type.</summary>
    public static string Of(FieldType type) => NewPrefix + JsonNamingPolicy.CamelCase.ConvertName(type.ToString());

    /// <summary>Null for a word that means nothing.</summary>
    public static ColumnChoice? Read(string word)
    {
        if (word.StartsWith("fields.", StringComparison.Ordinal) || word.StartsWith("contact.", StringComparison.Ordinal))
        {
            var slug = word[(word.IndexOf('.', StringComparison.Ordinal) + 1)..];
            return slug.Length > 0 && Slug.Of(slug) == slug ? new ColumnChoice(new ColumnTarget(ColumnKind.Field), slug) : null;
        }

        if (word.StartsWith(NewPrefix, StringComparison.Ordinal))
            return NewTypes.Where(type => Of(type) == word).Select(type => (ColumnChoice?)new ColumnChoice(new ColumnTarget(ColumnKind.Field), null, type)).FirstOrDefault();
        if (word is Ignore or "") return new ColumnChoice(new ColumnTarget(ColumnKind.Ignore));
        if (AddressKindNames.Parse(word) is { } address) return new ColumnChoice(new ColumnTarget(ColumnKind.Address, address));
        var plain = Plain(word);
        var index = Array.FindIndex(Names, n => Plain(n.Word) == plain);
        return index < 0 ? null : new ColumnChoice(new ColumnTarget(Names[index].Kind));

        // firstName, as the API's contacts have it, means the same.
        static string Plain(string text) => text.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
    }
}
