using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>Who is whom now: what other tables say of people that were merged.</summary>
internal static class MergedContacts
{
    /// <summary>A condition over contacts <c>c</c>: it is one of <c>@picked</c>, or one of them was merged into it.</summary>
    public static string Picked(SqlDialect dialect) => $"""
        c.id IN (
            WITH RECURSIVE taken (id) AS (
                SELECT m.primary_id FROM contact_merges m WHERE m.undone_at IS NULL AND {dialect.InList("m.secondary_id", "@picked")}
                 UNION
                SELECT m.primary_id FROM contact_merges m JOIN taken t ON m.secondary_id = t.id WHERE m.undone_at IS NULL)
            SELECT p.id FROM contacts p WHERE {dialect.InList("p.id", "@picked")}
             UNION
            SELECT taken.id FROM taken)
        """;

    private const string ErasedSql = """
        WITH RECURSIVE erased (id) AS (
            SELECT CAST(@id AS BIGINT)
             UNION
            SELECT m.secondary_id FROM contact_merges m JOIN erased e ON m.primary_id = e.id WHERE m.undone_at IS NULL)
        """;

    private const string EraseSnapshotsSql = $"""
        {ErasedSql}
        UPDATE contact_merges SET snapshot = NULL
         WHERE primary_id IN (SELECT erased.id FROM erased) OR secondary_id IN (SELECT erased.id FROM erased)
        """;

    private const string EraseDistinctSql = $"""
        {ErasedSql}
        DELETE FROM contact_distinct
         WHERE a_id IN (SELECT erased.id FROM erased) OR b_id IN (SELECT erased.id FROM erased)
        """;

    // What the other one was while they were one, as far as no message to the other one was made with it.
    private const string EraseRevisionsSql = $"""
        {ErasedSql}
        DELETE FROM contact_revisions
         WHERE EXISTS (SELECT 1 FROM contact_merges m
                        WHERE m.secondary_id IN (SELECT erased.id FROM erased) AND m.primary_id = contact_revisions.contact_id
                          AND contact_revisions.revision >= m.revision AND contact_revisions.revision < m.undone_revision)
           AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.contact_id = contact_revisions.contact_id AND d.contact_revision = contact_revisions.revision)
        """;

    private const string KnownSql = """
        SELECT primary_id FROM contact_merges WHERE {primary_id}
         UNION SELECT secondary_id FROM contact_merges WHERE {secondary_id}
         UNION SELECT a_id FROM contact_distinct WHERE {a_id}
         UNION SELECT b_id FROM contact_distinct WHERE {b_id}
        """;

    /// <summary>People go for good: what they were before and during a merge goes too, and whoever was merged into them. That there was a merge stays.</summary>
    public static async Task EraseAsync(DbTransaction transaction, SqlDialect dialect, IReadOnlyCollection<long> ids)
    {
        // Most people were never merged, and for those who were all revisions are looked through.
        var known = KnownSql;
        foreach (var column in (string[])["primary_id", "secondary_id", "a_id", "b_id"]) known = known.Replace($"{{{column}}}", dialect.InList(column, "@ids"), StringComparison.Ordinal);
        foreach (var id in (await transaction.Connection!.QueryAsync<long>(known, new { ids = dialect.List(ids) }, transaction)).AsList())
        {
            foreach (var sql in (string[])[EraseRevisionsSql, EraseSnapshotsSql, EraseDistinctSql]) await transaction.Connection!.ExecuteAsync(sql, new { id }, transaction);
        }
    }
}
