using System.Data.Common;
using System.Runtime.CompilerServices;
using Dapper;

namespace Broadcasts.Storage;

/// <summary>The one database of this installation. Reads run side by side; writes are short transactions, retried when the database asks for it.</summary>
internal abstract class Database : IAsyncDisposable
{
    private const int MaxTries = 5;

    // Those of the transactions that are open.
    private static readonly ConditionalWeakTable<DbTransaction, Endings> Open = [];

    // Columns are snake_case, properties are not.
    static Database() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <summary>What differs between the databases.</summary>
    public abstract SqlDialect Dialect { get; }

    /// <summary>A connection for reading. On SQLite it refuses writes.</summary>
    public abstract ValueTask<DbConnection> OpenReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Runs reads on one connection.</summary>
    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> read, CancellationToken cancellationToken = default)
    {
        await using var connection = await OpenReadAsync(cancellationToken);
        return await read(connection);
    }

    /// <summary>Runs writes in one transaction. The body may run more than once: it must not change anything but the database.</summary>
    public async Task<T> WriteAsync<T>(Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken = default)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await WriteOnceAsync(write, cancellationToken);
            }
            catch (DbException e) when (tries < MaxTries && Dialect.IsTransient(e))
            {
                // The database undid it all; the same again can work.
            }
        }
    }

    /// <inheritdoc cref="WriteAsync{T}"/>
    public Task WriteAsync(Func<DbTransaction, Task> write, CancellationToken cancellationToken = default) =>
        WriteAsync(async transaction =>
        {
            await write(transaction);
            return 0;
        }, cancellationToken);

    /// <summary>What the transaction gathers for its end: made at the first call and written last, just before the commit.</summary>
    /// <remarks>For what waits for its turn among all writers: behind such a lock nothing else is locked any more, so nobody waits in a circle, and nobody waits for longer than a commit.</remarks>
    /// <exception cref="InvalidOperationException">The transaction is not one of <see cref="WriteAsync{T}"/>, or is at its end.</exception>
    public static T AtEnd<T>(DbTransaction transaction, Func<SqlDialect, DbTransaction, T, Task> write) where T : class, new() =>
        Open.TryGetValue(transaction, out var endings) ? endings.Get(write) : throw new InvalidOperationException("The transaction is not an open one of Database.WriteAsync.");

    /// <summary>Creates or upgrades the tables.</summary>
    /// <exception cref="SchemaException">The database was written by a newer version, or a step failed.</exception>
    public abstract void Migrate();

    public abstract ValueTask DisposeAsync();

    /// <summary>Opens a connection, begins, runs, commits; rolls back on any exception.</summary>
    protected abstract Task<T> WriteOnceAsync<T>(Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken);

    protected async Task<T> RunAsync<T>(DbConnection connection, Func<DbConnection, ValueTask<DbTransaction>> begin, Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken)
    {
        await using var transaction = await begin(connection);
        var endings = new Endings();
        // Npgsql uses the object of one transaction again for the next on the same connection.
        Open.AddOrUpdate(transaction, endings);
        T result;
        try
        {
            result = await write(transaction);
        }
        finally
        {
            Open.Remove(transaction);
        }

        await endings.WriteAsync(Dialect, transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }

    private sealed class Endings
    {
        private readonly List<(object Gathered, Func<SqlDialect, DbTransaction, Task> Write)> _all = [];

        public T Get<T>(Func<SqlDialect, DbTransaction, T, Task> write) where T : class, new()
        {
            if (_all.Select(e => e.Gathered).OfType<T>().FirstOrDefault() is { } known) return known;
            var gathered = new T();
            _all.Add((gathered, (dialect, transaction) => write(dialect, transaction, gathered)));
            return gathered;
        }

        public async Task WriteAsync(SqlDialect dialect, DbTransaction transaction)
        {
            foreach (var (_, write) in _all) await write(dialect, transaction);
        }
    }
}

/// <summary>The tables can't be brought to the version that this program needs.</summary>
internal sealed class SchemaException(string message, Exception? inner = null) : Exception(message, inner);
