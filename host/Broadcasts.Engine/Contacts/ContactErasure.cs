using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using Broadcasts.Contacts.Merge;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>
/// People go for good, with what is left of them elsewhere: providers' words about their messages, what single messages to them said, their rows in files that were not taken, their consent, what they were before they were
/// merged. What stays is what was promised to them (their addresses on the list of those that get nothing, and the proof that they opted out) and the counts: rows of the ledger and of imports under a bare number.
/// </summary>
internal static class ContactErasure
{
    private static readonly string[] OwnSql =
    [
        "DELETE FROM contact_tags WHERE {contact_id}",
        "DELETE FROM addresses WHERE {contact_id}",
        "DELETE FROM contact_revisions WHERE {contact_id}",
        "DELETE FROM contacts WHERE {id}",
        "UPDATE attempts SET detail = NULL WHERE detail IS NOT NULL AND delivery_id IN (SELECT d.id FROM deliveries d WHERE {d.contact_id})",
        """UPDATE messages SET part = '{"type":"text","text":"-"}' WHERE delivery_id IN (SELECT d.id FROM deliveries d WHERE {d.contact_id})""",
    ];

    private const string ConsentSql = """
        DELETE FROM consents
         WHERE id IN (SELECT c.id FROM {rows} JOIN consents c ON c.kind = r.kind AND c.value = r.value WHERE c.state <> 2)
        """;

    public static async Task EraseAsync(DbTransaction transaction, SqlDialect dialect, IReadOnlyCollection<ContactDetails> contacts)
    {
        if (contacts.Count == 0) return;
        var connection = transaction.Connection!;
        long[] ids = [.. contacts.Select(c => c.Id)];
        var list = new { ids = dialect.List(ids) };
        foreach (var sql in OwnSql) await connection.ExecuteAsync(In(dialect, sql), list, transaction);
        await MergedContacts.EraseAsync(transaction, dialect, ids);

        var addresses = contacts.SelectMany(c => c.Addresses).ToList();
        if (addresses.Count == 0) return;
        var consents = ConsentSql.Replace("{rows}", dialect.Rows("@rows", "r", ("kind", SqlType.Integer), ("value", SqlType.Text)), StringComparison.Ordinal);
        await connection.ExecuteAsync(consents, new { rows = JsonSerializer.Serialize(addresses.Select(a => new object[] { (int)a.Kind, a.Value })) }, transaction);
        await EraseFromFilesAsync(transaction, dialect, [.. addresses.Select(a => a.Value)]);
    }

    private static string In(SqlDialect dialect, string sql) => sql
        .Replace("{contact_id}", dialect.InList("contact_id", "@ids"), StringComparison.Ordinal)
        .Replace("{d.contact_id}", dialect.InList("d.contact_id", "@ids"), StringComparison.Ordinal)
        .Replace("{id}", dialect.InList("id", "@ids"), StringComparison.Ordinal);

    private const string FileRowsSql = """
        SELECT import_id AS Import, row_number AS Row, value AS Value, cells AS Cells FROM import_errors WHERE value IS NOT NULL OR cells IS NOT NULL
        """;

    private const string FilesSql = """
        UPDATE import_errors
           SET value = NULL, cells = NULL
         WHERE (import_id, row_number) IN (SELECT r.import_id, r.row_number FROM {rows})
        """;

    // All addresses are looked for in one pass over the rows: the database would read each row again for each of them.
    private static async Task EraseFromFilesAsync(DbTransaction transaction, SqlDialect dialect, string[] addresses)
    {
        var sought = SearchValues.Create(addresses, StringComparison.OrdinalIgnoreCase);
        var own = addresses.ToHashSet(StringComparer.Ordinal);
        var found = new List<long[]>();
        foreach (var row in transaction.Connection!.Query<FileRow>(FileRowsSql, transaction: transaction, buffered: false))
        {
            if ((row.Value is { } value && own.Contains(value)) || (row.Cells is { } cells && cells.AsSpan().ContainsAny(sought))) found.Add([row.Import, row.Row]);
        }

        if (found.Count == 0) return;
        var sql = FilesSql.Replace("{rows}", dialect.Rows("@rows", "r", ("import_id", SqlType.BigInt), ("row_number", SqlType.BigInt)), StringComparison.Ordinal);
        await transaction.Connection!.ExecuteAsync(sql, new { rows = JsonSerializer.Serialize(found) }, transaction);
    }

    private sealed class FileRow
    {
        public long Import { get; init; }

        public long Row { get; init; }

        public string? Value { get; init; }

        public string? Cells { get; init; }
    }
}
