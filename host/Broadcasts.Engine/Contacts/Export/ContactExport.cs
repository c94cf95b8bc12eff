using System.Globalization;
using System.Text;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Export;

/// <summary>Writes the contacts of a filter as a CSV file that the import reads again. One page is in memory at a time, and no transaction stays open.</summary>
internal sealed class ContactExport(Database database, ContactQueries contacts, FieldStore fields, AuditStore audit)
{
    private const int ContactsPerPage = 1_000;

    private const string AddressesPerKindSql = """
        SELECT kind, MAX(number)
          FROM (SELECT kind, COUNT(*) AS number FROM addresses GROUP BY contact_id, kind) AS counted
         GROUP BY kind
         ORDER BY kind
        """;

    /// <summary>Writes everybody whom the filter finds, newest first.</summary>
    /// <param name="filter">Who.</param>
    /// <param name="asked">The filter in words, for the audit.</param>
    /// <param name="actor">Who takes them out.</param>
    /// <param name="output">Where to.</param>
    /// <param name="cancellationToken">Breaks it off; how far it came is in the audit.</param>
    /// <returns>How many contacts were written.</returns>
    public Task<long> WriteAsync(ContactFilter filter, string asked, string actor, TextWriter output, CancellationToken cancellationToken)
    {
        ExportColumns? columns = null;
        long? cursor = null;
        return new PagedCsv(audit, "contacts", "contacts").WriteAsync(asked, actor, output, async lines =>
        {
            if (columns is null) lines.Append(Header(columns = await ColumnsAsync(cancellationToken)));
            var page = await contacts.ListAsync(filter, cursor, ContactsPerPage, cancellationToken);
            foreach (var contact in page.Items) Append(lines, contact, columns);
            cursor = page.Next;
            return (page.Items.Count, cursor is not null);
        }, cancellationToken);
    }

    /// <summary>The columns of a file that begins now.</summary>
    public async Task<ExportColumns> ColumnsAsync(CancellationToken cancellationToken)
    {
        var kinds = await database.ReadAsync(connection => connection.QueryAsync<(int Kind, int Number)>(new CommandDefinition(AddressesPerKindSql, cancellationToken: cancellationToken)), cancellationToken);
        return new ExportColumns([.. kinds.Select(k => new ExportAddresses((AddressKind)k.Kind, k.Number))], [.. (await fields.ListAsync(cancellationToken)).Select(f => f.Slug)]);
    }

    // The import knows every one of these names: it leaves out what begins with "broadcasts.", and "fields." names a custom field by its slug.
    internal static string Header(ExportColumns columns)
    {
        var names = new List<string> { "broadcasts.id", "first_name", "last_name", "language", "country", "time_zone" };
        foreach (var (kind, number) in columns.Addresses)
            for (var i = 1; i <= number; i++) names.Add(i == 1 ? kind.Name() : string.Create(CultureInfo.InvariantCulture, $"{kind.Name()}_{i}"));
        names.Add("tags");
        names.AddRange(columns.Fields.Select(slug => "fields." + slug));
        names.AddRange(["broadcasts.blocked", "broadcasts.created_at", "broadcasts.updated_at", "broadcasts.last_interaction_at"]);
        return string.Join(',', names) + "\r\n";
    }

    internal static void Append(StringBuilder lines, ContactDetails contact, ExportColumns columns)
    {
        lines.Append(CultureInfo.InvariantCulture, $"{contact.Id}");
        Add(contact.FirstName);
        Add(contact.LastName);
        Add(contact.Language);
        Add(contact.Country);
        Add(contact.TimeZone);
        foreach (var (kind, number) in columns.Addresses)
        {
            var values = contact.Addresses.Where(a => a.Kind == kind).Select(a => a.Value).ToArray();
            for (var i = 0; i < number; i++) Add(i < values.Length ? Address(kind, values[i]) : null);
        }

        Add(contact.Tags.Count == 0 ? null : CsvText.JoinTags(contact.Tags));
        foreach (var slug in columns.Fields) Add(contact.Fields.GetValueOrDefault(slug));
        Add(contact.BlockedAt is null ? "false" : "true");
        Add(Time(contact.CreatedAt));
        Add(Time(contact.UpdatedAt));
        Add(contact.LastInteractionAt is { } at ? Time(at) : null);
        lines.Append("\r\n");

        void Add(string? text)
        {
            lines.Append(',');
            CsvText.Append(lines, text);
        }
    }

    // A WhatsApp id that is a number gets its plus sign, or an import with a default country would take it for a national one.
    internal static string Address(AddressKind kind, string value) =>
        kind == AddressKind.WhatsApp && AddressNormalizer.TryNormalize(kind, "+" + value, null, out var again, out _) && again == value ? "+" + value : value;

    internal static string Time(long at) => Times.Of(at).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

/// <summary>The columns in which files differ: of each kind as many addresses as one contact has at most, and the custom fields by slug.</summary>
internal sealed record ExportColumns(ExportAddresses[] Addresses, string[] Fields);

/// <summary>So many columns for addresses of a kind.</summary>
internal sealed record ExportAddresses(AddressKind Kind, int Number);
