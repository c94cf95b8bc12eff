using System.Data.Common;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Writes what happened to rows: status, counts of their slices, later parts, attempts, suppressions; all in one transaction.</summary>
internal sealed class LedgerRecords(SqlDialect dialect)
{
    private static readonly string[] StatusColumns = ["pending", "sending", "sent", "delivered", "read", "failed", "skipped", "unknown"];

    private readonly string _readSql = $"""
        SELECT id, contact_id, claim, part, status, reason, attempt, address_id, channel_id
          FROM deliveries WHERE {dialect.InList("id", "@ids")}
         ORDER BY id {dialect.ForUpdate}
        """;

    private readonly string _updateSql = $"""
        UPDATE deliveries
           SET status = v.status, reason = v.reason, due_at = v.due_at, attempt = v.attempt,
               provider_id = COALESCE(v.provider_id, deliveries.provider_id), provider_key = COALESCE(v.provider_key, deliveries.provider_key),
               sent_at = COALESCE(deliveries.sent_at, v.sent_at), delivered_at = COALESCE(deliveries.delivered_at, v.delivered_at),
               read_at = COALESCE(deliveries.read_at, v.read_at), ended_at = v.ended_at
          FROM {dialect.Rows("@rows", "v", ("id", SqlType.BigInt), ("was", SqlType.Integer), ("status", SqlType.Integer), ("reason", SqlType.Integer),
              ("due_at", SqlType.BigInt), ("attempt", SqlType.Integer), ("provider_id", SqlType.Text), ("provider_key", SqlType.BigInt), ("sent_at", SqlType.BigInt),
              ("delivered_at", SqlType.BigInt), ("read_at", SqlType.BigInt), ("ended_at", SqlType.BigInt))}
         WHERE deliveries.id = v.id AND deliveries.status = v.was
        """;

    private readonly string _attemptsSql = $"""
        INSERT INTO attempts (delivery_id, attempt, at, outcome, reason, code, detail)
        SELECT v.id, v.attempt, v.at, v.outcome, v.reason, v.code, v.detail
          FROM {dialect.Rows("@rows", "v", ("id", SqlType.BigInt), ("attempt", SqlType.Integer), ("at", SqlType.BigInt), ("outcome", SqlType.Integer),
              ("reason", SqlType.Integer), ("code", SqlType.Text), ("detail", SqlType.Text))}
         WHERE true
            ON CONFLICT (delivery_id, attempt, at) DO NOTHING
        """;

    private readonly string _closeClaimsSql = $"""
        UPDATE claims SET open_rows = claims.open_rows - v.n
          FROM {dialect.Rows("@rows", "v", ("id", SqlType.BigInt), ("n", SqlType.Integer))}
         WHERE claims.id = v.id
        """;

    private const string DropClosedSql = "DELETE FROM claims WHERE slice_id = @slice AND open_rows <= 0";

    // The next part waits with the largest due time until this one is out, and then as long as the channel wants between two messages to one address.
    private readonly string _releaseSql = $"""
        UPDATE deliveries SET due_at = @now + COALESCE((SELECT c.recipient_spacing_ms FROM channels c WHERE c.id = deliveries.channel_id), 0)
         WHERE {dialect.InList("id", "@next")} AND status = 0 AND due_at = 9223372036854775807
        """;

    private readonly string _laterPartsSql = $"""
        SELECT d.id, d.contact_id, d.claim, d.part, d.status, d.reason, d.attempt, d.address_id, d.channel_id
          FROM deliveries d JOIN {dialect.Rows("@rows", "v", ("id", SqlType.BigInt), ("contact_id", SqlType.BigInt), ("part", SqlType.Integer))}
            ON d.id > v.id AND d.id <= v.id + 4 AND {PartsOfOne.Condition("v", "d")}
         WHERE d.status = 0
         ORDER BY d.id
        """;

    private readonly string _slicesSql = $"""
        SELECT s.id, s.id_from, s.id_to FROM slices s WHERE {dialect.InList("s.broadcast_id", "@broadcasts")} ORDER BY s.id_from
        """;

    private readonly string _countsSql = $"""
        UPDATE slices
           SET {string.Join(", ", StatusColumns.Select(c => $"{c} = slices.{c} + v.{c}_by"))}
          FROM {dialect.Rows("@rows", "v", [("id", SqlType.BigInt), .. StatusColumns.Select(c => (c + "_by", SqlType.BigInt))])}
         WHERE slices.id = v.id
        """;

    private readonly string _reasonsSql = $"""
        INSERT INTO slice_reasons (slice_id, status, reason, rows)
        SELECT v.slice_id, v.status, v.reason, v.n
          FROM {dialect.Rows("@rows", "v", ("slice_id", SqlType.BigInt), ("status", SqlType.Integer), ("reason", SqlType.Integer), ("n", SqlType.BigInt))}
         WHERE true
            ON CONFLICT (slice_id, status, reason) DO UPDATE SET rows = slice_reasons.rows + excluded.rows
        """;

    private readonly string _suppressSql = $"""
        INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at)
        SELECT a.kind, a.value, v.channel_id, v.reason, 'provider', @now
          FROM {dialect.Rows("@rows", "v", ("address_id", SqlType.BigInt), ("channel_id", SqlType.BigInt), ("reason", SqlType.Integer))}
          JOIN addresses a ON a.id = v.address_id
         WHERE true
            ON CONFLICT (kind, value, channel_id) DO NOTHING
        """;

