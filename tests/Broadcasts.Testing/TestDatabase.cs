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
    private readonly string? _server;

    private TestDatabase(string provider, string connectionString, Database database, TempFolder? folder, string? postgresName, string? server = null)
    {
        _server = server;
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
    /// <param name="provider">sqlite or postgres.</param>
    /// <param name="migrate">With its tables.</param>
    /// <param name="server">A PostgreSQL of the caller's own, for a database without tables; by default the tests' one.</param>
    public static async Task<TestDatabase> CreateAsync(string provider, bool migrate = true, string? server = null)
    {
        return provider switch
        {
            "sqlite" => CreateSqlite(migrate),
            "postgres" => await CreatePostgresAsync(migrate, server ?? Requirements.Postgres),
            _ => throw new ArgumentException($"There is no database '{provider}'. Use sqlite or postgres.", nameof(provider)),
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder?.Dispose();
        if (_postgresName is not null) await ExecuteOnServerAsync(_server!, $"DROP DATABASE IF EXISTS {_postgresName} WITH (FORCE)");
    }

    /// <summary>A file as the first step of a migration makes it: a reader can't open one that is not there.</summary>
    internal static void CreateEmptyFile(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA journal_mode = WAL";
        command.ExecuteNonQuery();
    }

    private static TestDatabase CreateSqlite(bool migrate)
    {
        var folder = new TempFolder();
        var path = folder.File("broadcasts.db");
        if (migrate) File.WriteAllBytes(path, MigratedTemplates.Sqlite);
        else CreateEmptyFile(path);
        return new TestDatabase("sqlite", path, new SqliteDatabase(path), folder, null);
    }

    private static async Task<TestDatabase> CreatePostgresAsync(bool migrate, string server)
    {
        var name = $"test_{Guid.NewGuid():N}";
        await ExecuteOnServerAsync(server, $"CREATE DATABASE {name} TEMPLATE {(migrate ? MigratedTemplates.Postgres : "template1")}");

        // A pool of its own per database, closed with it: hundreds of tests must not pile connections up.
        var connectionString = new NpgsqlConnectionStringBuilder(server) { Database = name, MaxPoolSize = 20 }.ToString();
        return new TestDatabase("postgres", connectionString, new PostgresDatabase(connectionString), null, name, server);
    }

    private static async Task ExecuteOnServerAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ToString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
