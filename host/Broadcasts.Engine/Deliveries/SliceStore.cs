using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Who hands over which range. A slice without a live owner is taken by whoever sees it first; the epoch fences the one before.</summary>
internal sealed class SliceStore(Database database, TimeProvider time)
{
    /// <summary>An owner that has not been heard of for this long is dead. A wrong guess costs a change of owner: its claims are fenced, its answers still count.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private const int MostAtOnce = 64;

    private readonly DueTimes _dueTimes = new(database.Dialect);

    // In progress with rows to send, or left with rows in flight by an owner that is gone, whatever the broadcast's status is now.
    private const string OpenSql = """
        SELECT s.id, s.broadcast_id, s.channel_id, s.id_from, s.id_to, s.epoch, s.owner, s.pending, s.sending
          FROM slices s JOIN broadcasts b ON b.id = s.broadcast_id
         WHERE s.pending + s.sending > 0
           AND (s.owner IS NULL OR s.owner = @me OR s.heartbeat_at < @silentSince)
           AND ((b.status = 2 AND (b.claim_to IS NULL OR s.id_from <= b.claim_to)) OR (s.sending > 0 AND (s.owner IS NULL OR s.owner <> @me)))
         ORDER BY s.id
         LIMIT 2000
        """;

    /// <summary>Slices that this process owns or can take.</summary>
    public Task<IReadOnlyList<OpenSlice>> OpenAsync(string me, bool aloneInTheWorld) => database.ReadAsync(async c => (IReadOnlyList<OpenSlice>)
        [.. await c.QueryAsync<OpenSlice>(OpenSql, new { me, silentSince = aloneInTheWorld ? long.MaxValue : Now - (long)Silence.TotalMilliseconds })]);

    private const string TakeSql = """
        UPDATE slices SET owner = @me, epoch = epoch + 1, heartbeat_at = @now
         WHERE id = @id AND epoch = @epoch
        """;

    /// <summary>Takes slices; those that somebody else took first are left out.</summary>
    public Task<IReadOnlyList<OwnedSlice>> TakeAsync(string me, IEnumerable<OpenSlice> slices) => database.WriteAsync(async t =>
    {
        var taken = new List<OwnedSlice>();
        foreach (var slice in slices.Take(MostAtOnce))
        {
            if (await t.Connection!.ExecuteAsync(TakeSql, new { id = slice.Id, epoch = slice.Epoch, me, now = Now }, t) == 1)
                taken.Add(new(slice.Id, slice.BroadcastId, slice.ChannelId, slice.IdFrom, slice.IdTo, slice.Epoch + 1));
        }

        return (IReadOnlyList<OwnedSlice>)taken;
    });

    // In the order of the ledger's own locks.
    private readonly string _beatSql = $"""
        UPDATE slices SET heartbeat_at = @now
         WHERE id IN (SELECT id FROM slices WHERE owner = @me AND pending + sending > 0 ORDER BY id {database.Dialect.ForUpdate})
        """;

    /// <summary>Says that this process is alive.</summary>
    public Task BeatAsync(string me) => database.WriteAsync(t => t.Connection!.ExecuteAsync(_beatSql, new { me, now = Now }, t));

    private readonly string _releaseSql = $"UPDATE slices SET owner = NULL, heartbeat_at = 0 WHERE id IN (SELECT id FROM slices WHERE owner = @me ORDER BY id {database.Dialect.ForUpdate})";

    /// <summary>Gives everything up at a planned end, so that others go on at once.</summary>
    public Task ReleaseAsync(string me) => database.WriteAsync(t => t.Connection!.ExecuteAsync(_releaseSql, new { me }, t));

    private readonly string _giveUpSql = $"UPDATE slices SET owner = NULL, heartbeat_at = 0 WHERE id IN (SELECT id FROM slices WHERE owner = @me AND channel_id = @channel ORDER BY id {database.Dialect.ForUpdate})";

    /// <summary>Gives the slices of a channel up that this process can't send on.</summary>
    public Task GiveUpAsync(string me, long channel) => database.WriteAsync(t => t.Connection!.ExecuteAsync(_giveUpSql, new { me, channel }, t));

    // A claim of an owner before this one that can't hand over any more, or one whose last answer can't come any more.
    private const string StaleClaim = "(c.epoch < s.epoch AND c.hand_over_by < @deadline) OR c.settle_after < @now";

