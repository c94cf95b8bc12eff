using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>
/// What is left of a person elsewhere goes too: providers' words about his messages, what single messages to him said, his rows in files that were not taken, his consent. What stays is what was promised to
/// him (his address on the list of those that get nothing, and the proof that he opted out) and the counts: rows of the ledger and of imports under a bare number.
/// </summary>
internal static class ContactErasure
{
    private const string OwnSql = """
        DELETE FROM contact_tags WHERE contact_id = @id;
        DELETE FROM addresses WHERE contact_id = @id;
        DELETE FROM contact_revisions WHERE contact_id = @id;
        DELETE FROM contacts WHERE id = @id;
        UPDATE attempts SET detail = NULL WHERE detail IS NOT NULL AND delivery_id IN (SELECT d.id FROM deliveries d WHERE d.contact_id = @id);
        UPDATE messages SET part = '{"type":"text","text":"-"}' WHERE delivery_id IN (SELECT d.id FROM deliveries d WHERE d.contact_id = @id);
        """;

    private const string ConsentSql = "DELETE FROM consents WHERE kind = @kind AND value = @value AND state <> 2";

    private const string FilesSql = "UPDATE import_errors SET value = NULL, cells = NULL WHERE (value IS NOT NULL OR cells IS NOT NULL) AND (value = @value OR {0})";

    public static async Task EraseAsync(DbTransaction transaction, SqlDialect dialect, ContactDetails contact)
    {
        await transaction.Connection!.ExecuteAsync(OwnSql, new { id = contact.Id }, transaction);
        var files = FilesSql.Replace("{0}", dialect.Contains("cells", "@pattern"), StringComparison.Ordinal);
        foreach (var address in contact.Addresses)
        {
            var values = new { kind = (short)address.Kind, value = address.Value, pattern = SqlDialect.LikePattern(address.Value) };
            await transaction.Connection!.ExecuteAsync(ConsentSql, values, transaction);
            await transaction.Connection!.ExecuteAsync(files, values, transaction);
        }
    }
}
