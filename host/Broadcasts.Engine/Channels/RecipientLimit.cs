using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Channels;

/// <summary>
/// How many different addresses an account may write to in any so long time, beside its rates: WhatsApp's messaging limit. Somebody whose own message has opened the
/// transport's messaging window does not count.
/// </summary>
/// <param name="Count">How many.</param>
/// <param name="PerMs">In which time, milliseconds; it rolls.</param>
/// <param name="Account">Channels that name the same account, whatever the case, share one limit; null for a limit of the channel's own.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.RecipientLimit")]
public sealed record RecipientLimit([property: Id(0)] int Count, [property: Id(1)] long PerMs, [property: Id(2)] string? Account)
{
    /// <summary>What a number is told that is none.</summary>
    public const string BadCount = "A limit of different recipients is a whole number from 1 on. Leave it blank for any number.";

    private const int LongestAccount = 100;

    /// <summary>The limit as it is shown.</summary>
    public SendRate Rate => new(Count, PerMs);

    /// <summary>What is wrong with it.</summary>
    public IEnumerable<Problem> Check()
    {
        if (Count < 1 || PerMs is < 1000 or > ChannelLimits.LongestPeriod) yield return new Problem("recipients", "badRecipients", BadCount);
        if (Account?.Trim().Length is 0 or > LongestAccount) yield return new Problem("recipients.account", "badName", $"An account's name has 1 to {LongestAccount} characters.", $"{LongestAccount}");
    }
}

/// <summary>A recipient limit as people see it.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Used">Addresses that it counts now.</param>
/// <param name="FullUntil">When it has room again, Unix milliseconds; null while it has.</param>
internal sealed record RecipientLimitView(RecipientLimit Limit, int Used, long? FullUntil);

/// <summary>The limits' rows. What is under them is counted by the claims, in their own transaction.</summary>
internal sealed class RecipientLimits(Database database, TimeProvider time)
{
    private const string LimitSql = """
        SELECT r.id, r.account, r.most, r.per_ms FROM recipient_limits r JOIN channels c ON c.recipient_limit_id = r.id WHERE c.id = @channel
        """;

    private const string UsedSql = "SELECT COUNT(*) FROM reached WHERE limit_id = @id AND at > @since";

    private const string OldestSql = "SELECT at FROM reached WHERE limit_id = @id AND at > @since ORDER BY at LIMIT 1 OFFSET @skip";

    /// <summary>The limit of a channel; null when it has none.</summary>
    public Task<RecipientLimitView?> LookAsync(long channel) => database.ReadAsync(async connection =>
    {
        if (await connection.QuerySingleOrDefaultAsync<Row>(LimitSql, new { channel }) is not { } row) return null;
        var since = time.Now() - row.PerMs;
        var used = (int)await connection.QuerySingleAsync<long>(UsedSql, new { id = row.Id, since });
        long? oldest = used < row.Most ? null : await connection.QuerySingleAsync<long>(OldestSql, new { id = row.Id, since, skip = used - row.Most });
        return new RecipientLimitView(new RecipientLimit(row.Most, row.PerMs, row.Account), used, oldest + row.PerMs);
    });

    private const string HasLimitSql = "SELECT recipient_limit_id FROM channels WHERE id = @id";

    // A limit of the channel's own is found by the channel, one of an account by its name.
    private const string FindLimitSql = """
        SELECT r.id FROM recipient_limits r LEFT JOIN channels c ON c.recipient_limit_id = r.id AND c.id = @id
         WHERE (@key IS NULL AND r.account_key IS NULL AND c.id IS NOT NULL) OR r.account_key = @key
        """;

    private const string AddLimitSql = "INSERT INTO recipient_limits (account, account_key, most, per_ms) VALUES (@account, @key, @most, @perMs) RETURNING id";

    private const string ChangeLimitSql = "UPDATE recipient_limits SET account = @account, most = @most, per_ms = @perMs WHERE id = @limit";

    private const string UseLimitSql = "UPDATE channels SET recipient_limit_id = @limit WHERE id = @id";

    private const string DropCountsSql = "DELETE FROM reached WHERE limit_id NOT IN (SELECT recipient_limit_id FROM channels WHERE recipient_limit_id IS NOT NULL)";

    private const string DropLimitsSql = "DELETE FROM recipient_limits WHERE id NOT IN (SELECT recipient_limit_id FROM channels WHERE recipient_limit_id IS NOT NULL)";

    // A limit that a channel comes under counts what the channel has sent already, as the ledger has it.
    private const string CountSentSql = """
        INSERT INTO reached (limit_id, address_id, at)
        SELECT CAST(@limit AS BIGINT), d.address_id, MAX(COALESCE(d.sent_at, d.ended_at, @now))
          FROM broadcasts b JOIN deliveries d ON d.id BETWEEN b.id * 4294967296 AND b.id * 4294967296 + 4294967295
         WHERE (b.kind <> 0 OR b.status IN (2, 3) OR b.finished_at > @since)
           AND d.channel_id = @id AND d.address_id IS NOT NULL AND d.status IN (1, 2, 3, 4, 5, 7) AND COALESCE(d.sent_at, d.ended_at, @now) > @since
         GROUP BY d.address_id
        ON CONFLICT (limit_id, address_id) DO UPDATE SET at = CASE WHEN excluded.at > reached.at THEN excluded.at ELSE reached.at END
        """;

    private const string RecountSql = "UPDATE recipient_limits SET used = (SELECT COUNT(*) FROM reached WHERE limit_id = @limit) WHERE id = @limit";

    /// <summary>Puts a channel under a limit, or under none. What it counts already stays; what the channel has sent already is counted too.</summary>
    public static async Task SetAsync(DbTransaction transaction, long id, RecipientLimit? recipients, long now)
    {
        var connection = transaction.Connection!;
        var before = await connection.QuerySingleAsync<long?>(HasLimitSql, new { id }, transaction);
        if (before is null && recipients is null) return;
        long? limit = null;
        if (recipients is not null)
        {
            var account = recipients.Account?.Trim();
            var values = new { id, account, key = account?.ToLowerInvariant(), most = recipients.Count, perMs = recipients.PerMs };
            limit = await connection.QuerySingleOrDefaultAsync<long?>(FindLimitSql, values, transaction);
            if (limit is null) limit = await connection.QuerySingleAsync<long>(AddLimitSql, values, transaction);
            else await connection.ExecuteAsync(ChangeLimitSql, new { limit, account, most = recipients.Count, perMs = recipients.PerMs }, transaction);
        }

        if (limit == before) return;
        await connection.ExecuteAsync(UseLimitSql, new { id, limit }, transaction);
        await DropUnusedAsync(transaction);
        if (limit is null) return;
        await connection.ExecuteAsync(CountSentSql, new { id, limit, now, since = now - recipients!.PerMs }, transaction);
        await connection.ExecuteAsync(RecountSql, new { limit }, transaction);
    }

    /// <summary>Takes away limits that no channel is under.</summary>
    public static async Task DropUnusedAsync(DbTransaction transaction)
    {
        await transaction.Connection!.ExecuteAsync(DropCountsSql, transaction: transaction);
        await transaction.Connection!.ExecuteAsync(DropLimitsSql, transaction: transaction);
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public string? Account { get; init; }

        public int Most { get; init; }

        public long PerMs { get; init; }
    }
}
