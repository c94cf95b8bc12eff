using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Pending → Sending: the intent is on disk before anything leaves. Fenced by the slice's epoch, gated by broadcast and channel.</summary>
internal sealed class LedgerClaims(SqlDialect dialect)
{
    private readonly string _gateSql = $"""
        SELECT s.epoch, s.owner, s.channel_id, b.status AS broadcast_status, b.expires_at, b.claim_to, c.status AS channel_status, c.recipient_spacing_ms,
               (SELECT COUNT(*) FROM settings WHERE name = 'safeHold') AS held
          FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id JOIN channels c ON c.id = s.channel_id
         WHERE s.id = @slice
         {dialect.ForShare}
        """;

    private const string InsertClaimSql = """
        INSERT INTO claims (slice_id, epoch, owner, claimed_at, hand_over_by, settle_after, open_rows)
        VALUES (@slice, @epoch, @owner, @now, @handOverBy, @settleAfter, 0)
        RETURNING id
        """;

    // Rows whose time has come go first: later parts and retries.
    private const string ClaimDueSql = """
        UPDATE deliveries
           SET status = 1, claim = @claim, channel_id = @channel, due_at = NULL, reason = NULL, attempt = attempt + 1
         WHERE id IN (SELECT id FROM deliveries
                       WHERE id BETWEEN @from AND @to AND status = 0 AND due_at < 9223372036854775807 AND due_at <= @now
                       ORDER BY id LIMIT @count)
        RETURNING id, contact_id, contact_revision, address_id, part, attempt
        """;

    private const string ClaimFreshSql = """
        UPDATE deliveries
           SET status = 1, claim = @claim, channel_id = @channel, attempt = attempt + 1
         WHERE id IN (SELECT id FROM deliveries WHERE id BETWEEN @from AND @to AND status = 0 AND due_at IS NULL ORDER BY id LIMIT @count)
        RETURNING id, contact_id, contact_revision, address_id, part, attempt
        """;

    private const string NextDueSql = """
        SELECT MIN(due_at) FROM deliveries WHERE id BETWEEN @from AND @to AND status = 0 AND due_at < 9223372036854775807
        """;

    private const string CountSql = "UPDATE slices SET pending = pending - @rows, sending = sending + @rows WHERE id = @slice";

    private const string OpenSql = "UPDATE claims SET open_rows = @rows WHERE id = @claim";

    private const string DropSql = "DELETE FROM claims WHERE id = @claim";

    private const long CapKey = 0x42636170;

    private readonly string? _orderSql = dialect.TakeTurns(CapKey, "EXISTS (SELECT 1 FROM settings WHERE name = 'sending-rules' AND value LIKE '%\"frequencyCap\":{%')");

    /// <summary>
    /// While a frequency cap holds: claims commit in the order of their ids, so that whoever has the higher id sees the lower one's rows, and of two broadcasts
    /// that claim one contact at the same moment exactly one goes. Call it before anything else in a transaction that claims.
    /// </summary>
    public Task OrderAsync(DbTransaction transaction) => _orderSql is null ? Task.CompletedTask : transaction.Connection!.ExecuteAsync(_orderSql, transaction: transaction);

    /// <summary>Claims up to <paramref name="request"/>.Count rows.</summary>
    public async Task<Claim> ClaimAsync(DbTransaction transaction, ClaimRequest request)
    {
        var connection = transaction.Connection!;
        var slice = request.Slice;
        var gate = await connection.QuerySingleAsync<GateRow>(_gateSql, new { slice = slice.Id }, transaction);
        if (gate.Epoch != slice.Epoch || gate.Owner != request.Owner) return new(0, [], ClaimGate.Lost, null);
        if (gate.BroadcastStatus != (int)BroadcastStatus.InProgress) return new(0, [], ClaimGate.BroadcastClosed, null);
        if (gate.Held > 0 || gate.ExpiresAt <= request.Now) return new(0, [], ClaimGate.BroadcastClosed, null);
        if (gate.ChannelStatus != (int)ChannelStatus.Active) return new(0, [], ClaimGate.ChannelPaused, null);

        var to = Math.Min(slice.To, gate.ClaimTo ?? long.MaxValue);
        if (to < slice.From) return new(0, [], ClaimGate.Held, null);

        var claim = await connection.QuerySingleAsync<long>(InsertClaimSql,
            new { slice = slice.Id, epoch = slice.Epoch, owner = request.Owner, now = request.Now, handOverBy = request.HandOverBy, settleAfter = request.SettleAfter }, transaction);
        var rows = (await connection.QueryAsync<ClaimedRow>(ClaimDueSql, new { claim, channel = gate.ChannelId, from = slice.From, to, now = request.Now, count = request.Count }, transaction)).AsList();
        if (rows.Count < request.Count && request.FreshFrom <= to)
        {
            rows.AddRange(await connection.QueryAsync<ClaimedRow>(ClaimFreshSql, new { claim, channel = gate.ChannelId, from = Math.Max(request.FreshFrom, slice.From), to, count = request.Count - rows.Count }, transaction));
        }

        if (rows.Count == 0)
        {
            await connection.ExecuteAsync(DropSql, new { claim }, transaction);
            var next = await connection.QuerySingleAsync<long?>(NextDueSql, new { from = slice.From, to }, transaction);
            return new(0, [], to < slice.To ? ClaimGate.Held : ClaimGate.Open, next);
        }

        rows.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        await connection.ExecuteAsync(CountSql, new { rows = rows.Count, slice = slice.Id }, transaction);
        await connection.ExecuteAsync(OpenSql, new { rows = rows.Count, claim }, transaction);
        return new(claim, rows, ClaimGate.Open, null) { RecipientSpacingMs = gate.RecipientSpacingMs };
    }

    private sealed class GateRow
    {
        public long Epoch { get; init; }

        public string? Owner { get; init; }

        public long ChannelId { get; init; }

        public int BroadcastStatus { get; init; }

        public int ChannelStatus { get; init; }

        /// <summary>1 while the data is in safe hold.</summary>
        public long Held { get; init; }

        public long? ExpiresAt { get; init; }

        public long? ClaimTo { get; init; }

        public long RecipientSpacingMs { get; init; }
    }
}

/// <summary>Asks for rows of a slice.</summary>
/// <param name="Slice">The slice, with the epoch at which it was taken.</param>
/// <param name="Owner">This process.</param>
/// <param name="Count">The most rows.</param>
/// <param name="FreshFrom">No never-claimed row lies before this id: a hint that spares a scan, never the only truth (0 or the slice's first row is always right).</param>
/// <param name="Now">Unix milliseconds.</param>
/// <param name="HandOverBy">After this moment nothing of the claim is handed over any more.</param>
/// <param name="SettleAfter">After this moment no answer can come any more.</param>
internal sealed record ClaimRequest(OwnedSlice Slice, string Owner, int Count, long FreshFrom, long Now, long HandOverBy, long SettleAfter);
