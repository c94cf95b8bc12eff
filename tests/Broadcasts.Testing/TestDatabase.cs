using Broadcasts.Storage;
using Microsoft.Data.Sqlite;
using Npgsql;
using Xunit;

namespace Broadcasts.Testing;

/// <summary>A fresh, migrated database of its own for one test or one class; gone afterwards.</summary>
/// <example>
/// <code>
/// [Theory]
/// [MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
/// public async Task AddAsync_NewContact_CanBeRead(string provider)
/// {
///     await using var database = await TestDatabase.CreateAsync(provider);
/// </code>
/// </example>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly TempFolder? _folder;
    private readonly string? _postgresName;

    private TestDatabase(string provider, string connectionString, Database database, TempFolder? folder, string? postgresName)
    {
        Provider = provider;
        ConnectionString = connectionString;
        Database = database;
        _folder = folder;
        _postgresName = postgresName;
    }

    /// <summary>The databases that every store must work on.</summary>
    public static TheoryData<string> Providers { get; } = ["sqlite", "postgres"];

    /// <summary>As in <c>Broadcasts:Database:Provider</c>.</summary>
    public string Provider { get; }

    /// <summary>On SQLite the path of the file, on PostgreSQL the connection string.</summary>
    public string ConnectionString { get; }

    internal Database Database { get; }

    /// <summary>Creates and migrates one. On PostgreSQL the test is skipped, or with CI=true fails, when there is no server.</summary>
    public static async Task<TestDatabase> CreateAsync(string provider, bool migrate = true)
    {
        var created = provider switch
        {
            "sqlite" => CreateSqlite(),
            "postgres" => await CreatePostgresAsync(),
            _ => throw new ArgumentException($"There is no database '{provider}'. Use sqlite or postgres.", nameof(provider)),
        };
        try
        {
            if (migrate) created.Database.Migrate();
            return created;
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder?.Dispose();
        if (_postgresName is not null) await ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {_postgresName} WITH (FORCE)");
    }

    private static TestDatabase CreateSqlite()
    {
        var folder = new TempFolder();
        var path = folder.File("broadcasts.db");

        // What the first step of a migration would do: a reader can't open a file that is not there.
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL";
            command.ExecuteNonQuery();
        }

        return new TestDatabase("sqlite", path, new SqliteDatabase(path), folder, null);
    }

    private static async Task<TestDatabase> CreatePostgresAsync()
    {
        var name = $"test_{Guid.NewGuid():N}";
        var server = Requirements.Postgres;
        await ExecuteOnServerAsync($"CREATE DATABASE {name}");

        // A pool of its own per database, closed with it: hundreds of tests must not pile connections up.
        var connectionString = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ToString();
        return new TestDatabase("postgres", connectionString, new PostgresDatabase(connectionString), null, name);
    }

    private static async Task ExecuteOnServerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Requirements.Postgres) { Pooling = false }.ToString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