    private const string StaleSql = $"""
        SELECT DISTINCT s.id, s.broadcast_id, s.channel_id, s.id_from, s.id_to, s.epoch
          FROM claims c JOIN slices s ON s.id = c.slice_id
         WHERE c.open_rows > 0 AND s.owner = @me AND ({StaleClaim})
        """;

    /// <summary>Slices of this process with claims that will not be answered any more. Looked for again and again: a takeover can come before the deadline of a claim has.</summary>
    public Task<IReadOnlyList<OwnedSlice>> StaleAsync(string me, bool aloneInTheWorld) => database.ReadAsync(async c => (IReadOnlyList<OwnedSlice>)
        [.. (await c.QueryAsync<OpenSlice>(StaleSql, new { me, now = Now, deadline = DeadlineOf(aloneInTheWorld) })).Select(s => new OwnedSlice(s.Id, s.BroadcastId, s.ChannelId, s.IdFrom, s.IdTo, s.Epoch))]);

    private const string AbandonedSql = $"""
        SELECT d.id, d.claim, d.attempt
          FROM slices s JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to LEFT JOIN claims c ON c.id = d.claim
         WHERE s.id = @slice AND d.id > @after AND d.status = 1 AND (c.id IS NULL OR {StaleClaim})
         ORDER BY d.id LIMIT 1000
        """;

    /// <summary>Rows behind an id that nobody will answer for any more: their fate is not known.</summary>
    public Task<IReadOnlyList<AbandonedRow>> AbandonedAsync(OwnedSlice slice, long after, bool aloneInTheWorld) => database.ReadAsync(async c => (IReadOnlyList<AbandonedRow>)
        [.. await c.QueryAsync<AbandonedRow>(AbandonedSql, new { slice = slice.Id, after, now = Now, deadline = DeadlineOf(aloneInTheWorld) })]);

    private const string NextDueSql = "SELECT MIN(due_at) FROM deliveries WHERE id BETWEEN @from AND @to AND status = 0 AND due_at < 9223372036854775807";

    /// <summary>When the next row of a slice is due that was claimed before or waited for an earlier part; null when there is none.</summary>
    public Task<long?> NextDueAsync(OwnedSlice slice) => database.ReadAsync(c => c.QuerySingleAsync<long?>(NextDueSql, new { from = slice.From, to = slice.To }));

    /// <summary>Gives rows that could go now, but are outside of their window, its next opening.</summary>
    public Task PostponeAsync(OwnedSlice slice, SendTimes times) => database.WriteAsync(t => _dueTimes.SetAsync(t, times, slice.From, slice.To, Now));

    private const string PendingSql = """
        SELECT id FROM deliveries WHERE id BETWEEN @from AND @to AND status = 0 ORDER BY id LIMIT 2000
        """;

    /// <summary>Rows of a broadcast that were not claimed.</summary>
    public Task<IReadOnlyList<long>> PendingAsync(long from, long to) =>
        database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(PendingSql, new { from, to })]);

    private static readonly string HeldSql = $"""
        SELECT d.id FROM deliveries d
         WHERE d.id BETWEEN @from AND @to AND d.status = 0 AND d.due_at = 9223372036854775807
           AND EXISTS (SELECT 1 FROM deliveries e WHERE e.id >= d.id - 4 AND e.id < d.id AND {PartsOfOne.Condition("e", "d")} AND e.status = 7)
         ORDER BY d.id LIMIT 2000
        """;

    /// <summary>Rows that wait for an earlier part whose fate is not known.</summary>
    public Task<IReadOnlyList<long>> HeldAsync(long from, long to) =>
        database.ReadAsync(async c => (IReadOnlyList<long>)[.. await c.QueryAsync<long>(HeldSql, new { from, to })]);

    // Alone on the data directory: whoever owned a claim before is gone.
    private long DeadlineOf(bool aloneInTheWorld) => aloneInTheWorld ? long.MaxValue : Now;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>A row in flight that nobody will answer for.</summary>
internal sealed class AbandonedRow
{
    public long Id { get; init; }

    public long? Claim { get; init; }

    public int Attempt { get; init; }
}

/// <summary>A slice with rows to look after.</summary>
internal sealed class OpenSlice
{
    public long Id { get; init; }

    public long BroadcastId { get; init; }

    public long ChannelId { get; init; }

    public long IdFrom { get; init; }

    public long IdTo { get; init; }

    public long Epoch { get; init; }

    public string? Owner { get; init; }

    public long Pending { get; init; }

    public long Sending { get; init; }
}
