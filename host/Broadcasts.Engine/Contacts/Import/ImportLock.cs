using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Import;

/// <summary>
/// Held while an import runs. On PostgreSQL a lock of a session of its own, which the server lets go when the process dies; on SQLite nothing is
/// needed, because one process alone has the file.
/// </summary>
internal sealed class ImportLock(DbConnection? connection) : IAsyncDisposable
{
    private const long Space = 0x696D7000_00000000;

    private const string TakeSql = "SELECT pg_try_advisory_lock(@key)";

    private const string ReleaseSql = "SELECT pg_advisory_unlock_all()";

    /// <summary>The lock; null when a living process has it.</summary>
    public static async Task<ImportLock?> TryTakeAsync(Database database, long id, CancellationToken cancellationToken)
    {
        if (!database.Dialect.IsPostgres) return new ImportLock(null);

        var connection = await database.OpenReadAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(TakeSql, new { key = Space + id })) return new ImportLock(connection);

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
