using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Broadcasts.Engine.Tests.Storage;

/// <summary>What every store relies on, held on both databases.</summary>
public sealed class DatabaseTests
{
    private const string CreateSql = "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, name TEXT NULL)";
    private const string InsertSql = "INSERT INTO things (id, name) VALUES (@id, @name)";
    private const string CountSql = "SELECT COUNT(*) FROM things";

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Migrate_Twice_ChangesNothing(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var before = await StepsAsync(test);

        test.Database.Migrate();

        Assert.Equal(before, await StepsAsync(test));
        Assert.NotEmpty(before);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Migrate_DatabaseOfANewerVersion_IsRefusedByName(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(
            "UPDATE schema_versions SET scriptname = 'Broadcasts.Storage.Migrations.9999_future.sql' WHERE scriptname = (SELECT MAX(scriptname) FROM schema_versions)", transaction: t));

        var refusal = Assert.Throws<SchemaException>(test.Database.Migrate);

        Assert.Contains("9999_future", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", refusal.Message, StringComparison.Ordinal);
    }

    // The provider's own pool lends one connection to two owners now and then (https://github.com/dotnet/efcore/issues/39008), and that ends the process.
    [Fact]
    public async Task OpenReadAsync_ManyAtOnce_NobodyGetsTheConnectionOfAnother()
    {
        await using var test = await TestDatabase.CreateAsync("sqlite");
        for (var wave = 0; wave < 200; wave++)
        {
            await using var database = new SqliteDatabase(test.ConnectionString);
            using var barrier = new Barrier(8);
            var open = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() =>
            {
                barrier.SignalAndWait(TestContext.Current.CancellationToken);
                return database.OpenReadAsync().AsTask();
            }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

            Assert.Equal(8, open.Select(HandleOf).Distinct().Count());
            foreach (var connection in open) await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task OpenReadAsync_GivenBackTwice_IsBackOnce()
    {
        await using var test = await TestDatabase.CreateAsync("sqlite");
        var first = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        var handle = HandleOf(first);
        await first.DisposeAsync();
        await first.DisposeAsync();

        await using var second = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        await using var third = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        await first.DisposeAsync();
        await using var fourth = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(handle, HandleOf(second));
        Assert.Equal(3, new[] { second, third, fourth }.Select(HandleOf).Distinct().Count());
        Assert.Throws<ObjectDisposedException>(first.CreateCommand);
    }

    [Fact]
    public async Task OpenReadAsync_GivenBackWithATransaction_DoesNotComeAgain()
    {
        await using var test = await WithThingsAsync("sqlite");
        var first = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        await first.BeginTransactionAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await first.QuerySingleAsync<int>(CountSql));
        await first.DisposeAsync();
        await test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(InsertSql, new { id = 1, name = "a" }, t));

        Assert.Equal(1, await CountAsync(test));
    }

    [Fact]
    public async Task OpenReadAsync_GivenBackWithAForgottenCommand_LeavesNothingToTheFinalizer()
    {
        await using var test = await WithThingsAsync("sqlite");
        var first = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        var handle = HandleOf(first);
        var forgotten = first.CreateCommand();
        forgotten.CommandText = "SELECT 1 UNION ALL SELECT 2";
        var reader = await forgotten.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        await first.DisposeAsync();

        Assert.True(reader.IsClosed);
        await using var second = await test.Database.OpenReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(handle, HandleOf(second));
    }

    private static IntPtr HandleOf(System.Data.Common.DbConnection connection)
    {
        using var command = (SqliteCommand)connection.CreateCommand();
        return command.Connection!.Handle!.DangerousGetHandle();
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task WriteAsync_BodyThrows_LeavesNothing(string provider)
    {
        await using var test = await WithThingsAsync(provider);

        await Assert.ThrowsAsync<InvalidOperationException>(() => test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(InsertSql, new { id = 1, name = "a" }, t);
            throw new InvalidOperationException("stop");
        }));

        Assert.Equal(0, await CountAsync(test));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task WriteAsync_TransientFailure_RunsTheBodyAgainOnACleanSlate(string provider)
    {
        await using var test = await WithThingsAsync(provider);
        var runs = 0;

        await test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(InsertSql, new { id = 1, name = "a" }, t);
            if (++runs == 1) throw Transient(provider);
        });

        Assert.Equal(2, runs);
        Assert.Equal(1, await CountAsync(test));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task WriteAsync_AlwaysTransient_GivesUpWithTheDatabasesOwnError(string provider)
    {
        await using var test = await WithThingsAsync(provider);
        var runs = 0;

        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => test.Database.WriteAsync(_ =>
        {
            runs++;
            return Task.FromException(Transient(provider));
        }));

        Assert.Equal(5, runs);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task WriteAsync_ManyAtOnce_LosesNothing(string provider)
    {
        await using var test = await WithThingsAsync(provider);
        await test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(InsertSql, new { id = 0, name = "0" }, t));

        await Task.WhenAll(Enumerable.Range(1, 40).Select(id => test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(InsertSql, new { id, name = "n" }, t);
            await t.Connection!.ExecuteAsync("UPDATE things SET name = CAST(CAST(name AS INTEGER) + 1 AS TEXT) WHERE id = 0", transaction: t);
        })));

        Assert.Equal(41, await CountAsync(test));
        Assert.Equal("40", await test.Database.ReadAsync(c => c.ExecuteScalarAsync<string>("SELECT name FROM things WHERE id = 0")));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ReadAsync_WhileAWriterWaits_SeesWhatWasCommitted(string provider)
    {
        await using var test = await WithThingsAsync(provider);

        await test.Database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(InsertSql, new { id = 1, name = "a" }, t);

            Assert.Equal(0, await CountAsync(test));
        });

        Assert.Equal(1, await CountAsync(test));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task IsUniqueViolation_TwiceTheSameKey_IsKnown(string provider)
    {
        await using var test = await WithThingsAsync(provider);
        Task AddAsync() => test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(InsertSql, new { id = 1, name = "a" }, t));
        await AddAsync();

        var error = await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(AddAsync);

        Assert.True(test.Database.Dialect.IsUniqueViolation(error));
        Assert.False(test.Database.Dialect.IsTransient(error));
        Assert.False(test.Database.Dialect.IsDiskFull(error));
    }

    [Fact]
    public async Task OpenReadAsync_OnSqlite_RefusesToWrite()
    {
        await using var test = await WithThingsAsync("sqlite");

        await Assert.ThrowsAsync<SqliteException>(() => test.Database.ReadAsync(c => c.ExecuteAsync(InsertSql, new { id = 1, name = "a" })));
    }

    private static Exception Transient(string provider) =>
        provider == "sqlite" ? new SqliteException("busy", 5) : new PostgresException("could not serialize access", "ERROR", "ERROR", "40001");

    private static async Task<TestDatabase> WithThingsAsync(string provider)
    {
        var test = await TestDatabase.CreateAsync(provider, migrate: false);
        await test.Database.WriteAsync(t => t.Connection!.ExecuteAsync(CreateSql, transaction: t));
        return test;
    }

    private static Task<long> CountAsync(TestDatabase test) => test.Database.ReadAsync(c => c.ExecuteScalarAsync<long>(CountSql));

    private static async Task<string[]> StepsAsync(TestDatabase test) =>
        [.. await test.Database.ReadAsync(c => c.QueryAsync<string>("SELECT scriptname FROM schema_versions ORDER BY scriptname"))];
}
