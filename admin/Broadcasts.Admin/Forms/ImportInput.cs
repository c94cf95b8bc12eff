using Broadcasts.Admin.Web;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;

namespace Broadcasts.Admin.Forms;

/// <summary>What a person says of a file besides its columns.</summary>
internal sealed class ImportInput
{
    /// <summary>Where the people of the file agreed to be written to.</summary>
    public string? Consent { get; set; }

    public ImportPurpose Purpose { get; set; }

    public AddressKind? Identifier { get; set; }

    public string? Country { get; set; }

    public string? Tags { get; set; }

    public bool OverwriteWithBlank { get; set; }

    /// <summary>New addresses get nothing until their owner has confirmed.</summary>
    public bool MustConfirm { get; set; }

    /// <summary>As in an earlier check of the file, or as it is at first.</summary>
    public static ImportInput Of(ImportDetails? check, string? country)
    {
        if (check is null) return new ImportInput { Country = country };
        var options = ImportStore.OptionsOf(check);
        return new ImportInput
        {
            Consent = options.ConsentSource,
            Purpose = options.Purpose,
            Identifier = options.Identifier,
            Country = options.DefaultCountry,
            Tags = string.Join(", ", options.Tags),
            OverwriteWithBlank = options.OverwriteWithBlank,
            MustConfirm = options.MustConfirm,
        };
    }

    public ImportOptions Options(ImportUpload upload, string actor, string[] words) => new()
    {
        Name = upload.Name,
        Actor = actor,
        Purpose = Purpose,
        Identifier = Identifier,
        DefaultCountry = string.IsNullOrWhiteSpace(Country) ? null : Country.Trim().ToUpperInvariant(),
        Tags = LabelText.Read(Tags),
        OverwriteWithBlank = OverwriteWithBlank,
        MustConfirm = MustConfirm,
        ConsentSource = Consent,
        Mapping = words.Select((word, i) => (Number: ImportMapping.Number(i + 1), Word: word.Length == 0 ? ColumnWords.Ignore : word)).ToDictionary(w => w.Number, w => w.Word),
    };
}

/// <summary>What a column can be, in the visitor's words.</summary>
internal sealed class ColumnMeanings(Texts texts, IReadOnlyList<ContactField> fields)
{
    // So many choices a page bears as menus. Above it each column is a line to type in, with one list of words for all.
    private const int MostChoices = 20_000;

    public IReadOnlyList<ContactField> Fields => fields;

    /// <summary>Groups of words with their texts.</summary>
    public IReadOnlyList<(string Group, IReadOnlyList<(string Word, string Text)> Words)> Groups { get; } =
    [
        (texts["ImportColumns.Contact"], [.. ColumnWords.Parts.Select(word => (word, AddressKindNames.Parse(word) is { } kind ? texts[$"AddressKind.{kind}"] : texts[$"Column.{word}"]))]),
        (texts["Fields.Title"], [.. fields.Select(f => ($"fields.{f.Slug}", f.Name))]),
        (texts["ImportColumns.New"], [.. ColumnWords.NewTypes.Select(type => (ColumnWords.Of(type), texts["ImportColumns.NewOf", texts.Of(type)]))]),
    ];

    /// <summary>True when a file with so many columns has a menu for each.</summary>
    public bool AreMenus(int columns) => columns * (long)Groups.Sum(g => g.Words.Count) <= MostChoices;
}
