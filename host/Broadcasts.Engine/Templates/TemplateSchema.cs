using System.Collections.Frozen;

namespace Broadcasts.Templates;

/// <summary>How the stored text of a value is understood by filters and comparisons.</summary>
internal enum TemplateValueType
{
    Text,

    /// <summary>A decimal number with a dot, without grouping: <c>1234.5</c>.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A day without a zone: <c>2026-11-22</c>.</summary>
    Date,

    /// <summary>A time of day: <c>17:30</c>.</summary>
    Time,

    /// <summary>An instant, shown in the recipient's time zone.</summary>
    Moment,
}

/// <summary>A custom field as templates see it.</summary>
internal readonly record struct TemplateField(string Slug, TemplateValueType Type);

/// <summary>A name that can be printed.</summary>
internal sealed record TemplateName(string Name, TemplateValueType Type, int Index);

/// <summary>The names that templates may use, each with its place in a row of values. Immutable.</summary>
internal sealed class TemplateSchema
{
    public const int FirstName = 0;
    public const int LastName = 1;
    public const int Name = 2;
    public const int Email = 3;
    public const int Phone = 4;
    public const int Language = 5;
    public const int Country = 6;
    public const int BroadcastName = 7;
    public const int ChannelName = 8;
    public const int Now = 9;
    public const int OptOutLink = 10;
    public const int ConfirmLink = 11;

    /// <summary>Custom fields follow from here, in the order in which they were given.</summary>
    public const int FirstField = 12;

    /// <summary>Where the recipient confirms. A message with it goes to those who have to confirm first, too.</summary>
    public const string ConfirmLinkName = "links.confirm";

    /// <summary>How the names of addresses of this service begin.</summary>
    public const string LinksPrefix = "links.";

    private const string FieldPrefix = "contact.fields.";

    private static readonly (string Name, TemplateValueType Type)[] BuiltIns =
    [
        ("contact.first_name", TemplateValueType.Text),
        ("contact.last_name", TemplateValueType.Text),
        ("contact.name", TemplateValueType.Text),
        ("contact.email", TemplateValueType.Text),
        ("contact.phone", TemplateValueType.Text),
        ("contact.language", TemplateValueType.Text),
        ("contact.country", TemplateValueType.Text),
        ("broadcast.name", TemplateValueType.Text),
        ("channel.name", TemplateValueType.Text),
        ("now", TemplateValueType.Moment),
        ("links.opt_out", TemplateValueType.Text),
        (ConfirmLinkName, TemplateValueType.Text),
    ];

    private readonly FrozenDictionary<string, int> _indexes;
    private readonly FrozenDictionary<string, int> _fieldIndexes;

    public TemplateSchema(params IEnumerable<TemplateField> customFields)
    {
        var names = new List<TemplateName>(BuiltIns.Length);
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        var fieldIndexes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, type) in BuiltIns)
        {
            indexes.Add(name, names.Count);
            names.Add(new TemplateName(name, type, names.Count));
        }

        foreach (var (slug, type) in customFields)
        {
            if (!fieldIndexes.TryAdd(slug, names.Count)) throw new ArgumentException($"Two custom fields have the slug '{slug}'.", nameof(customFields));

            // A field that was stored under a built-in name stays reachable by the longer spelling.
            var plain = "contact." + slug;
            var spelling = indexes.TryAdd(plain, names.Count) ? plain : FieldPrefix + slug;
            indexes[FieldPrefix + slug] = names.Count;
            names.Add(new TemplateName(spelling, type, names.Count));
        }

        Names = names;
        _indexes = indexes.ToFrozenDictionary(StringComparer.Ordinal);
        _fieldIndexes = fieldIndexes.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Every name once, built-in ones first, at the position of its index: what a variable picker shows.</summary>
    public IReadOnlyList<TemplateName> Names { get; }

    /// <summary>Length of a row of values.</summary>
    public int Count => Names.Count;

    /// <summary>Finds a name as it is written in a template: <c>contact.city</c>, <c>contact.fields.city</c>, <c>now</c>.</summary>
    public bool TryFind(string name, out int index) => _indexes.TryGetValue(name, out index);

    /// <summary>Finds a custom field by its slug.</summary>
    public bool TryFindField(string slug, out int index) => _fieldIndexes.TryGetValue(slug, out index);

    /// <summary>The known name that is most like a mistyped one; null when nothing is near.</summary>
    public string? Nearest(string name) => NearestName.Of(name, Names.Select(known => known.Name));
}
