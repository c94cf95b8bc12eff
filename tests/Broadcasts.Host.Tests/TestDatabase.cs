using Broadcasts.Storage;
using Npgsql;

namespace Broadcasts.Host.Tests;

/// <summary>An empty database of the current schema: an SQLite file, or a PostgreSQL database of its own when BROADCASTS_TEST_POSTGRES names a server.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly string? _folder;
    private readonly string? _name;

    private TestDatabase(Database database, string? folder, string? name) => (Database, _folder, _name) = (database, folder, name);

    public static string? Server => Environment.GetEnvironmentVariable("BROADCASTS_TEST_POSTGRES") is { Length: > 0 } server ? server : null;

    /// <summary>What a theory runs on.</summary>
    public static IEnumerable<TheoryDataRow<string>> Providers => Server is null ? [new("sqlite")] : [new("sqlite"), new("postgres")];

    public Database Database { get; }

    public static async Task<TestDatabase> CreateAsync(string provider)
    {
        if (provider == "sqlite")
        {
            var folder = Directory.CreateTempSubdirectory("broadcasts-test-").FullName;
            var sqlite = new SqliteDatabase(Path.Combine(folder, "broadcasts.db"));
            sqlite.Migrate();
            return new TestDatabase(sqlite, folder, null);
        }

        var name = "host_test_" + Guid.NewGuid().ToString("N");
        await ExecuteAsync($"CREATE DATABASE {name}");
        var postgres = new PostgresDatabase(ConnectionString(name));
        postgres.Migrate();
        return new TestDatabase(postgres, null, name);
    }

    public static string ConnectionString(string database) => new NpgsqlConnectionStringBuilder(Server) { Database = database }.ToString();

    public static async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
        if (_name is not null) await ExecuteAsync($"DROP DATABASE {_name} WITH (FORCE)");
    }
}
