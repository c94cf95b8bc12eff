using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Merge;

/// <summary>
/// Whoever writes rows for contacts that were found a moment ago does so side by side with the others; a merge takes a contact away from under its id and is
/// alone. Call either first in the transaction.
/// </summary>
internal static class ContactTurns
{
    private const long Key = 0x426D7267;

    public static Task ShareAsync(SqlDialect dialect, DbTransaction transaction) => RunAsync(transaction, dialect.ShareTurn(Key));

    public static Task AloneAsync(SqlDialect dialect, DbTransaction transaction) => RunAsync(transaction, dialect.TakeTurns(Key, "true"));

    private static Task RunAsync(DbTransaction transaction, string? sql) => sql is null ? Task.CompletedTask : transaction.Connection!.ExecuteAsync(sql, transaction: transaction);
}
