using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Dapper;

namespace Broadcasts.Host.Tests.Reporting;

/// <summary>What stands behind the table of broadcasts: what people keep, labels, the file, and that ten thousand are no burden.</summary>
public sealed class BroadcastTableTests
{
    // Every kind of row in turn: drafts, scheduled ones, completed ones with slices, archived ones.
    private const string ManySql = """
        INSERT INTO broadcasts (id, kind, name, labels, status, channel_id, parts, scheduled_at, created_by, created_at, updated_at, started_at, finished_at, archived_at, freeze_done, recipients)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @count)
        SELECT i, 0, '=Number ' || i, CASE WHEN i % 7 = 0 THEN '["vip"]' ELSE '[]' END, CASE i % 10 WHEN 0 THEN 0 WHEN 1 THEN 1 ELSE 4 END, NULL, '[{"type":"text","text":"hi"}]',
               CASE WHEN i % 10 = 1 THEN i * 60000 END, 'user:' || (i % 3), i, i, CASE WHEN i % 10 > 1 THEN i * 60000 END, CASE WHEN i % 10 > 1 THEN i * 60000 + 5 END, CASE WHEN i % 20 = 5 THEN 1 END, 1, 2
          FROM n
        """;

    private const string SlicesSql = """
        INSERT INTO slices (broadcast_id, channel_id, id_from, id_to, delivered, failed)
        SELECT b.id, 1, b.id * 4294967296, b.id * 4294967296 + 1, CASE WHEN b.id % 11 = 0 THEN 1 ELSE 2 END, CASE WHEN b.id % 11 = 0 THEN 1 ELSE 0 END FROM broadcasts b WHERE b.started_at IS NOT NULL
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Columns_OfTwoPeople_AreEachTheirOwn(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var table = await WithPeopleAsync(test);
        Assert.Equal(BroadcastColumns.Usual, await table.ColumnsAsync(1, Cancellation));
        await table.SetColumnsAsync(1, BroadcastColumns.Read("approval, STATUS, nothing, status"));
        Assert.Equal([BroadcastColumn.Status, BroadcastColumn.Name, BroadcastColumn.Approval], await table.ColumnsAsync(1, Cancellation));
        Assert.Equal(BroadcastColumns.Usual, await table.ColumnsAsync(2, Cancellation));
        await table.SetColumnsAsync(1, []);
        Assert.Equal(BroadcastColumns.Usual, await table.ColumnsAsync(1, Cancellation));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Views_SavedByOne_AreNobodyElses(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var table = await WithPeopleAsync(test);
        Assert.True((await table.SaveAsync(1, " Mine ", "status=draft")).IsDone);
        Assert.True((await table.SaveAsync(1, "MINE", "status=paused")).IsDone);
        Assert.True((await table.SaveAsync(1, "Other", "q=x")).IsDone);
        var views = await table.ViewsAsync(1, Cancellation);
        Assert.Equal([("MINE", "status=paused"), ("Other", "q=x")], views.Select(v => (v.Name, v.Query)));
        Assert.Empty(await table.ViewsAsync(2, Cancellation));

        Assert.Equal(CommandCode.NotFound, (await table.RenameAsync(2, views[0].Id, "Stolen")).Code);
        Assert.Equal(CommandCode.NotFound, (await table.DeleteAsync(2, views[0].Id)).Code);
        Assert.Equal("viewExists", Assert.Single((await table.RenameAsync(1, views[0].Id, "other")).Problems).Code);
        Assert.Equal("viewName", Assert.Single((await table.SaveAsync(1, " ", "")).Problems).Code);
        Assert.Equal("viewName", Assert.Single((await table.SaveAsync(1, new string('x', 61), "")).Problems).Code);
        Assert.Equal("tooLong", Assert.Single((await table.SaveAsync(1, "Long", new string('x', 2_001))).Problems).Code);
        Assert.True((await table.DeleteAsync(1, views[0].Id)).IsDone);
        for (var i = 0; i < BroadcastTableStore.MostViews - 1; i++) Assert.True((await table.SaveAsync(1, $"View {i}", "")).IsDone);
        Assert.Equal("tooManyViews", Assert.Single((await table.SaveAsync(1, "One more", "")).Problems).Code);
        Assert.True((await table.SaveAsync(1, "View 0", "q=again")).IsDone);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Labels_RenamedToOneThatIsThere_AreOneOnEveryBroadcast(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await test.Database.WriteAsync(t => t.Connection!.ExecuteAsync("""
            INSERT INTO broadcasts (id, kind, name, labels, status, created_by, created_at, updated_at) VALUES (1, 0, 'A', '["old","both"]', 0, 'x', 0, 0), (2, 0, 'B', '["old"]', 4, 'x', 0, 0), (3, 0, 'C', '["new"]', 0, 'x', 0, 0);
            INSERT INTO broadcast_labels (broadcast_id, label) VALUES (1, 'old'), (1, 'both'), (2, 'old'), (3, 'new');
            """, transaction: t));
        var labels = new LabelStore(test.Database, TimeProvider.System);
        Assert.Equal("badLabel", Assert.Single((await labels.RenameAsync("old", new string('x', 51), "user:1")).Problems).Code);
        Assert.True((await labels.RenameAsync("old", " both ", "user:1")).IsDone);
        Assert.Equal([new LabelUse("both", 2), new LabelUse("new", 1)], await labels.ListAsync(Cancellation));
        var rows = await new BroadcastQueries(test.Database).ListAsync([1, 2, 3, 99], Cancellation);
        Assert.Equal(["both", "both", "new"], rows.Select(r => string.Join('|', r.Labels)));
        Assert.Equal([2, 2, 1], rows.Select(r => r.Version));

        Assert.True((await labels.DeleteAsync("both", "user:1")).IsDone);
        Assert.Equal(CommandCode.NotFound, (await labels.DeleteAsync("both", "user:1")).Code);
        var acts = await new AuditStore(test.Database, TimeProvider.System).ListAsync(new AuditFilter { Action = "label" }, cancellationToken: Cancellation);
        Assert.Equal([("label.deleted", "label:both", "2"), ("label.renamed", "label:both", "2")], acts.Select(a => (a.Action, a.Subject, a.Detail!)));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Export_OfPagesOfBroadcasts_HasEachOnceAndNoFormula(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await WithPeopleAsync(test);
        await ManyAsync(test, 450);
        var audit = new AuditStore(test.Database, TimeProvider.System);
        var writer = new StringWriter(CultureInfo.InvariantCulture);
        var export = new BroadcastExport(new BroadcastQueries(test.Database), new UserStore(test.Database, TimeProvider.System), audit);
        var columns = BroadcastColumns.Read("status,name,progress,delivered,failed,createdBy,approval");
        var written = await export.WriteAsync(new BroadcastFilter { Status = BroadcastStatus.Completed }, columns, "user:1", writer, Cancellation);

        var lines = writer.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("id,status,name,done_percent,delivered_percent,failed,created_by,approved_by", lines[0]);
        Assert.Equal(written, lines.Length - 1);
        Assert.Equal(written, lines[1..].Select(l => l.Split(',')[0]).Distinct().Count());
        Assert.InRange(written, 300, 360);
        Assert.Contains("22,completed,'=Number 22,100,50,1,Ana One,", lines);
        Assert.Equal(["broadcasts.exported", "broadcasts.export"], (await audit.ListAsync(new AuditFilter { Subject = "broadcasts" }, cancellationToken: Cancellation)).Select(a => a.Action));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Plans_OfTenThousandBroadcasts_ReadTheIndexOfTheOrderAndOfTheCounts(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await ManyAsync(test, 10_000);
        var queries = new BroadcastQueries(test.Database);
        var list = await queries.ListAsync(BroadcastFilter.All, new Page(), Cancellation);
        Assert.Equal((9_500L, 50), (list.Total, list.Items.Count));
        Assert.Equal((BroadcastStatus.Draft, 10_000L), (list.Items[0].Status, list.Items[0].Id));
        Assert.Equal(50, (await queries.ListAsync(BroadcastFilter.All, new Page { Sort = BroadcastSort.Failed }, Cancellation)).Items.Count(r => r.Counts.Failed == 1));
        Assert.Equal(50, (await queries.ListAsync(BroadcastFilter.All, new Page { Sort = BroadcastSort.Delivered, Descending = false }, Cancellation)).Items.Count(r => r.Counts.Total == 0));

        Assert.Contains("broadcasts_time", await PlanAsync(test, queries.ListSql(BroadcastConditions.Of(BroadcastFilter.All, test.Database.Dialect), new Page())), StringComparison.Ordinal);
        Assert.Contains("broadcasts_listed", await PlanAsync(test, BroadcastQueries.StatusCountsSql(BroadcastConditions.Of(BroadcastFilter.All, test.Database.Dialect))), StringComparison.Ordinal);
    }

    private static async Task<string> PlanAsync(TestDatabase test, string sql)
    {
        var isPostgres = test.Provider == "postgres";
        var lines = await test.Database.ReadAsync(c => c.QueryAsync((isPostgres ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + sql, new { limit = 50, offset = 0 }));
        return string.Join('\n', lines.Select(l => string.Join(' ', ((IDictionary<string, object>)l).Values)));
    }

    private static async Task ManyAsync(TestDatabase test, int count)
    {
        await test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(ManySql, new { count }, t);
            await t.Connection!.ExecuteAsync(SlicesSql, transaction: t);
        });
        if (test.Provider == "postgres") await test.Database.ReadAsync(c => c.ExecuteAsync("VACUUM ANALYZE broadcasts"));
    }

    private static async Task<BroadcastTableStore> WithPeopleAsync(TestDatabase test)
    {
        var users = new UserStore(test.Database, TimeProvider.System);
        foreach (var name in (string[])["Ana One", "Ben Two"]) Assert.True(await users.CreateAsync(new User { Email = $"{name.Replace(' ', '.')}@example.com", Name = name }, cancellationToken: Cancellation));
        return new BroadcastTableStore(test.Database, TimeProvider.System);
    }
}
