using System.Data.Common;
using Dapper;

namespace Broadcasts.Storage;

/// <summary>
/// Held while a process does a piece of work that no other shall do beside it. On PostgreSQL a lock of a session of its own, which the server lets go when the process dies; on SQLite nothing is
/// needed, because one process alone has the file.
/// </summary>
internal sealed class AliveLock(DbConnection? connection) : IAsyncDisposable
{
    private const string TakeSql = "SELECT pg_try_advisory_lock(@key)";

    private const string ReleaseSql = "SELECT pg_advisory_unlock_all()";

    /// <summary>The lock; null when a living process has it.</summary>
    /// <param name="database">The database.</param>
    /// <param name="key">The work: a number of its kind in the upper half, its id in the lower one.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public static async Task<AliveLock?> TryTakeAsync(Database database, long key, CancellationToken cancellationToken)
    {
        if (!database.Dialect.IsPostgres) return new AliveLock(null);

        var connection = await database.OpenReadAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(TakeSql, new { key })) return new AliveLock(connection);

        await connection.DisposeAsync();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is null) return;
        // The connection goes back into a pool and would take the lock along.
        if (connection.State == System.Data.ConnectionState.Open) await connection.ExecuteAsync(ReleaseSql);
        await connection.DisposeAsync();
    }
}
