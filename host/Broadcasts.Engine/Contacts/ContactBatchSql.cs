using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;
using SQLitePCL;

namespace Broadcasts.Contacts;

/// <summary>The bulk reads and writes of a batch.</summary>
internal sealed class ContactBatchSql(SqlDialect dialect, long now)
{
    private static readonly (string, BulkType)[] ContactColumns =
    [
        ("id", BulkType.BigInt), ("first_name", BulkType.Text), ("last_name", BulkType.Text), ("language", BulkType.Text), ("country", BulkType.Text),
        ("time_zone", BulkType.Text), ("fields", BulkType.Json), ("created_at", BulkType.BigInt), ("updated_at", BulkType.BigInt),
    ];

    private static readonly (string, BulkType)[] AddressColumns =
        [("contact_id", BulkType.BigInt), ("kind", BulkType.SmallInt), ("value", BulkType.Text), ("created_at", BulkType.BigInt)];

    private static readonly (string, BulkType)[] TagColumns = [("contact_id", BulkType.BigInt), ("tag_id", BulkType.BigInt)];

    private static readonly (string, BulkType)[] RevisionColumns =
        [("contact_id", BulkType.BigInt), ("revision", BulkType.Integer), ("body", BulkType.Text), ("replaced_at", BulkType.BigInt)];

    private static readonly (string, BulkType)[] MemberColumns = [("import_id", BulkType.BigInt), ("contact_id", BulkType.BigInt), ("outcome", BulkType.SmallInt), ("revision", BulkType.Integer)];

    private static readonly (string, BulkType)[] ErrorColumns =
        [("import_id", BulkType.BigInt), ("row_number", BulkType.BigInt), ("field", BulkType.Text), ("value", BulkType.Text), ("code", BulkType.Text), ("reason", BulkType.Text), ("cells", BulkType.Text)];

    private const string OwnersSqliteSql = "SELECT contact_id FROM addresses WHERE kind = ? AND value = ?";

    private const string OwnersPostgresSql = """
        SELECT wanted.place, a.contact_id
          FROM unnest(@kinds, @values) WITH ORDINALITY AS wanted (kind, value, place)
          JOIN addresses a ON a.kind = wanted.kind AND a.value = wanted.value
        """;

