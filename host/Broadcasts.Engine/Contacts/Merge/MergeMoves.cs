using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>Moves what belongs to one contact to another, and back.</summary>
internal sealed class MergeMoves(SqlDialect dialect, DbTransaction transaction, long primary, long secondary)
{
    // In the order in which others lock rows of the ledger.
    private const string LockLedgerSql = "SELECT id FROM deliveries WHERE contact_id = @contact ORDER BY id {0}";

    public Task LockLedgerAsync(long contact) => ExecuteAsync(LockLedgerSql.Replace("{0}", dialect.ForUpdate, StringComparison.Ordinal), new { contact });

    private const string RangeSql = "SELECT COALESCE(MIN(revision), 0) FROM contact_revisions WHERE contact_id = @contact";

    private const string ShiftSql = """
        UPDATE contact_revisions SET contact_id = @to, revision = revision + @by WHERE contact_id = @from AND revision BETWEEN @lowest AND @highest;
        UPDATE deliveries SET contact_id = @to, contact_revision = contact_revision + @by WHERE contact_id = @from AND contact_revision BETWEEN @lowest AND @highest;
        """;

    /// <summary>Where the secondary's revisions, up to the given one, go: below all that the primary has.</summary>
    public async Task<RevisionShift> FindShiftAsync(int last)
    {
        var floor = Math.Min(0, await LowestAsync(primary));
        var shift = floor - 1 - last;
        return new RevisionShift(shift, Math.Min(1, await LowestAsync(secondary)) + shift, floor - 1);
    }

    /// <summary>The ledger and what was said in it, together: each message still finds the contact as it was.</summary>
    public Task ShiftAsync(RevisionShift range) => ExecuteAsync(ShiftSql, new { from = secondary, to = primary, by = range.By, lowest = range.From - range.By, highest = range.To - range.By });

    public Task ShiftBackAsync(RevisionShift range) => ExecuteAsync(ShiftSql, new { from = primary, to = secondary, by = -range.By, lowest = range.From, highest = range.To });

    private const string MoveAddressesSql = "UPDATE addresses SET contact_id = @to WHERE contact_id = @from AND {0}";

    public Task MoveAddressesAsync(IEnumerable<ContactAddress> addresses, bool isBack = false) => ExecuteAsync(
        MoveAddressesSql.Replace("{0}", dialect.InList("id", "@ids"), StringComparison.Ordinal),
        new { from = isBack ? primary : secondary, to = isBack ? secondary : primary, ids = dialect.List([.. addresses.Select(a => a.Id)]) });

    private const string TagsSql = "SELECT tag_id FROM contact_tags WHERE contact_id = @contact";

    private const string DropTagsSql = "DELETE FROM contact_tags WHERE contact_id = @contact AND {0}";

    // Tags that were deleted since are not made again.
    private const string AddTagsSql = """
        INSERT INTO contact_tags (contact_id, tag_id)
        SELECT @contact, t.id FROM tags t WHERE {0}
        ON CONFLICT (contact_id, tag_id) DO NOTHING
        """;

    /// <summary>All tags of the secondary, and those that the primary gets by them.</summary>
    public async Task<(long[] All, long[] Added)> MoveTagsAsync()
    {
        var had = await Connection.QueryAsync<long>(TagsSql, new { contact = primary }, transaction);
        long[] all = [.. await Connection.QueryAsync<long>(TagsSql, new { contact = secondary }, transaction)];
        await TagsAsync(AddTagsSql, "t.id", primary, all);
        await TagsAsync(DropTagsSql, "tag_id", secondary, all);
        return (all, [.. all.Except(had)]);
    }

    /// <summary>How many of the secondary's tags there still were.</summary>
    public async Task<int> MoveTagsBackAsync(MergeSnapshot snapshot)
    {
        await TagsAsync(DropTagsSql, "tag_id", primary, snapshot.AddedTags);
        return await TagsAsync(AddTagsSql, "t.id", secondary, snapshot.SecondaryTags);
    }

    // Import by import, of which there are few: the rows of all of them are in no order by contact.
    private const string ImportsSql = """
        SELECT m.import_id, m.outcome, m.revision, m.undo,
               CASE WHEN EXISTS (SELECT 1 FROM import_contacts p WHERE p.import_id = m.import_id AND p.contact_id = @primary) THEN 1 ELSE 0 END AS is_shared
          FROM imports i JOIN import_contacts m ON m.import_id = i.id AND m.contact_id = @secondary
        """;

    private const string DropImportsSql = "DELETE FROM import_contacts WHERE contact_id = @contact AND {0}";

    // Without a revision: nobody of them is taken back with the import.
    private const string AddImportSql = "INSERT INTO import_contacts (import_id, contact_id, outcome, revision, undo) VALUES (@ImportId, @contact, @Outcome, @Revision, @Undo)";

