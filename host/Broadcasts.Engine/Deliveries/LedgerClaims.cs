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
               c.recipient_limit_id, (SELECT COUNT(*) FROM settings WHERE name = 'safeHold') AS held
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

    private const string ClaimFreeDueSql = $"""
        UPDATE deliveries
           SET status = 1, claim = @claim, channel_id = @channel, due_at = NULL, reason = NULL, attempt = attempt + 1
         WHERE id IN (SELECT d.id FROM deliveries d
                       WHERE d.id BETWEEN @from AND @to AND d.status = 0 AND d.due_at < 9223372036854775807 AND d.due_at <= @now AND {ReachedAddresses.IsFree}
                       ORDER BY d.id LIMIT @count)
        RETURNING id, contact_id, contact_revision, address_id, part, attempt
        """;

    private const string ClaimFreeFreshSql = $"""
        UPDATE deliveries
           SET status = 1, claim = @claim, channel_id = @channel, attempt = attempt + 1
         WHERE id IN (SELECT d.id FROM deliveries d WHERE d.id BETWEEN @from AND @to AND d.status = 0 AND d.due_at IS NULL AND {ReachedAddresses.IsFree} ORDER BY d.id LIMIT @count)
        RETURNING id, contact_id, contact_revision, address_id, part, attempt
        """;

    private const string NextDueSql = """
        SELECT MIN(due_at) FROM deliveries WHERE id BETWEEN @from AND @to AND status = 0 AND due_at < 9223372036854775807 AND due_at > @after
        """;

    private const string CountSql = "UPDATE slices SET pending = pending - @rows, sending = sending + @rows WHERE id = @slice";

    private const string OpenSql = "UPDATE claims SET open_rows = @rows WHERE id = @claim";

    private const string DropSql = "DELETE FROM claims WHERE id = @claim";

    private const long CapKey = 0x42636170;

    private readonly ReachedAddresses _reached = new(dialect);

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

        var room = gate.RecipientLimitId is { } limit ? await _reached.LookAsync(transaction, limit, request.Now) : null;
        var claim = await connection.QuerySingleAsync<long>(InsertClaimSql,
            new { slice = slice.Id, epoch = slice.Epoch, owner = request.Owner, now = request.Now, handOverBy = request.HandOverBy, settleAfter = request.SettleAfter }, transaction);
        var rows = room is { Left: 0 }
            ? await TakeFreeAsync(transaction, request, claim, gate.ChannelId, to, room.Limit)
            : await TakeAsync(transaction, request, claim, gate.ChannelId, to, Math.Min(request.Count, room?.Left ?? int.MaxValue));
        if (rows.Count == 0)
        {
            await connection.ExecuteAsync(DropSql, new { claim }, transaction);
            var isFull = room is { Left: 0 };
            var next = await connection.QuerySingleAsync<long?>(NextDueSql, new { from = slice.From, to, after = isFull ? request.Now : long.MinValue }, transaction);
            if (isFull) return new(0, [], ClaimGate.RecipientsFull, Math.Min(next ?? long.MaxValue, room!.FreeAt));
            return new(0, [], to < slice.To ? ClaimGate.Held : ClaimGate.Open, next);
        }

        rows.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        await connection.ExecuteAsync(CountSql, new { rows = rows.Count, slice = slice.Id }, transaction);
        await connection.ExecuteAsync(OpenSql, new { rows = rows.Count, claim }, transaction);
        if (room is not null) await _reached.AddAsync(transaction, room.Limit, [.. rows.Select(r => r.Id)], request.HandOverBy, request.OpenSince);
        return new(claim, rows, room is { Left: 0 } ? ClaimGate.RecipientsFull : ClaimGate.Open, null) { RecipientSpacingMs = gate.RecipientSpacingMs };
    }

    private static async Task<List<ClaimedRow>> TakeAsync(DbTransaction transaction, ClaimRequest request, long claim, long channel, long to, int count)
    {
        var connection = transaction.Connection!;
        var slice = request.Slice;
        var rows = (await connection.QueryAsync<ClaimedRow>(ClaimDueSql, new { claim, channel, from = slice.From, to, now = request.Now, count }, transaction)).AsList();
        if (rows.Count < count && request.FreshFrom <= to)
        {
            rows.AddRange(await connection.QueryAsync<ClaimedRow>(ClaimFreshSql, new { claim, channel, from = Math.Max(request.FreshFrom, slice.From), to, count = count - rows.Count }, transaction));
        }

        return rows;
    }

    // The account may write to nobody new. Whom it has written to, or who has written to it, it may; they are looked for in a piece of the slice at a time.
    private static async Task<List<ClaimedRow>> TakeFreeAsync(DbTransaction transaction, ClaimRequest request, long claim, long channel, long to, long limit)
    {
        var connection = transaction.Connection!;
        to = Math.Min(to, request.FreeTo);
        var rows = (await connection.QueryAsync<ClaimedRow>(
            ClaimFreeDueSql, new { claim, channel, from = request.FreeFrom, to, now = request.Now, count = request.Count, limit, openSince = request.OpenSince }, transaction)).AsList();
        var fresh = Math.Max(request.FreshFrom, request.FreeFrom);
        if (rows.Count < request.Count && fresh <= to)
        {
            rows.AddRange(await connection.QueryAsync<ClaimedRow>(
                ClaimFreeFreshSql, new { claim, channel, from = fresh, to, count = request.Count - rows.Count, limit, openSince = request.OpenSince }, transaction));
        }

        return rows;
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

        public long? RecipientLimitId { get; init; }
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
internal sealed record ClaimRequest(OwnedSlice Slice, string Owner, int Count, long FreshFrom, long Now, long HandOverBy, long SettleAfter)
{
    /// <summary>While a recipient limit is used up: where to look for rows that need none of it.</summary>
    public long FreeFrom { get; init; } = Slice.From;

    /// <summary>The last of them.</summary>
    public long FreeTo { get; init; } = Slice.To;

    /// <summary>Whoever wrote after this moment takes no place of a recipient limit, Unix milliseconds.</summary>
    public long OpenSince { get; init; } = long.MaxValue;
}
