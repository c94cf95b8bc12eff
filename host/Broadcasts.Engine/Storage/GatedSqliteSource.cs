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

    public override string ConnectionString { get; } = new SqliteConnectionStringBuilder { DataSource = path, Pooling = true, DefaultTimeout = 10 }.ToString();

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

    protected override DbConnection CreateDbConnection() => new GatedConnection(ConnectionString, null);

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

    private GatedConnection OpenNow()
    {
        var connection = new GatedConnection(ConnectionString, _gate);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL;";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private sealed class GatedConnection(string connectionString, SemaphoreSlim? gate) : SqliteConnection(connectionString)
    {
        private SemaphoreSlim? _gate = gate;

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            Interlocked.Exchange(ref _gate, null)?.Release();
        }
    }
}
