using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Security;

public sealed class AuditChainTests
{
    private readonly CancellationToken _ct = TestContext.Current.CancellationToken;

    // The bytes are written out in docs/audit.md; the hashes were computed by another program.
    [Fact]
    public void HashOf_ExampleOfTheDocumentation_IsTheOneThatIsWrittenThere()
    {
        var first = AuditChain.HashOf(AuditChain.Beginning, new AuditAct { At = 1_790_000_000_000, Actor = "user:1", Action = "tag.created", Subject = "tag:7", Detail = "Año" });
        var second = AuditChain.HashOf(first, new AuditAct { At = 1_790_000_000_500, Actor = "user:1", Action = "tag.renamed", Subject = "tag:7", Changes = """[{"field":"name","before":"Año","after":"Year"}]""" });

        Assert.Equal("d980334b0aa2784d1e48e911270008c71e9949ffb5f94da11e98697ae7455446", first);
        Assert.Equal("77e67150480bb209d2f9cc949e58ca8c9791f3a966f96d3f3e966a93c4ada4b0", second);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task AppendAsync_ManyWritersAtOnce_IsOneChainWithoutGaps(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        // A second process has connections of its own.
        await using var other = provider == "sqlite" ? null : new PostgresDatabase(test.ConnectionString);
        AuditStore[] writers = [Store(test.Database), Store(other ?? test.Database)];

        await Task.WhenAll(Enumerable.Range(0, 12).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                if (i % 5 == 4) await Assert.ThrowsAsync<InvalidOperationException>(() => FailAsync(test.Database, writers[w % 2]));
                else await writers[w % 2].AppendAsync($"user:{w}", "test.act", $"thing:{i}", cancellationToken: _ct);
            }
        }, _ct)));

        var found = await new AuditCheck(test.Database).LookAsync(cancellationToken: _ct);
        Assert.Null(found.Fault);
        Assert.Equal(12 * 16, found.Entries);
    }

    // Each holds a row that the other wants; were the audit's turn taken where it is asked for, they would wait in a circle.
    [Fact]
    public async Task AppendAsync_InTheMiddleOfTransactionsThatMeet_NeverWaitsInACircle()
    {
        await using var test = await TestDatabase.CreateAsync("postgres");
        var store = Store(test.Database);
        await ExecuteAsync(test.Database, "INSERT INTO settings (name, value) VALUES ('met', '0')");
        var tries = 0;

        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(() => test.Database.WriteAsync(async transaction =>
        {
            Interlocked.Increment(ref tries);
            if (w % 2 == 0) await store.AppendAsync(transaction, $"user:{w}", "test.act", "thing:1");
            await transaction.Connection!.ExecuteAsync("UPDATE settings SET value = @w WHERE name = 'met'", new { w = $"{w}" }, transaction);
            if (w % 2 == 1) await store.AppendAsync(transaction, $"user:{w}", "test.act", "thing:1");
        }, _ct), _ct)));

        Assert.Equal(8, tries);
        Assert.Equal(8, (await new AuditCheck(test.Database).LookAsync(cancellationToken: _ct)).Entries);
    }

    [Fact]
    public async Task AppendAsync_TransactionOfSomebodyElse_IsRefused()
    {
        await using var test = await TestDatabase.CreateAsync("sqlite");
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={test.ConnectionString};Pooling=False");
        await connection.OpenAsync(_ct);
        await using var transaction = connection.BeginTransaction();

        await Assert.ThrowsAsync<InvalidOperationException>(() => Store(test.Database).AppendAsync(transaction, "user:1", "test.act", "thing:1"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task AppendAsync_TextsThatNoDatabaseKeeps_AreWholeInTheChain(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await Store(test.Database).AppendAsync("user:1", "test.act", "thing:\0\uD800", "5:hello,\n\U0001F600 é", _ct);

        Assert.Null((await new AuditCheck(test.Database).LookAsync(cancellationToken: _ct)).Fault);
        Assert.Equal("thing:\uFFFD\uFFFD", Assert.Single(await Store(test.Database).ListAsync(new AuditFilter(), cancellationToken: _ct)).Subject);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task PlaceOldAsync_EntriesFromBeforeTheChain_AreChainedInTheirOrder(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await test.Database.WriteAsync(async t =>
        {
            await DropAsync(t);
            for (var i = 1; i <= 2_500; i++) await t.Connection!.ExecuteAsync("INSERT INTO audit (id, at, actor, action, subject) VALUES (@id, @at, 'cli', 'old.act', 'thing:1')", new { id = i * 2, at = i }, t);
            await t.Connection!.ExecuteAsync("UPDATE audit_head SET unplaced = 5000", transaction: t);
        }, _ct);

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => AuditChain.PlaceOldAsync(test.Database, _ct), _ct)));
        await AuditChain.PlaceOldAsync(test.Database, _ct);

        var found = await new AuditCheck(test.Database).LookAsync(cancellationToken: _ct);
        Assert.Null(found.Fault);
        Assert.Equal(2_500, found.Entries);
        Assert.Equal(2_500, Assert.Single(await Store(test.Database).ListAsync(new AuditFilter(), limit: 1, cancellationToken: _ct)).Number);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Entries_WithoutTakingTheTriggersAway_AreNeitherChangedNorDeletedNorPutIn(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await AddAsync(test.Database, 3);
        foreach (var sql in (string[])["UPDATE audit SET detail = 'x' WHERE position = 2", "DELETE FROM audit WHERE position = 2", "INSERT INTO audit (at, actor, action, subject) VALUES (1, 'a', 'b', 'c')"])
            await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => ExecuteAsync(test.Database, sql));
    }

    public static TheoryData<string, string, string?, string, long> Harms { get; } = Build();

    [Theory, MemberData(nameof(Harms))]
    public async Task LookAsync_SomebodyWroteBehindTheProgramsBack_SaysTheFirstBrokenEntryAndHow(string provider, string sql, string? then, string kind, long number)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await AddAsync(test.Database, 9);
        await test.Database.WriteAsync(async t =>
        {
            await DropAsync(t);
            await t.Connection!.ExecuteAsync(sql, transaction: t);
            if (then is not null) await t.Connection!.ExecuteAsync(then, transaction: t);
        }, _ct);

        Assert.Equal(new AuditFault(Enum.Parse<AuditFaultKind>(kind), number), (await new AuditCheck(test.Database).LookAsync(cancellationToken: _ct)).Fault);
    }

    // Who knows the rules writes a chain that fits: only what was written down elsewhere tells.
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task LookAsync_CutAndHeadSetBack_IsFoundByTheMarkAlone(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await AddAsync(test.Database, 9);
        var check = new AuditCheck(test.Database);
        var mark = await check.HeadAsync(_ct);
        Assert.Equal(9, mark!.Number);
        Assert.Null((await check.LookAsync(mark, cancellationToken: _ct)).Fault);

        await test.Database.WriteAsync(async t =>
        {
            await DropAsync(t);
            await t.Connection!.ExecuteAsync("DELETE FROM audit WHERE position > 6", transaction: t);
            await t.Connection!.ExecuteAsync("UPDATE audit_head SET position = 6, hash = (SELECT hash FROM audit WHERE position = 6)", transaction: t);
        }, _ct);
        Assert.Null((await check.LookAsync(cancellationToken: _ct)).Fault);
        Assert.Equal(new AuditFault(AuditFaultKind.Missing, 7), (await check.LookAsync(mark, cancellationToken: _ct)).Fault);

        await AddAsync(test.Database, 5);
        Assert.Null((await check.LookAsync(cancellationToken: _ct)).Fault);
        Assert.Equal(new AuditFault(AuditFaultKind.Rewritten, 9), (await check.LookAsync(mark, cancellationToken: _ct)).Fault);
    }

    [Theory]
    [InlineData("12:ABcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789", true)]
    [InlineData("0:abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789", false)]
    [InlineData("12:abc", false)]
    [InlineData("abc", false)]
    public void Parse_Mark_TakesNumberAndHash(string text, bool isMark) => Assert.Equal(isMark ? text.ToLowerInvariant() : null, AuditMark.Parse(text)?.ToString());

    private static TheoryData<string, string, string?, string, long> Build()
    {
        var data = new TheoryData<string, string, string?, string, long>();
        foreach (var provider in (string[])["sqlite", "postgres"])
        {
            data.Add(provider, "UPDATE audit SET actor = 'user:2' WHERE position = 4", null, nameof(AuditFaultKind.Changed), 4);
            data.Add(provider, "UPDATE audit SET detail = NULL WHERE position = 9", null, nameof(AuditFaultKind.Changed), 9);
            data.Add(provider, "DELETE FROM audit WHERE position = 4", null, nameof(AuditFaultKind.Missing), 4);
            data.Add(provider, "DELETE FROM audit WHERE position = 1", null, nameof(AuditFaultKind.Missing), 1);
            data.Add(provider, "DELETE FROM audit WHERE position > 6", null, nameof(AuditFaultKind.Missing), 7);
            data.Add(provider, "DELETE FROM audit WHERE position = 4", Renumber("position - 1", "position > 4"), nameof(AuditFaultKind.Missing), 4);
            data.Add(provider, "INSERT INTO audit (at, actor, action, subject) VALUES (1, 'a', 'b', 'c')", null, nameof(AuditFaultKind.Inserted), 0);
            data.Add(provider, Renumber("position + 1", "position > 4"), Forged(5), nameof(AuditFaultKind.Inserted), 5);
            data.Add(provider, "SELECT 1", Forged(10), nameof(AuditFaultKind.Inserted), 10);
            data.Add(provider, Renumber("CASE position WHEN 3 THEN 7 ELSE 3 END", "position IN (3, 7)"), null, nameof(AuditFaultKind.Moved), 3);
            data.Add(provider, "DELETE FROM audit_head", null, nameof(AuditFaultKind.Missing), 1);
        }

        return data;
    }

    // By way of negative numbers: no place is taken twice in between.
    private static string Renumber(string to, string where) => $"UPDATE audit SET position = -({to}) WHERE {where}; UPDATE audit SET position = -position WHERE position < 0";

    // Made as the program would have made it behind the entry before.
    private static string Forged(int position)
    {
        var previous = "";
        for (var i = 1; i < position; i++) previous = AuditChain.HashOf(previous, Act(i));
        var act = Act(1_000);
        return $"INSERT INTO audit (at, actor, action, subject, detail, position, previous, hash) VALUES ({act.At}, '{act.Actor}', '{act.Action}', '{act.Subject}', '{act.Detail}', {position}, '{previous}', '{AuditChain.HashOf(previous, act)}')";
    }

    private static AuditAct Act(int i) => new() { At = i, Actor = "user:1", Action = "test.act", Subject = $"thing:{i}", Detail = $"Act {i}" };

    private static Task AddAsync(Database database, int entries) => database.WriteAsync(transaction =>
    {
        for (var i = 1; i <= entries; i++) AuditChain.Append(transaction, Act(i));
        return Task.CompletedTask;
    });

    private static Task FailAsync(Database database, AuditStore store) => database.WriteAsync(async transaction =>
    {
        await store.AppendAsync(transaction, "user:1", "test.undone", "thing:1");
        throw new InvalidOperationException("Undone.");
    });

    internal static async Task DropAsync(System.Data.Common.DbTransaction transaction)
    {
        var on = transaction.Connection is Npgsql.NpgsqlConnection ? " ON audit" : "";
        foreach (var trigger in (string[])["audit_placed", "audit_kept", "audit_whole"]) await transaction.Connection!.ExecuteAsync($"DROP TRIGGER {trigger}{on}", transaction: transaction);
    }

    private static AuditStore Store(Database database) => new(database, new FakeTimeProvider());

    private static Task<int> ExecuteAsync(Database database, string sql) => database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, transaction: t));
}
