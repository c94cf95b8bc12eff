using System.Text;
using Broadcasts.Audiences;
using Broadcasts.Contacts.Import;
using Dapper;
using Xunit;

namespace Broadcasts.Contacts;

public sealed class SqliteImportTests(SqliteContactsFixture fixture) : ImportTests(fixture), IClassFixture<SqliteContactsFixture>
{
    [Fact]
    public async Task RunAsync_DiskFull_KeepsWhatIsCountedAndTheSameFileBringsTheRest()
    {
        var ct = TestContext.Current.CancellationToken;
        var tag = "d" + Guid.NewGuid().ToString("N")[..10];
        var file = Encoding.UTF8.GetBytes("email,note " + tag + "\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{tag}{i}@example.com,{new string('n', 100)}\n")));
        var options = new ImportOptions { Name = "full.csv", Actor = "test", ConsentSource = "test" };
        // The writing connection is kept; SQLite itself then answers as on a full disk.
        await fixture.Database.WriteAsync(async t =>
        {
            var pages = await t.Connection!.ExecuteScalarAsync<long>("PRAGMA page_count", transaction: t);
            await t.Connection!.ExecuteScalarAsync<long>($"PRAGMA max_page_count = {pages + 800}", transaction: t);
        }, ct);

        var first = await fixture.Import.RunAsync(new MemoryStream(file), options, cancellationToken: ct);

        Assert.Equal((ImportStatus.Failed, "diskFull"), (first.Status, first.Error!.Code));
        Assert.Equal(0, first.Created % ImportRun.RowsPerBatch);
        Assert.InRange(first.Created, ImportRun.RowsPerBatch, 15_000);
        var rule = SegmentRule.Parse($$"""{"field":"email","op":"startsWith","value":"{{tag}}"}""", out _)!;
        Assert.Equal(first.Created, await fixture.SegmentQueries.CountAsync(rule, cancellationToken: ct));
        Assert.Equal((ImportStatus.Failed, first.Created), await StatusAsync(first.Id));

        await fixture.Database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<long>("PRAGMA max_page_count = 1073741823", transaction: t), ct);
        var second = await fixture.Import.RunAsync(new MemoryStream(file), options, cancellationToken: ct);
        Assert.Equal((20_000 - first.Created, first.Created), (second.Created, second.Unchanged));

        async Task<(ImportStatus, long)> StatusAsync(long id)
        {
            var import = await fixture.Imports.GetAsync(id, ct);
            return (import!.Status, import.Created);
        }
    }
}

public sealed class PostgresImportTests(PostgresContactsFixture fixture) : ImportTests(fixture), IClassFixture<PostgresContactsFixture>;