    public async Task<IReadOnlyList<MovedImport>> MoveImportsAsync()
    {
        var imports = (await Connection.QueryAsync<MovedImport>(ImportsSql, new { primary, secondary }, transaction)).AsList();
        await DropImportsAsync(secondary, imports);
        foreach (var import in imports.Where(i => !i.IsShared)) await AddImportAsync(primary, import with { Revision = null });
        return imports;
    }

    public async Task MoveImportsBackAsync(IReadOnlyList<MovedImport> imports)
    {
        await DropImportsAsync(primary, imports.Where(i => !i.IsShared));
        foreach (var import in imports) await AddImportAsync(secondary, import);
    }

    private const string DistinctSql = """
        INSERT INTO contact_distinct (a_id, b_id, at, actor)
        SELECT CASE WHEN other.id < @primary THEN other.id ELSE @primary END, CASE WHEN other.id < @primary THEN @primary ELSE other.id END, other.at, other.actor
          FROM (SELECT CASE WHEN a_id = @secondary THEN b_id ELSE a_id END AS id, at, actor FROM contact_distinct WHERE a_id = @secondary OR b_id = @secondary) AS other
         WHERE other.id <> @primary
        ON CONFLICT (a_id, b_id) DO NOTHING
        RETURNING CASE WHEN contact_distinct.a_id = @primary THEN contact_distinct.b_id ELSE contact_distinct.a_id END
        """;

    private const string DropDistinctSql = "DELETE FROM contact_distinct WHERE (a_id = @primary AND {0}) OR (b_id = @primary AND {1})";

    /// <summary>Whom the secondary is told apart from, the primary is too. Those whom that is new for.</summary>
    public async Task<long[]> AddDistinctAsync() => [.. await Connection.QueryAsync<long>(DistinctSql, new { primary, secondary }, transaction)];

    public Task DropDistinctAsync(IReadOnlyList<long> added) => added.Count == 0 ? Task.CompletedTask : ExecuteAsync(
        DropDistinctSql.Replace("{0}", dialect.InList("b_id", "@ids"), StringComparison.Ordinal).Replace("{1}", dialect.InList("a_id", "@ids"), StringComparison.Ordinal), new { primary, ids = dialect.List(added) });

    private const string SinceSql = "SELECT DISTINCT contact_revision FROM deliveries WHERE contact_id = @primary AND contact_revision >= @since AND {0} ORDER BY contact_revision";

    private const string CopySql = """
        INSERT INTO contact_revisions (contact_id, revision, body, replaced_at)
        SELECT @secondary, @next, r.body, r.replaced_at FROM contact_revisions r WHERE r.contact_id = @primary AND r.revision = @revision
        """;

    private const string FollowSql = "UPDATE deliveries SET contact_id = @secondary, contact_revision = @next WHERE contact_id = @primary AND contact_revision = @revision AND {0}";

    /// <summary>
    /// What was written, or waits to be written, to the secondary's addresses while they were one goes with the addresses; what it says is kept under the
    /// secondary's next revisions. Returns the last of them.
    /// </summary>
    public async Task<int> FollowAddressesAsync(IReadOnlyList<ContactAddress> addresses, int since, int last)
    {
        var ids = dialect.List([.. addresses.Select(a => a.Id)]);
        var revisions = (await Connection.QueryAsync<int>(SinceSql.Replace("{0}", dialect.InList("address_id", "@ids"), StringComparison.Ordinal), new { primary, since, ids }, transaction)).AsList();
        foreach (var revision in revisions)
        {
            last++;
            await ExecuteAsync(CopySql, new { primary, secondary, revision, next = last });
            await ExecuteAsync(FollowSql.Replace("{0}", dialect.InList("address_id", "@ids"), StringComparison.Ordinal), new { primary, secondary, revision, next = last, ids });
        }

        return last;
    }

    private DbConnection Connection => transaction.Connection!;

    private Task<int> ExecuteAsync(string sql, object parameters) => Connection.ExecuteAsync(sql, parameters, transaction);

    private Task<int> LowestAsync(long contact) => Connection.QuerySingleAsync<int>(RangeSql, new { contact }, transaction);

    private Task<int> TagsAsync(string sql, string column, long contact, IReadOnlyList<long> ids) =>
        ExecuteAsync(sql.Replace("{0}", dialect.InList(column, "@ids"), StringComparison.Ordinal), new { contact, ids = dialect.List(ids) });

    private Task<int> DropImportsAsync(long contact, IEnumerable<MovedImport> imports) =>
        ExecuteAsync(DropImportsSql.Replace("{0}", dialect.InList("import_id", "@ids"), StringComparison.Ordinal), new { contact, ids = dialect.List([.. imports.Select(i => i.ImportId)]) });

    private Task<int> AddImportAsync(long contact, MovedImport import) => ExecuteAsync(AddImportSql, new { import.ImportId, contact, import.Outcome, import.Revision, import.Undo });
}

/// <summary>A range of revisions below zero that holds another contact's, each plus <paramref name="By"/>.</summary>
internal readonly record struct RevisionShift(int By, int From, int To);
