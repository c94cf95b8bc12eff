using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>
/// The audience of a resend, on the child's channel or, when it has several, on each row's own: the parent's rows that failed for a reason that can pass and the
/// later parts that fell with them, and those that a cancel left over.
/// </summary>
internal sealed class RetryFreeze(DbTransaction transaction, Broadcast broadcast, long parentId, long? channelId, DueTimes dueTimes, long now)
{
    private static readonly string Retryable = string.Join(", ", RetryPolicy.Retryable.Select(r => (int)r));

    private static readonly string EarlierSql = $"SELECT 1 FROM deliveries f WHERE f.id >= d.id - 4 AND f.id < d.id AND {PartsOfOne.Condition("f", "d")} AND";

    /// <summary>Rows that a resend takes, over <c>deliveries d</c>. Nobody gets a later part whose earlier one is in doubt, or failed for good.</summary>
    public static readonly string Condition = $"""
        ((d.status = 5 AND d.reason IN ({Retryable}))
          OR (d.status = 6 AND d.reason = 106 AND EXISTS ({EarlierSql} f.status = 5 AND f.reason IN ({Retryable})))
          OR (d.status = 6 AND d.reason = 108 AND NOT EXISTS ({EarlierSql} (f.status = 7 OR (f.status = 5 AND f.reason NOT IN ({Retryable}))))))
        """;

    private static readonly string InsertSql = $"""
        INSERT INTO deliveries (id, contact_id, contact_revision, address_id, channel_id, part, status, reason, due_at, ended_at, attempt)
        SELECT @base + ROW_NUMBER() OVER (ORDER BY COALESCE(@channel, d.channel_id), d.id), d.contact_id, COALESCE(c.revision, d.contact_revision), d.address_id, COALESCE(@channel, d.channel_id), d.part,
               CASE WHEN c.id IS NULL OR c.blocked_at IS NOT NULL THEN 6 ELSE 0 END,
               CASE WHEN c.id IS NULL THEN 110 WHEN c.blocked_at IS NOT NULL THEN 102 END,
               CASE WHEN c.id IS NOT NULL AND c.blocked_at IS NULL AND EXISTS ({EarlierSql} f.status IN (5, 6)) THEN 9223372036854775807 END,
               CASE WHEN c.id IS NULL OR c.blocked_at IS NOT NULL THEN @now END, 0
          FROM deliveries d
          LEFT JOIN contacts c ON c.id = d.contact_id
         WHERE d.id BETWEEN @from AND @to
           AND {Condition}
         ORDER BY d.id
        """;

    private const string CountSql = "SELECT COUNT(DISTINCT contact_id) FROM deliveries WHERE id BETWEEN @from AND @to";

    private const string DoneSql = """
        UPDATE broadcasts SET freeze_done = 1, freeze_position = @rows, recipients = @recipients, updated_at = @now WHERE id = @id AND freeze_done = 0
        """;

    public async Task<bool> RunAsync()
    {
        var connection = transaction.Connection!;
        var first = DeliveryId.Of(broadcast.Id, 1);
        var rows = await connection.ExecuteAsync(InsertSql,
            new { @base = DeliveryId.First(broadcast.Id), channel = channelId, now, from = DeliveryId.First(parentId), to = DeliveryId.Last(parentId) }, transaction);
        var last = first + rows - 1;
        var recipients = rows == 0 ? 0 : await connection.QuerySingleAsync<long>(CountSql, new { from = first, to = last }, transaction);
        if (rows > 0) await dueTimes.FreezeAsync(transaction, broadcast, first, last, now);
        if (rows > 0) await AudienceFreezer.AddSlicesAsync(transaction, broadcast.Id, first, last);
        await connection.ExecuteAsync(DoneSql, new { id = broadcast.Id, rows, recipients, now }, transaction);
        return true;
    }
}
