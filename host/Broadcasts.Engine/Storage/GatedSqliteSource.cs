using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Storage;

/// <summary>
/// Gives Orleans' grain storage its SQLite connections, one out at a time: waiting is an asynchronous queue instead of a pool thread
/// that sleeps inside SQLite.
/// </summary>
internal sealed class GatedSqliteSource(string path) : DbDataSource
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly SqlitePool _pool = new(StringOf(path), "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL;");

    public override string ConnectionString { get; } = StringOf(path);

    /// <summary>Creates the tables of grain storage.</summary>
    public void Migrate()
    {
        using (var connection = new SqliteConnection(ConnectionString))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL;";
            command.ExecuteNonQuery();
        }

        Migrations.Run(new SqliteDialect(), ConnectionString, "Broadcasts.Storage.Orleans.sqlite.");
    }

    // Orleans opens its connections by the source.
    protected override DbConnection CreateDbConnection() => new SqliteConnection(ConnectionString);

    protected override DbConnection OpenDbConnection()
    {
        _gate.Wait();
        return OpenNow();
    }

    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return OpenNow();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _pool.Dispose();
        base.Dispose(disposing);
    }

    private DbConnection OpenNow()
    {
        try
        {
            return _pool.Open(() => _gate.Release());
        }
        catch
        {
            _gate.Release();
            throw;
        }
    }

    private static string StringOf(string path) => new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString();
}
