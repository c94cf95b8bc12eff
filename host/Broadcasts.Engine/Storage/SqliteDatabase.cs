using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Storage;

/// <summary>The embedded database: one file in WAL mode, one writer at a time in arrival order, many readers.</summary>
internal sealed class SqliteDatabase : Database
{
    private readonly string _write;
    private readonly SqlitePool _readers;
    private readonly SemaphoreSlim _writer = new(1, 1);
    private SqliteConnection? _writing;

    public SqliteDatabase(string path)
    {
        SqliteProcess.Prepare();
        var builder = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30, ForeignKeys = true };
        _write = builder.ToString();
        builder.Mode = SqliteOpenMode.ReadOnly;
        _readers = new SqlitePool(builder.ToString(), "PRAGMA busy_timeout = 10000; PRAGMA query_only = 1; PRAGMA temp_store = MEMORY;");
    }

    public override SqlDialect Dialect { get; } = new SqliteDialect();

    public override ValueTask<DbConnection> OpenReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(_readers.Open());
    }

    public override void Migrate()
    {
        using (var connection = new SqliteConnection(_write))
        {
            connection.Open();
            Execute(connection, "PRAGMA journal_mode = WAL;");
        }

        Migrations.Run(Dialect, _write, "Broadcasts.Storage.Migrations.");
    }

    public override async ValueTask DisposeAsync()
    {
        await _writer.WaitAsync();
        _writing?.Dispose();
        _writing = null;
        _readers.Dispose();
        _writer.Dispose();
    }

    protected override async Task<T> WriteOnceAsync<T>(Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken)
    {
        // A queue in arrival order instead of SQLite's own busy loop, which lets one writer starve for seconds.
        await _writer.WaitAsync(cancellationToken);
        try
        {
            _writing ??= OpenWriter();
            return await RunAsync(_writing, c => new(((SqliteConnection)c).BeginTransaction(deferred: false)), write, cancellationToken);
        }
        catch (SqliteException)
        {
            // A connection that saw a full disk or a lost file is not used again.
            _writing?.Dispose();
            _writing = null;
            throw;
        }
        finally
        {
            _writer.Release();
        }
    }

    private SqliteConnection OpenWriter()
    {
        var connection = new SqliteConnection(_write);
        connection.Open();
        Execute(connection, "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -20480; PRAGMA wal_autocheckpoint = 16384;");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
