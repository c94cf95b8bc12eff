using System.Data.Common;
using System.Text;
using System.Text.Json;
using Dapper;

namespace Broadcasts.Contacts;

internal sealed partial class ContactQueries
{
    private static readonly IReadOnlyDictionary<string, string> NoFields = new Dictionary<string, string>();

    private const string RenderSql = """
        SELECT c.id, c.revision, c.first_name, c.last_name, c.language, c.country, c.time_zone, {0}
          FROM contacts c
         WHERE {1}
        """;

    private const string RenderAddressesSql = """
        SELECT a.contact_id, a.id, a.kind, a.value
          FROM addresses a
         WHERE {0}
         ORDER BY a.contact_id, a.id
        """;

    private const string RenderRevisionsSql = """
        SELECT r.contact_id AS ContactId, r.revision AS Revision, r.body AS Body
          FROM contact_revisions r
         WHERE {0}
        """;

    /// <summary>
    /// What rendering needs of the contacts, as they were at the revisions that were asked for: two reads for the whole batch, a third when some
    /// changed since. A contact that was deleted is missing from the answer.
    /// </summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="wanted">Contact and revision; a contact comes once.</param>
    /// <param name="fieldSlugs">The custom fields that the templates name; with none the stored JSON is not even read.</param>
    /// <param name="cancellationToken">Stops the reads.</param>
    public async Task<IReadOnlyDictionary<(long ContactId, int Revision), RenderingContact>> LoadForRenderingAsync(
        DbConnection connection, IReadOnlyList<(long ContactId, int Revision)> wanted, IReadOnlyCollection<string> fieldSlugs, CancellationToken cancellationToken = default)
    {
        var found = new Dictionary<(long, int), RenderingContact>(wanted.Count);
        if (wanted.Count == 0) return found;

        var ids = database.Dialect.List(wanted.Select(w => w.ContactId).ToArray());
        var addresses = await ReadAddressesAsync(connection, ids, cancellationToken);
        var current = await ReadContactsAsync(connection, ids, fieldSlugs, addresses, cancellationToken);
        List<long>? changed = null;
        foreach (var key in wanted)
        {
            if (!current.TryGetValue(key.ContactId, out var contact)) continue;
            if (contact.Revision == key.Revision) found[key] = contact;
            else (changed ??= []).Add(key.ContactId);
        }

        if (changed is not null) await ReadRevisionsAsync(connection, changed, wanted, fieldSlugs, found, cancellationToken);
        return found;
    }

    private async Task<Dictionary<long, RenderingContact>> ReadContactsAsync(
        DbConnection connection, object ids, IReadOnlyCollection<string> slugs, Dictionary<long, List<ContactAddress>> addresses, CancellationToken cancellationToken)
    {
        var contacts = new Dictionary<long, RenderingContact>();
        var picker = new FieldPicker(slugs);
        var sql = RenderSql.Replace("{0}", slugs.Count == 0 ? "NULL" : "c.fields", StringComparison.Ordinal).Replace("{1}", database.Dialect.InList("c.id", "@ids"), StringComparison.Ordinal);
        // Not "await using": Dapper's reader then leaves its command, and the command's statements, to the finalizer.
        using var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, new { ids }, cancellationToken: cancellationToken));
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetInt64(0);
            contacts[id] = new RenderingContact
            {
                Id = id,
                Revision = reader.GetInt32(1),
                FirstName = Text(reader, 2),
                LastName = Text(reader, 3),
                Language = Text(reader, 4),
                Country = Text(reader, 5),
                TimeZone = Text(reader, 6),
                Fields = slugs.Count == 0 ? NoFields : picker.Pick(reader.GetString(7)),
                Addresses = addresses.TryGetValue(id, out var list) ? list : [],
            };
        }

        return contacts;
    }

    private async Task<Dictionary<long, List<ContactAddress>>> ReadAddressesAsync(DbConnection connection, object ids, CancellationToken cancellationToken)
    {
        var addresses = new Dictionary<long, List<ContactAddress>>();
        var sql = RenderAddressesSql.Replace("{0}", database.Dialect.InList("a.contact_id", "@ids"), StringComparison.Ordinal);
        // Not "await using": Dapper's reader then leaves its command, and the command's statements, to the finalizer.
        using var reader = await connection.ExecuteReaderAsync(new CommandDefinition(sql, new { ids }, cancellationToken: cancellationToken));
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetInt64(0);
            if (!addresses.TryGetValue(id, out var list)) addresses.Add(id, list = new List<ContactAddress>(2));
            list.Add(new ContactAddress(reader.GetInt64(1), (AddressKind)reader.GetInt16(2), reader.GetString(3)));
        }

        return addresses;
    }

    private async Task ReadRevisionsAsync(
        DbConnection connection, List<long> changed, IReadOnlyList<(long ContactId, int Revision)> wanted, IReadOnlyCollection<string> slugs,
        Dictionary<(long, int), RenderingContact> found, CancellationToken cancellationToken)
    {
        var keys = wanted.ToHashSet();
        var sql = RenderRevisionsSql.Replace("{0}", database.Dialect.InList("r.contact_id", "@ids"), StringComparison.Ordinal);
        var rows = await connection.QueryAsync<RevisionRow>(new CommandDefinition(sql, new { ids = database.Dialect.List(changed) }, cancellationToken: cancellationToken));
        foreach (var row in rows.Where(r => keys.Contains((r.ContactId, r.Revision))))
        {
            var body = ContactRevisions.Read(row.Body);
            found[(row.ContactId, row.Revision)] = new RenderingContact
            {
                Id = row.ContactId,
                Revision = row.Revision,
                FirstName = body.FirstName,
                LastName = body.LastName,
                Language = body.Language,
                Country = body.Country,
                TimeZone = body.TimeZone,
                Fields = body.Fields.Where(f => slugs.Contains(f.Key)).ToDictionary(),
                Addresses = body.Addresses,
            };
        }
    }

    // Reads the asked members only and skips the others' values without making strings of them.
    private sealed class FieldPicker(IReadOnlyCollection<string> slugs)
    {
        private readonly (string Slug, byte[] Utf8)[] _slugs = [.. slugs.Select(s => (s, Encoding.UTF8.GetBytes(s)))];
        private byte[] _json = new byte[1024];

        public IReadOnlyDictionary<string, string> Pick(string json)
        {
            if (_slugs.Length == 0 || json is "{}") return NoFields;

            var most = Encoding.UTF8.GetMaxByteCount(json.Length);
            if (most > _json.Length) _json = new byte[most];
            var reader = new Utf8JsonReader(_json.AsSpan(0, Encoding.UTF8.GetBytes(json, _json)));
            reader.Read();
            var picked = new Dictionary<string, string>(_slugs.Length, StringComparer.Ordinal);
            while (picked.Count < _slugs.Length && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var slug = Asked(ref reader);
                reader.Read();
                if (slug is not null) picked[slug] = reader.GetString() ?? "";
                else reader.Skip();
            }

            return picked;
        }

        private string? Asked(ref Utf8JsonReader reader)
        {
            foreach (var (slug, utf8) in _slugs)
                if (reader.ValueTextEquals(utf8)) return slug;
            return null;
        }
    }

    private static string? Text(DbDataReader reader, int index) => reader.IsDBNull(index) ? null : reader.GetString(index);

    private sealed class RevisionRow
    {
        public long ContactId { get; init; }

        public int Revision { get; init; }

        public string Body { get; init; } = "";
    }
}
