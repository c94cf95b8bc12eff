using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Counts the different addresses that an account writes to, in the transaction of the claims that it limits: two processes never both take the last place.</summary>
internal sealed class ReachedAddresses(SqlDialect dialect)
{
    /// <summary>What has left a limit is taken out of its count so many at a time: a night's worth does not hold up one claim.</summary>
    private const int MostOut = 1000;

    /// <summary>A condition on the row <c>d</c>: its address is counted already, or its own message opened a window in which it does not count.</summary>
    public const string IsFree = """
        (EXISTS (SELECT 1 FROM reached r WHERE r.limit_id = @limit AND r.address_id = d.address_id)
         OR EXISTS (SELECT 1 FROM addresses a WHERE a.id = d.address_id AND a.last_inbound_at > @openSince))
        """;

    private readonly string _limitSql = $"SELECT id, most, per_ms, used FROM recipient_limits WHERE id = @id {dialect.ForUpdate}";

    private static readonly string OutSql = $"""
        DELETE FROM reached WHERE limit_id = @id AND address_id IN (SELECT address_id FROM reached WHERE limit_id = @id AND at <= @since ORDER BY at LIMIT {MostOut})
        """;

    private const string OldestSql = "SELECT at FROM reached WHERE limit_id = @id ORDER BY at LIMIT 1 OFFSET @skip";

    private readonly string _insertSql = $"""
        INSERT INTO reached (limit_id, address_id, at)
        SELECT DISTINCT CAST(@limit AS BIGINT), d.address_id, CAST(@at AS BIGINT)
          FROM deliveries d LEFT JOIN addresses a ON a.id = d.address_id
         WHERE {dialect.InList("d.id", "@ids")} AND d.address_id IS NOT NULL AND (a.last_inbound_at IS NULL OR a.last_inbound_at <= @openSince)
        ON CONFLICT (limit_id, address_id) DO NOTHING
        """;

    private readonly string _againSql = $"""
        UPDATE reached SET at = @at WHERE limit_id = @limit AND address_id IN (SELECT address_id FROM deliveries d WHERE {dialect.InList("d.id", "@ids")})
        """;

    private const string RecountSql = "UPDATE recipient_limits SET used = (SELECT COUNT(*) FROM reached WHERE limit_id = @id) WHERE id = @id";

    private const string UsedSql = "UPDATE recipient_limits SET used = used + @more WHERE id = @id";

    /// <summary>What a limit has room for. Others that want it wait until the transaction ends.</summary>
    public async Task<RecipientRoom> LookAsync(DbTransaction transaction, long limit, long now)
    {
        var connection = transaction.Connection!;
        var row = await connection.QuerySingleAsync<LimitRow>(_limitSql, new { id = limit }, transaction);
        var gone = await connection.ExecuteAsync(OutSql, new { id = limit, since = now - row.PerMs }, transaction);
        if (gone > 0) await connection.ExecuteAsync(UsedSql, new { id = limit, more = -gone }, transaction);
        var used = row.Used - gone;
        if (used < row.Most) return new RecipientRoom(limit, row.Most - used, now);
        var oldest = await connection.QuerySingleOrDefaultAsync<long?>(OldestSql, new { id = limit, skip = used - row.Most }, transaction);
        // Fewer are there than were counted: somebody took some away by hand.
        if (oldest is null) await connection.ExecuteAsync(RecountSql, new { id = limit }, transaction);
        return new RecipientRoom(limit, 0, oldest + row.PerMs ?? now);
    }

    /// <summary>Counts the addresses of rows that are claimed.</summary>
    /// <param name="transaction">The claim's.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="at">The last moment at which they may be handed over, Unix milliseconds.</param>
    /// <param name="openSince">Who wrote after this moment does not count, Unix milliseconds.</param>
    public async Task AddAsync(DbTransaction transaction, long limit, IReadOnlyCollection<long> rows, long at, long openSince)
    {
        var connection = transaction.Connection!;
        var parameters = new { limit, ids = dialect.List(rows), at, openSince };
        await connection.ExecuteAsync(_againSql, parameters, transaction);
        var added = await connection.ExecuteAsync(_insertSql, parameters, transaction);
        if (added > 0) await connection.ExecuteAsync(UsedSql, new { id = limit, more = added }, transaction);
    }

    private sealed class LimitRow
    {
        public int Most { get; init; }

        public long PerMs { get; init; }

        public int Used { get; init; }
    }
}

/// <summary>What a recipient limit has room for.</summary>
/// <param name="Limit">The limit's id.</param>
/// <param name="Left">Addresses that may still be added.</param>
/// <param name="FreeAt">When there is room, Unix milliseconds.</param>
internal sealed record RecipientRoom(long Limit, int Left, long FreeAt);
