using System.Data.Common;
using Dapper;

namespace Broadcasts.Storage;

/// <summary>The one database of this installation. Reads run side by side; writes are short transactions, retried when the database asks for it.</summary>
internal abstract class Database : IAsyncDisposable
{
    private const int MaxTries = 5;

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

    /// <summary>Creates or upgrades the tables.</summary>
    /// <exception cref="SchemaException">The database was written by a newer version, or a step failed.</exception>
    public abstract void Migrate();

    public abstract ValueTask DisposeAsync();

    /// <summary>Opens a connection, begins, runs, commits; rolls back on any exception.</summary>
    protected abstract Task<T> WriteOnceAsync<T>(Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken);

    protected static async Task<T> RunAsync<T>(DbConnection connection, Func<DbConnection, ValueTask<DbTransaction>> begin, Func<DbTransaction, Task<T>> write, CancellationToken cancellationToken)
    {
        await using var transaction = await begin(connection);
        var result = await write(transaction);
        await transaction.CommitAsync(cancellationToken);
        return result;
    }
}

/// <summary>The tables can't be brought to the version that this program needs.</summary>
internal sealed class SchemaException(string message, Exception? inner = null) : Exception(message, inner);
