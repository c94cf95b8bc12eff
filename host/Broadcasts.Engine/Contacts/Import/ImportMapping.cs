using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Templates;

namespace Broadcasts.Contacts.Import;

/// <summary>Why the name of a column does not tell what it is.</summary>
internal enum ColumnDoubt
{
    /// <summary>It is none of the names that are recognised, and no custom field has it.</summary>
    Unknown,

    /// <summary>It has no name.</summary>
    Unnamed,

    /// <summary>This program wrote the column: ids and reasons are not read.</summary>
    Ours,

    /// <summary>An earlier column is the same.</summary>
    Second,
}

/// <summary>What becomes of one column.</summary>
/// <param name="Index">Its place in the file.</param>
/// <param name="Header">Its header.</param>
/// <param name="Target">What it is.</param>
/// <param name="Word">The same as a mapping writes it.</param>
/// <param name="Field">The custom field that it fills; without an id while it is new.</param>
/// <param name="Slot">The place of the field among the fields of the file.</param>
internal sealed record ImportColumn(int Index, string Header, ColumnTarget Target, string Word, ContactField? Field = null, int Slot = -1);

/// <summary>What becomes of the columns of a file.</summary>
internal sealed class ImportMapping
{
    /// <summary>As many as a spreadsheet has. How many become custom fields has a limit of its own.</summary>
    public const int MostColumns = 16_384;

    /// <summary>Begins the names of columns that this program writes and does not read: ids, reasons.</summary>
    public const string Ours = "broadcasts.";

    private const string FieldPrefix = "fields.";

    private readonly List<ImportColumn> _columns = [];
    private readonly List<ContactField> _fields = [];
    private readonly Dictionary<string, ContactField> _known;
    private readonly HashSet<string> _slugs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<int, ColumnDoubt> _doubts = [];

    private ImportMapping(IEnumerable<ContactField> fields) => _known = fields.ToDictionary(f => f.Slug, StringComparer.Ordinal);

    /// <summary>The columns that are read, addresses last: a telephone number is understood with the row's country.</summary>
    public IReadOnlyList<ImportColumn> Columns { get; private set; } = [];

    /// <summary>The custom fields of the file by slot.</summary>
    public IReadOnlyList<ContactField> Fields => _fields;

    /// <summary>The fields that have to be made.</summary>
    public IEnumerable<ContactField> NewFields => _fields.Where(f => f.Id == 0);

    public IReadOnlyList<string> Headers { get; private init; } = [];

    public int HeaderCount => Headers.Count;

    /// <summary>What each column of the file is, as a mapping writes it: with it the same file is read the same way again, whatever fields there are by then.</summary>
    /// <param name="isMade">The new fields are made.</param>
    public IReadOnlyDictionary<string, string> Words(bool isMade)
    {
        var words = Enumerable.Range(1, Headers.Count).ToDictionary(Number, _ => ColumnWords.Ignore, StringComparer.Ordinal);
        foreach (var column in _columns) words[Number(column.Index + 1)] = isMade && column.Field is { } field ? FieldPrefix + field.Slug : column.Word;
        return words;
    }

    /// <summary>How a mapping names a column by its place, the first being 1.</summary>
    public static string Number(int place) => string.Create(CultureInfo.InvariantCulture, $"#{place}");

    /// <summary>Why a column's name alone does not tell what it is, by its place, the first being 0.</summary>
    public IReadOnlyDictionary<int, ColumnDoubt> Doubts => _doubts;