    /// <summary>Who has the addresses, in their order; 0 for nobody.</summary>
    public static async Task<long[]> FindOwnersAsync(DbTransaction transaction, List<AddressKey> keys, CancellationToken cancellationToken)
    {
        var owners = new long[keys.Count];
        if (keys.Count == 0) return owners;
        if (transaction.Connection is SqliteConnection sqlite)
        {
            FindOwners(sqlite.Handle!, keys, owners);
            return owners;
        }

        await using var command = new NpgsqlCommand(OwnersPostgresSql, (NpgsqlConnection)transaction.Connection!);
        command.Parameters.Add(new NpgsqlParameter("kinds", NpgsqlDbType.Array | NpgsqlDbType.Smallint) { Value = keys.ConvertAll(k => (short)k.Kind) });
        command.Parameters.Add(new NpgsqlParameter("values", NpgsqlDbType.Array | NpgsqlDbType.Text) { Value = keys.ConvertAll(k => k.Value) });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken)) owners[reader.GetInt64(0) - 1] = reader.GetInt64(1);
        return owners;
    }

    private static void FindOwners(sqlite3 database, List<AddressKey> keys, long[] owners)
    {
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, OwnersSqliteSql, out var statement), database);
        using (statement)
        {
            var utf8 = new byte[Encoding.UTF8.GetMaxByteCount(keys.Max(k => k.Value.Length))];
            for (var i = 0; i < keys.Count; i++)
            {
                raw.sqlite3_bind_int(statement, 1, (int)keys[i].Kind);
                raw.sqlite3_bind_text(statement, 2, utf8.AsSpan(0, Encoding.UTF8.GetBytes(keys[i].Value, utf8)));
                var code = raw.sqlite3_step(statement);
                if (code == raw.SQLITE_ROW) owners[i] = raw.sqlite3_column_int64(statement, 0);
                else if (code != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(code, database);
                raw.sqlite3_reset(statement);
            }
        }
    }

    private const string LockSql = "SELECT id FROM contacts WHERE {0} ORDER BY id {1}";

    /// <summary>Keeps everybody else from changing the contacts until the transaction ends.</summary>
    public Task LockAsync(DbTransaction transaction, long[] ids) => transaction.Connection!.ExecuteAsync(
        LockSql.Replace("{0}", dialect.InList("id", "@ids"), StringComparison.Ordinal).Replace("{1}", dialect.ForUpdate, StringComparison.Ordinal), new { ids = dialect.List(ids) }, transaction);

    private const string InImportSql = """
        SELECT contact_id
          FROM import_contacts
         WHERE import_id = @importId AND {0}
        """;

    /// <summary>Those of the contacts that an earlier row of the import meant.</summary>
    public async Task<IEnumerable<long>> InImportAsync(DbTransaction transaction, long importId, long[] ids) => importId == 0
        ? []
        : await transaction.Connection!.QueryAsync<long>(InImportSql.Replace("{0}", dialect.InList("contact_id", "@ids"), StringComparison.Ordinal), new { importId, ids = dialect.List(ids) }, transaction);

    // Alone in its transaction, an SQLite writer may take the ids that follow; inserting them moves the sequence along.
    private const string ReserveSqliteSql = "SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'contacts'), 0) + 1";

    private const string ReservePostgresSql = "SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, @count)";

    /// <summary>Ids for so many new contacts, growing.</summary>
    public async Task<Queue<long>> ReserveIdsAsync(DbTransaction transaction, int count)
    {
        if (count == 0) return [];
        if (dialect.IsPostgres) return new Queue<long>(await transaction.Connection!.QueryAsync<long>(ReservePostgresSql, new { count }, transaction));

        var first = await transaction.Connection!.ExecuteScalarAsync<long>(ReserveSqliteSql, transaction: transaction);
        return new Queue<long>(Enumerable.Range(0, count).Select(i => first + i));
    }

    /// <summary>Writes new contacts with their addresses and tags.</summary>
    public void Insert(DbTransaction transaction, List<NewContact> created, TagIdsOf tagIdsOf)
    {
        if (created.Count == 0) return;
        using (var contacts = BulkInsert.Into(transaction, "contacts", ContactColumns))
        using (var fields = new FieldsWriter())
        {
            foreach (var (id, row) in created) WriteContact(contacts, id, row, fields.Write(row));
            contacts.Complete();
        }

        using (var addresses = BulkInsert.Into(transaction, "addresses", AddressColumns))
        {
            foreach (var (id, row) in created)
                foreach (var key in row.Addresses) WriteAddress(addresses, id, key);
            addresses.Complete();
        }

        using var tags = BulkInsert.Into(transaction, "contact_tags", TagColumns);
        var tagIds = new long[8];
        foreach (var (id, row) in created)
        {
            var count = tagIdsOf(row, ref tagIds);
            for (var i = 0; i < count; i++) WritePair(tags, id, tagIds[i]);
        }

        tags.Complete();
    }

    private const string UpdateSql = """
        UPDATE contacts
           SET revision = contacts.revision + 1, first_name = r.first_name, last_name = r.last_name, language = r.language, country = r.country,
               time_zone = r.time_zone, fields = {0}, updated_at = @now
          FROM {1}
         WHERE contacts.id = r.id AND contacts.revision = r.revision
        """;

    /// <summary>Keeps the old revisions and writes the new ones.</summary>
    /// <exception cref="ContactBatchConflictException">Somebody else changed one of them since it was read.</exception>
    public async Task UpdateAsync(DbTransaction transaction, List<ChangedContact> updated, CancellationToken cancellationToken)
    {
        var rows = dialect.Rows("@rows", "r", ("id", SqlType.BigInt), ("revision", SqlType.Integer), ("first_name", SqlType.Text), ("last_name", SqlType.Text), ("language", SqlType.Text),
            ("country", SqlType.Text), ("time_zone", SqlType.Text), ("fields", SqlType.Text));
        var sql = UpdateSql.Replace("{0}", dialect.ToJson("r.fields"), StringComparison.Ordinal).Replace("{1}", rows, StringComparison.Ordinal);
        var json = JsonSerializer.Serialize(updated.Select(u => new object?[]
        {
            u.After.Id, u.Before.Revision, u.After.FirstName, u.After.LastName, u.After.Language, u.After.Country, u.After.TimeZone, ContactReader.WriteFields(u.After.Fields),
        }));
        var written = await transaction.Connection!.ExecuteAsync(new CommandDefinition(sql, new { rows = json, now }, transaction, cancellationToken: cancellationToken));
        if (written != updated.Count) throw new ContactBatchConflictException();

        using (var revisions = BulkInsert.Into(transaction, "contact_revisions", RevisionColumns))
        {
            foreach (var change in updated) WriteRevision(revisions, change.Before);
            revisions.Complete();
        }

        using (var addresses = BulkInsert.Into(transaction, "addresses", AddressColumns))
        {
            foreach (var change in updated)
                foreach (var key in change.NewAddresses) WriteAddress(addresses, change.After.Id, key);
            addresses.Complete();
        }

        using var tags = BulkInsert.Into(transaction, "contact_tags", TagColumns);
        foreach (var change in updated)
            foreach (var tagId in change.NewTagIds) WritePair(tags, change.After.Id, tagId);
        tags.Complete();
    }

    /// <summary>Notes who was in the file, and what was wrong with the other rows.</summary>
    public static void Record(DbTransaction transaction, long importId, IReadOnlyList<ContactBatchRow> rows, ContactBatchOutcome[] outcomes)
    {
        using (var members = BulkInsert.Into(transaction, "import_contacts", MemberColumns))
        {
            foreach (var outcome in outcomes.Where(o => o.Kind is UpsertKind.Created or UpsertKind.Updated or UpsertKind.Unchanged))
            {
                members.Write(importId);
                members.Write(outcome.ContactId);
                members.Write((int)outcome.Kind);
                members.Write(outcome.Revision);
                members.EndRow();
            }

            members.Complete();
        }

        RecordErrors(transaction, importId, rows, outcomes);
    }

    /// <summary>Notes what was wrong with rows that are not taken, and the rows themselves.</summary>
    public static void RecordErrors(DbTransaction transaction, long importId, IReadOnlyList<ContactBatchRow> rows, ContactBatchOutcome[] outcomes)
    {
        using var errors = BulkInsert.Into(transaction, "import_errors", ErrorColumns);
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i].Error is not { } error) continue;
            errors.Write(importId);
            errors.Write(rows[i].Number);
            errors.Write(Storable(error.Field));
            errors.Write(Storable(error.Value));
            errors.Write(error.Code);
            errors.Write(error.Reason);
            errors.Write(rows[i] is { Cells: { } cells, CellRange: { Count: > 0 } range } ? cells.Write(range) : null);
            errors.EndRow();
        }

        errors.Complete();
    }

    private void WriteContact(BulkInsert contacts, long id, ContactBatchRow row, ReadOnlyMemory<byte> fields)
    {
        contacts.Write(id);
        contacts.Write(Blank(row.FirstName));
        contacts.Write(Blank(row.LastName));
        contacts.Write(Blank(row.Language));
        contacts.Write(Blank(row.Country));
        contacts.Write(Blank(row.TimeZone));
        contacts.Write(fields);
        contacts.Write(now);
        contacts.Write(now);
        contacts.EndRow();
    }

    private void WriteAddress(BulkInsert addresses, long id, AddressKey key)
    {
        addresses.Write(id);
        addresses.Write((int)key.Kind);
        addresses.Write(key.Value);
        addresses.Write(now);
        addresses.EndRow();
    }

    private void WriteRevision(BulkInsert revisions, ContactDetails before)
    {
        revisions.Write(before.Id);
        revisions.Write(before.Revision);
        revisions.Write(ContactRevisions.Write(ContactRevisions.Body(before)));
        revisions.Write(now);
        revisions.EndRow();
    }

    private static void WritePair(BulkInsert pairs, long a, long b)
    {
        pairs.Write(a);
        pairs.Write(b);
        pairs.EndRow();
    }

    private static string? Blank(string? value) => value is { Length: 0 } ? null : value;

    // U+0000 and halves of surrogate pairs are what PostgreSQL takes in no text.
    private static string? Storable(string? value) => value?.Replace("\0", "\uFFFD", StringComparison.Ordinal);

    // One writer for all rows: a million of them would be garbage otherwise.
    private sealed class FieldsWriter : IDisposable
    {
        private readonly ArrayBufferWriter<byte> _json = new(1024);
        private readonly Utf8JsonWriter _writer;

        public FieldsWriter() => _writer = new Utf8JsonWriter(_json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        public ReadOnlyMemory<byte> Write(ContactBatchRow row)
        {
            _json.ResetWrittenCount();
            _writer.Reset(_json);
            _writer.WriteStartObject();
            for (var i = 0; i < row.FieldSlugs.Length; i++)
                if (row.FieldValues[i] is { Length: > 0 } value) _writer.WriteString(row.FieldSlugs[i], value);
            _writer.WriteEndObject();
            _writer.Flush();
            return _json.WrittenMemory;
        }

        public void Dispose() => _writer.Dispose();
    }
}
