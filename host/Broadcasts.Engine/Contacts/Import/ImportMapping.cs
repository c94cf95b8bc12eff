using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Templates;

namespace Broadcasts.Contacts.Import;

/// <summary>What becomes of one column.</summary>
/// <param name="Index">Its place in the file.</param>
/// <param name="Header">Its header.</param>
/// <param name="Target">What it is.</param>
/// <param name="Field">The custom field that it fills; without an id while it is new.</param>
/// <param name="Slot">The place of the field among the fields of the file.</param>
internal sealed record ImportColumn(int Index, string Header, ColumnTarget Target, ContactField? Field = null, int Slot = -1);

/// <summary>What becomes of the columns of a file.</summary>
internal sealed class ImportMapping
{
    public const int MostColumns = 1_000;

    /// <summary>Begins the names of columns that this program writes and does not read: ids, reasons.</summary>
    public const string Ours = "broadcasts.";

    private const string FieldPrefix = "fields.";

    private readonly List<ImportColumn> _columns = [];
    private readonly List<ContactField> _fields = [];
    private readonly Dictionary<string, ContactField> _known;
    private readonly HashSet<string> _slugs = new(StringComparer.Ordinal);

    private ImportMapping(IEnumerable<ContactField> fields) => _known = fields.ToDictionary(f => f.Slug, StringComparer.Ordinal);

    /// <summary>The columns that are read, addresses last: a telephone number is understood with the row's country.</summary>
    public IReadOnlyList<ImportColumn> Columns { get; private set; } = [];

    /// <summary>The custom fields of the file by slot.</summary>
    public IReadOnlyList<ContactField> Fields => _fields;

    /// <summary>The fields that have to be made.</summary>
    public IEnumerable<ContactField> NewFields => _fields.Where(f => f.Id == 0);

    public IReadOnlyList<string> Headers { get; private init; } = [];

    public int HeaderCount => Headers.Count;

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
            if (given.TryGetValue(i, out var chosen)) Add(i, header, chosen.Target, chosen.Slug);
            else if (IsOurs(header)) continue;
            else if (SlugOf(header) is { } slug)
            {
                if (options.CreateFields || _known.ContainsKey(slug)) Add(i, header, new ColumnTarget(ColumnKind.Field), slug);
            }
            // Of two columns for the same part the first counts; addresses add up.
            else if (targets[i] is { } target && (target.Kind == ColumnKind.Address || taken.Add(target.Kind))) Add(i, header, target, null);
            else if (options.CreateFields || _known.ContainsKey(Slug.Of(header))) Add(i, header, new ColumnTarget(ColumnKind.Field), null);
        }

        Columns = [.. _columns.Where(c => c.Target.Kind != ColumnKind.Ignore).OrderBy(c => c.Target.Kind == ColumnKind.Address ? 1 : 0)];
        return null;
    }

    // "Name" is the whole name, unless another column has the first name, or a surname column stands beside it.
    private static void SettleNames(ColumnTarget?[] targets, IEnumerable<(ColumnTarget Target, string? Slug)> given)
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

    private void Add(int index, string header, ColumnTarget target, string? slug)
    {
        if (target.Kind != ColumnKind.Field)
        {
            _columns.Add(new ImportColumn(index, header, target));
            return;
        }

        // A column that nobody named: spreadsheets leave those behind on the right.
        if (header.Length == 0 && slug is null) return;

        var field = Field(header, slug);
        _columns.Add(new ImportColumn(index, header, target, field, _fields.Count));
        _fields.Add(field);
    }

    private static bool IsOurs(string header) => AddressNormalizer.Trim(header).StartsWith(Ours, StringComparison.OrdinalIgnoreCase);

    // "fields.city" is how an export names a custom field, whatever its name is now.
    private static string? SlugOf(string header) =>
        header.StartsWith(FieldPrefix, StringComparison.Ordinal) && header[FieldPrefix.Length..] is { Length: > 0 } slug && Slug.Of(slug) == slug ? slug : null;

    private ContactField Field(string header, string? slug)
    {
        var wanted = slug ?? Slug.Of(header);
        var name = header.Length == 0 || SlugOf(header) is not null ? wanted : header;
        for (var n = 2; !_slugs.Add(wanted); n++)
        {
            // The same header again: a field of its own, so that neither column is lost.
            wanted = Slug.Of(string.Create(CultureInfo.InvariantCulture, $"{header} {n}"));
            name = string.Create(CultureInfo.InvariantCulture, $"{header} {n}");
        }

        return _known.TryGetValue(wanted, out var known) ? known : new ContactField(0, wanted, name.Length > FieldStore.LongestName ? name[..FieldStore.LongestName] : name, FieldType.Text, []);
    }

    private static Problem? Explicit(IReadOnlyList<string> headers, ImportOptions options, out Dictionary<int, (ColumnTarget Target, string? Slug)> given)
    {
        given = [];
        foreach (var (header, word) in options.Mapping)
        {
            var index = IndexOf(headers, header);
            if (index < 0)
                return new Problem($"mapping.{header}", "unknownColumn", $"The file has no column '{header}'. Its columns: {Show(headers)}.", header);
            if (Target(word, out var slug) is not { } target)
                return new Problem($"mapping.{header}", "unknownTarget", $"'{word}' is nothing that a column can be: email, phone, whatsapp, telegram, messenger, instagram, webchat, first_name, last_name, name, language, country, time_zone, tags, fields.<short name> or ignore.", word);
            given[index] = (target, slug);
        }

        return null;
    }

    private static int IndexOf(IReadOnlyList<string> headers, string header)
    {
        if (header.StartsWith('#') && int.TryParse(header.AsSpan(1), CultureInfo.InvariantCulture, out var number)) return number >= 1 && number <= headers.Count ? number - 1 : -1;
        for (var i = 0; i < headers.Count; i++)
            if (AddressNormalizer.Trim(headers[i]).Equals(AddressNormalizer.Trim(header), StringComparison.OrdinalIgnoreCase)) return i;
        return -1;
    }

    private static ColumnTarget? Target(string word, out string? slug)
    {
        slug = null;
        if (word.StartsWith("fields.", StringComparison.Ordinal) || word.StartsWith("contact.", StringComparison.Ordinal))
        {
            slug = word[(word.IndexOf('.', StringComparison.Ordinal) + 1)..];
            return slug.Length > 0 && Slug.Of(slug) == slug ? new ColumnTarget(ColumnKind.Field) : null;
        }

        if (word is "ignore" or "") return new ColumnTarget(ColumnKind.Ignore);
        return AddressKindNames.Parse(word) is { } kind ? new ColumnTarget(ColumnKind.Address, kind) : word.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant() switch
        {
            "firstname" => new ColumnTarget(ColumnKind.FirstName),
            "lastname" => new ColumnTarget(ColumnKind.LastName),
            "name" => new ColumnTarget(ColumnKind.FullName),
            "language" => new ColumnTarget(ColumnKind.Language),
            "country" => new ColumnTarget(ColumnKind.Country),
            "timezone" => new ColumnTarget(ColumnKind.TimeZone),
            "tags" => new ColumnTarget(ColumnKind.Tags),
            _ => null,
        };
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
