using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Broadcasts.Storage;

/// <summary>Open connections to one file that are used again, each by one owner at a time.</summary>
/// <remarks>
/// The provider's own pool is off: it lends one connection to two owners when one is opened in the moment in which another looks for forgotten ones
/// (https://github.com/dotnet/efcore/issues/39008, 10.0.11). When that is mended, and Dapper's readers dispose their command when they are disposed asynchronously, it can do this work again (decision 0017).
/// </remarks>
/// <param name="connectionString">With <c>Pooling=False</c>.</param>
/// <param name="pragmas">What each connection is told when it is opened.</param>
internal sealed class SqlitePool(string connectionString, string pragmas) : IDisposable
{
    /// <summary>What is open beyond that is closed when it comes back.</summary>
    private const int MostIdle = 32;

    private readonly ConcurrentBag<SqliteConnection> _idle = [];
    private volatile bool _isClosed;

    /// <summary>An open connection; disposing it gives it back.</summary>
    /// <param name="returned">Called when it was given back.</param>
    public DbConnection Open(Action? returned = null)
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        return new Lease(this, _idle.TryTake(out var idle) ? idle : OpenNew(), returned);
    }

    /// <summary>Closes those that are idle, and the others when they come back.</summary>
    public void Dispose()
    {
        _isClosed = true;
        while (_idle.TryTake(out var idle)) idle.Dispose();
    }

    private SqliteConnection OpenNew()
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = pragmas;
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Return(SqliteConnection connection)
    {
        // A transaction that nobody ended would hold what it saw for the next owner too.
        if (_isClosed || _idle.Count >= MostIdle || connection.State != ConnectionState.Open || raw.sqlite3_get_autocommit(connection.Handle!) == 0)
        {
            connection.Dispose();
            return;
        }

        _idle.Add(connection);
        if (_isClosed) Dispose();
    }

    /// <summary>One owner's time with a connection: given back twice, it is back once.</summary>
    private sealed class Lease(SqlitePool pool, SqliteConnection connection, Action? returned) : DbConnection
    {
        // Each is disposed at the latest when the connection is given back: a statement that is left to the finalizer ends on the finalizer's thread, while somebody else works in the connection.
        private readonly List<SqliteCommand> _commands = [];
        private SqliteConnection? _connection = connection;

        [AllowNull]
        public override string ConnectionString
        {
            get => Lent.ConnectionString;
            set => throw new NotSupportedException("The connection is open already.");
        }

        public override string Database => Lent.Database;

        public override string DataSource => Lent.DataSource;

        public override string ServerVersion => Lent.ServerVersion;

        public override ConnectionState State => _connection?.State ?? ConnectionState.Closed;

        private SqliteConnection Lent => _connection ?? throw new ObjectDisposedException(nameof(SqlitePool), "The connection was given back.");

        public override void Open() => throw new NotSupportedException("The connection is open already.");

        public override void Close() => Dispose();

        public override void ChangeDatabase(string databaseName) => Lent.ChangeDatabase(databaseName);

        protected override DbCommand CreateDbCommand()
        {
            var command = Lent.CreateCommand();
            _commands.Add(command);
            return command;
        }

        protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => Lent.BeginTransaction(isolationLevel, deferred: true);

        protected override void Dispose(bool disposing)
        {
            if (disposing && Interlocked.Exchange(ref _connection, null) is { } lent)
            {
                foreach (var command in _commands) command.Dispose();
                pool.Return(lent);
                returned?.Invoke();
            }

            base.Dispose(disposing);
        }
    }
}