    private readonly LedgerLocks _locks = new(dialect);

    /// <summary>Applies records in order; those that the transition table does not know change nothing. Returns how many rows changed.</summary>
    /// <param name="transaction">The transaction.</param>
    /// <param name="records">What happened.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="slices">What the transaction will change afterwards: locked together with the slices of the records.</param>
    public async Task<int> ApplyAsync(DbTransaction transaction, IReadOnlyList<DeliveryRecord> records, long now, IReadOnlyCollection<long>? slices = null)
    {
        var connection = transaction.Connection!;
        var ids = records.Select(r => r.Id).Distinct().ToArray();
        var rows = (await connection.QueryAsync<LedgerRow>(_readSql, new { ids = dialect.List(ids) }, transaction)).ToDictionary(r => r.Id);
        var changes = new LedgerChanges();
        foreach (var record in records)
        {
            if (rows.TryGetValue(record.Id, out var row)) changes.Apply(row, record);
        }

        if (changes.EndedBadly.Count > 0) await SkipLaterPartsAsync(transaction, changes, rows, now);
        await WriteAsync(transaction, changes, now, slices ?? []);
        return changes.Changed.Count;
    }

    private async Task SkipLaterPartsAsync(DbTransaction transaction, LedgerChanges changes, Dictionary<long, LedgerRow> known, long now)
    {
        var later = await transaction.Connection!.QueryAsync<LedgerRow>(_laterPartsSql,
            new { rows = Json(changes.EndedBadly.Select(r => new object?[] { r.Id, r.ContactId, r.Part })) }, transaction);
        var ended = changes.EndedBadly.ToLookup(r => r.ContactId);
        foreach (var row in later)
        {
            // A part found twice, or changed by this very batch, is taken as the batch left it.
            if (!known.TryAdd(row.Id, row)) continue;
            var cause = ended[row.ContactId].Where(e => e.Id < row.Id).MaxBy(e => e.Id)!;
            changes.Apply(row, new DeliveryRecord { Id = row.Id, Event = DeliveryEvent.Skip, At = now, Reason = (int)ReasonAfter(cause), Attempt = row.Attempt, IsQuiet = true });
        }
    }

    // What ended the whole broadcast ends the later parts too, whichever batch they fall in; otherwise it is the earlier part that failed.
    private static SkipReason ReasonAfter(LedgerRow cause) => (SkipReason?)cause.Reason switch
    {
        SkipReason.Cancelled => SkipReason.Cancelled,
        SkipReason.Expired => SkipReason.Expired,
        SkipReason.EarlierPartUnknown => SkipReason.EarlierPartUnknown,
        _ => SkipReason.EarlierPartFailed,
    };

    private async Task WriteAsync(DbTransaction transaction, LedgerChanges changes, long now, IReadOnlyCollection<long> slices)
    {
        if (changes.Changed.Count == 0) return;
        var connection = transaction.Connection!;
        await connection.ExecuteAsync(_updateSql, new { rows = Json(changes.Changed.Values.Select(c => c.ToRow())) }, transaction);
        if (changes.Attempts.Count > 0) await connection.ExecuteAsync(_attemptsSql, new { rows = Json(changes.Attempts) }, transaction);
        if (changes.ReleasedParts.Count > 0) await connection.ExecuteAsync(_releaseSql, new { now, next = dialect.List(changes.ReleasedParts) }, transaction);
        if (changes.Suppressed.Count > 0) await connection.ExecuteAsync(_suppressSql, new { now, rows = Json(changes.Suppressed) }, transaction);
        if (changes.ClosedClaims.Count > 0) await connection.ExecuteAsync(_closeClaimsSql, new { rows = Json(changes.ClosedClaims.Select(c => new object?[] { c.Key, c.Value })) }, transaction);
        await CountAsync(transaction, changes, slices);
    }

    private async Task CountAsync(DbTransaction transaction, LedgerChanges changes, IReadOnlyCollection<long> others)
    {
        var connection = transaction.Connection!;
        var broadcasts = changes.Changed.Keys.Select(DeliveryId.BroadcastOf).Distinct().ToArray();
        var slices = (await connection.QueryAsync<SliceRange>(_slicesSql, new { broadcasts = dialect.List(broadcasts) }, transaction)).AsList();
        var counts = SliceCounts.Of(changes.Changed.Values, slices);
        await _locks.SlicesAsync(transaction, [.. counts.Statuses.Keys.Union(others)]);
        if (counts.Statuses.Count > 0) await connection.ExecuteAsync(_countsSql, new { rows = Json(counts.Statuses.Select(s => s.Value.Prepend(s.Key).Cast<object?>().ToArray())) }, transaction);
        if (counts.Reasons.Count > 0) await connection.ExecuteAsync(_reasonsSql, new { rows = Json(counts.Reasons.Select(r => new object?[] { r.Key.Slice, r.Key.Status, r.Key.Reason, r.Value })) }, transaction);
        if (changes.ClosedClaims.Count > 0)
        {
            foreach (var slice in counts.Statuses.Keys) await connection.ExecuteAsync(DropClosedSql, new { slice }, transaction);
        }
    }

    private static string Json(IEnumerable<object?[]> rows) => JsonSerializer.Serialize(rows);
}
