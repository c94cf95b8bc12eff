using Broadcasts.Storage;
using Npgsql;

namespace Broadcasts.Testing;

/// <summary>One migrated database per provider and process, of which every test gets a copy: migrating takes longer than most tests.</summary>
internal static class MigratedTemplates
{
    private static readonly Lazy<byte[]> SqliteFile = new(MigrateSqlite);
    private static readonly Lazy<string> PostgresName = new(MigratePostgres);

    /// <summary>The bytes of a migrated file.</summary>
    public static byte[] Sqlite => SqliteFile.Value;

    /// <summary>Name of a migrated database on the server. Nothing is connected to it.</summary>
    public static string Postgres => PostgresName.Value;

    private static byte[] MigrateSqlite()
    {
        using var folder = new TempFolder();
        var path = folder.File("template.db");
        TestDatabase.CreateEmptyFile(path);
        var database = new SqliteDatabase(path);
        database.Migrate();

        // Closing the last connection moves the log into the file.
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        return File.ReadAllBytes(path);
    }

    private static string MigratePostgres()
    {
        var name = $"test_template_{Guid.NewGuid():N}";
        ExecuteOnServer($"CREATE DATABASE {name}");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => ExecuteOnServer($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        var connectionString = new NpgsqlConnectionStringBuilder(Requirements.Postgres) { Database = name, Pooling = false }.ToString();
        var database = new PostgresDatabase(connectionString);

        // Without pools, as given by the connection string: a database that something is connected to can't be copied.
        using (database.DataSource) database.Migrate();
        return name;
    }

    private static void ExecuteOnServer(string sql)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Requirements.Postgres) { Pooling = false }.ToString());
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