    /// <summary>The same for files with the same columns.</summary>
    public static string KeyOf(IReadOnlyList<string> headers) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(RowCells.Write([.. headers.Select(AddressNormalizer.Trim)]))))[..32];

    /// <summary>What the columns are as far as their names tell, whether that makes an import or not.</summary>
    public static ImportMapping Guess(IReadOnlyList<string> headers, IReadOnlyCollection<ContactField> fields)
    {
        var mapping = new ImportMapping(fields) { Headers = headers };
        mapping.Map(headers, new ImportOptions { Name = "", Actor = "" });
        return mapping;
    }

    /// <summary>The mapping; null when there is a problem.</summary>
    public static ImportMapping? Create(IReadOnlyList<string> headers, ImportOptions options, IReadOnlyCollection<ContactField> fields, out Problem? problem)
    {
        var mapping = new ImportMapping(fields) { Headers = headers };
        problem = headers.Count > MostColumns
            ? new Problem("file", "tooManyColumns", $"The file has {headers.Count} columns; {MostColumns} is the most. Leave out the ones that nobody needs.", $"{headers.Count}", $"{MostColumns}")
            : mapping.Map(headers, options) ?? mapping.Check(headers, options, fields.Count);
        return problem is null ? mapping : null;
    }

    private Problem? Map(IReadOnlyList<string> headers, ImportOptions options)
    {
        if (Explicit(headers, options, out var given) is { } problem) return problem;

        var targets = new ColumnTarget?[headers.Count];
        for (var i = 0; i < headers.Count; i++)
            if (!given.ContainsKey(i) && !IsOurs(headers[i])) targets[i] = HeaderNames.Find(headers[i]);
        SettleNames(targets, given.Values);

        var taken = given.Values.Select(g => g.Target.Kind).ToHashSet();
        for (var i = 0; i < headers.Count; i++)
        {
            var header = AddressNormalizer.Trim(headers[i]);
            if (given.TryGetValue(i, out var chosen))
            {
                if (Take(i, header, chosen) is { } refusal) return refusal;
            }
            else if (IsOurs(header)) _doubts[i] = ColumnDoubt.Ours;
            else if (SlugOf(header) is { } slug)
            {
                if (options.CreateFields || _known.ContainsKey(slug)) Add(i, header, new ColumnTarget(ColumnKind.Field), slug);
            }
            // Of two columns for the same part the first counts; addresses add up.
            else if (targets[i] is { } target && (target.Kind == ColumnKind.Address || taken.Add(target.Kind))) Add(i, header, target, null);
            else
            {
                var isKnown = _known.ContainsKey(Slug.Of(header));
                if (header.Length == 0) _doubts[i] = ColumnDoubt.Unnamed;
                else if (targets[i] is not null) _doubts[i] = ColumnDoubt.Second;
                else if (!isKnown) _doubts[i] = ColumnDoubt.Unknown;
                if (options.CreateFields || isKnown) Add(i, header, new ColumnTarget(ColumnKind.Field), null);
            }
        }

        Columns = [.. _columns.Where(c => c.Target.Kind != ColumnKind.Ignore).OrderBy(c => c.Target.Kind == ColumnKind.Address ? 1 : 0)];
        return null;
    }

    private Problem? Take(int index, string header, ColumnChoice chosen)
    {
        if (chosen.NewType is { } type)
        {
            if (header.Length == 0)
                return new Problem($"mapping.{Number(index + 1)}", "columnUnnamed", $"Column {index + 1} has no name, and a field is named after its column. Give the column a name in the file, choose a field that exists, or leave it out.", $"{index + 1}");
            if (_known.TryGetValue(Slug.Of(header), out var known) && known.Type != type && !_slugs.Contains(known.Slug))
                return new Problem($"mapping.{header}", "fieldOfAnotherType", $"There is a field '{known.Name}' of another type already. Choose that field for the column '{header}', or give the column another name.", known.Name, header);
        }

        Add(index, header, chosen.Target, chosen.Slug, chosen.NewType);
        return null;
    }

    // "Name" is the whole name, unless another column has the first name, or a surname column stands beside it.
    private static void SettleNames(ColumnTarget?[] targets, IEnumerable<ColumnChoice> given)
    {
        var kinds = targets.OfType<ColumnTarget>().Concat(given.Select(g => g.Target)).Select(t => t.Kind).ToHashSet();
        var settled = (kinds.Contains(ColumnKind.FirstName), kinds.Contains(ColumnKind.LastName)) switch
        {
            (true, _) => (ColumnTarget?)null,
            (false, true) => new ColumnTarget(ColumnKind.FirstName),
            _ => new ColumnTarget(ColumnKind.FullName),
        };
        for (var i = 0; i < targets.Length; i++)
            if (targets[i] is { Kind: ColumnKind.FullName }) targets[i] = settled;
    }

    private void Add(int index, string header, ColumnTarget target, string? slug, FieldType? newType = null)
    {
        if (target.Kind != ColumnKind.Field)
        {
            _columns.Add(new ImportColumn(index, header, target, ColumnWords.Of(target)));
            return;
        }

        // A column that nobody named: spreadsheets leave those behind on the right.
        if (header.Length == 0 && slug is null) return;

        var field = Field(header, slug, newType ?? FieldType.Text);
        var word = slug is not null ? FieldPrefix + slug : field.Id != 0 ? FieldPrefix + field.Slug : ColumnWords.Of(field.Type);
        _columns.Add(new ImportColumn(index, header, target, word, field, _fields.Count));
        _fields.Add(field);
    }

    private static bool IsOurs(string header) => AddressNormalizer.Trim(header).StartsWith(Ours, StringComparison.OrdinalIgnoreCase);

    // "fields.city" is how an export names a custom field, whatever its name is now.
    private static string? SlugOf(string header) =>
        header.StartsWith(FieldPrefix, StringComparison.Ordinal) && header[FieldPrefix.Length..] is { Length: > 0 } slug && Slug.Of(slug) == slug ? slug : null;

    private ContactField Field(string header, string? slug, FieldType type)
    {
        var wanted = slug ?? Slug.Of(header);
        var name = header.Length == 0 || SlugOf(header) is not null ? wanted : header;
        for (var n = _numbers.GetValueOrDefault(header, 2); !_slugs.Add(wanted); n++)
        {
            // The same header again: a field of its own, so that neither column is lost.
            name = string.Create(CultureInfo.InvariantCulture, $"{header} {n}");
            wanted = Slug.Of(name);
            _numbers[header] = n + 1;
        }

        return _known.TryGetValue(wanted, out var known) ? known : new ContactField(0, wanted, name.Length > FieldStore.LongestName ? name[..FieldStore.LongestName] : name, type, []);
    }

    private static Problem? Explicit(IReadOnlyList<string> headers, ImportOptions options, out SortedDictionary<int, ColumnChoice> given)
    {
        given = [];
        if (options.Mapping.Count == 0) return null;
        var places = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < headers.Count; i++) places.TryAdd(AddressNormalizer.Trim(headers[i]), i);

        foreach (var (header, word) in options.Mapping)
        {
            var index = IndexOf(headers, places, header);
            if (index < 0)
                return new Problem($"mapping.{header}", "unknownColumn", $"The file has no column '{header}'. Its columns: {Show(headers)}.", header);
            if (ColumnWords.Read(word) is not { } choice)
                return new Problem($"mapping.{header}", "unknownTarget", $"'{word}' is nothing that a column can be: email, phone, whatsapp, telegram, messenger, instagram, webchat, first_name, last_name, name, language, country, time_zone, tags, fields.<short name>, new.<type> or ignore.", word);
            given[index] = choice;
        }

        return Twice(headers, given);
    }

    // Addresses add up; of everything else a contact has one.
    private static Problem? Twice(IReadOnlyList<string> headers, SortedDictionary<int, ColumnChoice> given)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (index, choice) in given)
        {
            foreach (var part in choice.Parts)
            {
                if (first.TryAdd(part, index)) continue;
                var (one, other) = (Name(first[part]), Name(index));
                return new Problem($"mapping.{Number(index + 1)}", "columnTwice", $"The columns '{one}' and '{other}' mean the same ({part}): choose one of them and leave the other out.", one, other);
            }
        }

        return null;

        string Name(int index) => AddressNormalizer.Trim(headers[index]) is { Length: > 0 } name ? RowError.Shorten(name)! : Number(index + 1);
    }

    private static int IndexOf(IReadOnlyList<string> headers, Dictionary<string, int> places, string header)
    {
        if (header.StartsWith('#') && int.TryParse(header.AsSpan(1), CultureInfo.InvariantCulture, out var number)) return number >= 1 && number <= headers.Count ? number - 1 : -1;
        return places.GetValueOrDefault(AddressNormalizer.Trim(header), -1);
    }

    private Problem? Check(IReadOnlyList<string> headers, ImportOptions options, int existing)
    {
        var kinds = Columns.Where(c => c.Target.Kind == ColumnKind.Address).Select(c => c.Target.Address).ToHashSet();
        if (kinds.Count == 0)
            return headers.Any(h => h.Contains('@', StringComparison.Ordinal))
                ? new Problem("file", "noHeader", "The first row holds an address instead of the columns' names. Put a row with names such as email, phone, name on top.")
                : new Problem("file", "noAddressColumn", $"No column holds addresses. Name one email, phone, whatsapp, telegram, messenger, instagram or webchat, or say in the mapping which one it is. Columns found: {Show(headers)}.", Show(headers));
        if (options.Identifier is { } identifier && !kinds.Contains(identifier))
            return new Problem("identifier", "noIdentifierColumn", $"Contacts are to be found by {identifier.Name()}, but no column holds it. Columns found: {Show(headers)}.", identifier.Name());
        return existing + NewFields.Count() > FieldStore.Most
            ? new Problem("file", "tooManyFields", $"The file would bring the number of custom fields over {FieldStore.Most}: leave columns out (mapping: ignore).", $"{FieldStore.Most}")
            : null;
    }

    private static string Show(IReadOnlyList<string> headers) =>
        string.Join(", ", headers.Take(20).Select(h => $"'{RowError.Shorten(h)}'")) + (headers.Count > 20 ? " …" : "");
}
