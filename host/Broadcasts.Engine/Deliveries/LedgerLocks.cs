using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>
/// The order in which a ledger transaction takes its locks: recipient limits, rows, slices, each by id. Two that took theirs crosswise would wait in a
/// circle, and the database looks for those only once a second.
/// </summary>
internal sealed class LedgerLocks(SqlDialect dialect)
{
    private readonly string? _limitsSql = Locking($"""
        SELECT id FROM recipient_limits
         WHERE id IN (SELECT recipient_limit_id FROM channels WHERE {dialect.InList("id", "@channels")})
         ORDER BY id
        """, dialect);

    private readonly string? _slicesSql = Locking($"SELECT id FROM slices WHERE {dialect.InList("id", "@slices")} ORDER BY id", dialect);

    /// <summary>The recipient limits of channels, before anything else.</summary>
    public Task LimitsAsync(DbTransaction transaction, IReadOnlyCollection<long> channels) =>
        _limitsSql is null || channels.Count < 2 ? Task.CompletedTask : transaction.Connection!.ExecuteAsync(_limitsSql, new { channels = dialect.List(channels) }, transaction);

    /// <summary>All slices that the transaction will change.</summary>
    public Task SlicesAsync(DbTransaction transaction, IReadOnlyCollection<long> slices) =>
        _slicesSql is null || slices.Count < 2 ? Task.CompletedTask : transaction.Connection!.ExecuteAsync(_slicesSql, new { slices = dialect.List(slices) }, transaction);

    // A writer that is alone needs none.
    private static string? Locking(string sql, SqlDialect dialect) => dialect.ForUpdate.Length > 0 ? $"{sql} {dialect.ForUpdate}" : null;
}
