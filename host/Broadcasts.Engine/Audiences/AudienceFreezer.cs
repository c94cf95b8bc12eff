using System.Data.Common;
using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Merge;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>
/// Turns a rule into rows: one per recipient and part, in chunks by contact id, each in its own transaction. A chunk's rows, its slice and
/// the mark up to which the freeze has come are one commit, so an interrupted freeze goes on where it stopped and nobody is in twice.
/// </summary>
internal sealed class AudienceFreezer(Database database, TimeProvider time)
{
    /// <summary>The first chunk is small, so that sending begins at once.</summary>
    private const int FirstChunkSize = 500;

    private readonly DueTimes _dueTimes = new(database.Dialect);

    private const string ProgressSql = """
        SELECT status, freeze_mark, freeze_after, freeze_position, freeze_done FROM broadcasts WHERE id = @id
        """;

    private const string ChunkEndSql = """
        SELECT MAX(id) FROM (SELECT id FROM contacts WHERE id > @after AND id <= @mark ORDER BY id LIMIT @size) AS chunk
        """;

    // Few of many: their own ids lead to them, and what lies between is not walked through.
    private static string PickedChunkEndSql(string condition) => $"""
        SELECT MAX(id) FROM (SELECT c.id FROM contacts c WHERE c.id > @after AND c.id <= @mark AND ({condition}) ORDER BY c.id LIMIT @size) AS chunk
        """;

    private const string ImportChunkEndSql = """
        SELECT MAX(contact_id) FROM (SELECT contact_id FROM import_contacts WHERE import_id = @import AND contact_id > @after AND contact_id <= @mark ORDER BY contact_id LIMIT @size) AS chunk
        """;

    // Whoever is reachable waits; the others have their reason. Rows of a channel lie together, so that each slice has one. Later parts wait for the first
    // one with the largest time.
    private string InsertSql(string condition, int parts) => $"""
        INSERT INTO deliveries (id, contact_id, contact_revision, address_id, channel_id, part, status, reason, due_at, ended_at, attempt)
        SELECT @first + (chosen.rank - 1) * {parts} + p.n, chosen.id, chosen.revision, chosen.address_id, chosen.channel_id, p.n,
               CASE WHEN chosen.reason IS NULL THEN 0 ELSE 6 END, chosen.reason,
               CASE WHEN chosen.reason IS NULL AND p.n > 0 THEN 9223372036854775807 END,
               CASE WHEN chosen.reason IS NOT NULL THEN @now END, 0
          FROM (SELECT reached.*, ROW_NUMBER() OVER (ORDER BY reached.channel_id, reached.id) AS rank
                  FROM ({Reach.Sql(database.Dialect, $"c.id > @after AND c.id <= @upTo AND ({condition})")}) AS reached) AS chosen
         CROSS JOIN ({string.Join(" UNION ALL ", Enumerable.Range(0, parts).Select(n => $"SELECT {n} AS n"))}) AS p
        """;

    private const string CountsSql = """
        SELECT status, reason, COUNT(*) AS rows FROM deliveries WHERE id BETWEEN @from AND @to GROUP BY status, reason
        """;

    private const string InsertSliceSql = """
        INSERT INTO slices (broadcast_id, channel_id, id_from, id_to, pending, skipped)
        VALUES (@id, @channel, @from, @to, @pending, @skipped)
        RETURNING id
        """;

    private const string InsertReasonSql = "INSERT INTO slice_reasons (slice_id, status, reason, rows) VALUES (@slice, @status, @reason, @rows)";

    // Compare-and-set on the mark: a second freezer of the same broadcast changes nothing.
    private const string AdvanceSql = """
        UPDATE broadcasts
           SET freeze_after = @upTo, freeze_position = @position, recipients = recipients + @recipients, freeze_done = @done, updated_at = @now
         WHERE id = @id AND freeze_after = @after AND freeze_done = 0 AND status IN (2, 3)
        """;

    /// <summary>Freezes one chunk.</summary>
    /// <param name="broadcast">Whose audience.</param>
    /// <param name="audience">Who is in.</param>
    /// <param name="channels">Over which they are reached.</param>
    /// <param name="growth">How many times the usual number of contacts are looked at.</param>
    /// <returns>True when the audience is complete, or the broadcast is over.</returns>
    public Task<bool> FreezeChunkAsync(Broadcast broadcast, FrozenAudience audience, IReadOnlyList<Channel> channels, int growth = 1) => database.WriteAsync(async transaction =>
    {
        await ContactTurns.ShareAsync(database.Dialect, transaction);
        var connection = transaction.Connection!;
        var progress = await connection.QuerySingleAsync<Progress>(ProgressSql, new { id = broadcast.Id }, transaction);
        if (progress.FreezeDone == 1 || (BroadcastStatus)progress.Status is not (BroadcastStatus.InProgress or BroadcastStatus.Paused)) return true;

        if (audience.RetryOf is { } parent) return await new RetryFreeze(transaction, broadcast, parent, channels.Count == 1 ? channels[0].Id : null, _dueTimes, Now).RunAsync();
        var size = progress.FreezeAfter == 0 ? FirstChunkSize : growth * database.Dialect.FreezeChunk;
        if (await ChunkEndAsync(transaction, audience, progress, size) is not { } upTo)
        {
            await AdvanceAsync(transaction, broadcast.Id, progress, progress.FreezeAfter, 0, 0, done: true);
            return true;
        }

        var recipients = await InsertAsync(transaction, broadcast, audience, channels, progress, upTo);
        var done = upTo >= progress.FreezeMark;
        await AdvanceAsync(transaction, broadcast.Id, progress, upTo, recipients, audience.Parts, done);
        return done;
    });

    /// <summary>Lets the database look at the ledger as it is now, after much was added.</summary>
    public Task AnalyzeAsync() => database.Dialect.Analyze("deliveries") is { } sql ? database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, transaction: t)) : Task.CompletedTask;

    private static Task<long?> ChunkEndAsync(DbTransaction transaction, FrozenAudience audience, Progress progress, int size)
    {
        var sql = audience.ImportId is not null ? ImportChunkEndSql : audience.IsPicked ? PickedChunkEndSql(audience.Whole) : ChunkEndSql;
        var parameters = new DynamicParameters(new { after = progress.FreezeAfter, mark = progress.FreezeMark, size });
        foreach (var (name, value) in audience.Condition.Parameters) parameters.Add(name, value);
        return transaction.Connection!.QuerySingleAsync<long?>(sql, parameters, transaction);
    }

    private async Task<int> InsertAsync(DbTransaction transaction, Broadcast broadcast, FrozenAudience audience, IReadOnlyList<Channel> channels, Progress progress, long upTo)
    {
        var first = DeliveryId.Of(broadcast.Id, progress.FreezePosition + 1);
        var parameters = Reach.Parameters(audience, channels);
        parameters.AddDynamicParams(new { first, after = progress.FreezeAfter, upTo, now = Now });
        // Whoever changes between these two statements is told in one way and treated in the other, as anybody who changes while an audience is frozen.
        if (audience.Taken is not null) await Exclusions.CountAsync(transaction, broadcast.Id, audience, $"c.id > @after AND c.id <= @upTo AND ({audience.Whole})", parameters);
        var rows = await transaction.Connection!.ExecuteAsync(InsertSql(audience.Condition.Sql, audience.Parts), parameters, transaction);
        if (rows == 0) return 0;
        await _dueTimes.FreezeAsync(transaction, broadcast, first, first + rows - 1, Now);
        await AddSlicesAsync(transaction, broadcast.Id, first, first + rows - 1);
        return rows / audience.Parts;
    }

    private const string ChannelRangesSql = """
        SELECT channel_id, MIN(id) AS id_from, MAX(id) AS id_to FROM deliveries WHERE id BETWEEN @from AND @to GROUP BY channel_id ORDER BY MIN(id)
        """;

    /// <summary>The slices over freshly inserted rows, one per channel, with their counts.</summary>
    internal static async Task AddSlicesAsync(DbTransaction transaction, long broadcastId, long from, long to)
    {
        var ranges = (await transaction.Connection!.QueryAsync<ChannelRange>(ChannelRangesSql, new { from, to }, transaction)).AsList();
        foreach (var range in ranges) await AddSliceAsync(transaction, broadcastId, range.ChannelId, range.IdFrom, range.IdTo);
    }

    private static async Task AddSliceAsync(DbTransaction transaction, long broadcastId, long channelId, long from, long to)
    {
        var connection = transaction.Connection!;
        var counts = (await connection.QueryAsync<CountRow>(CountsSql, new { from, to }, transaction)).AsList();
        var slice = await connection.QuerySingleAsync<long>(InsertSliceSql, new
        {
            id = broadcastId, channel = channelId, from, to,
            pending = counts.Where(c => c.Status == (int)DeliveryStatus.Pending).Sum(c => c.Rows),
            skipped = counts.Where(c => c.Status == (int)DeliveryStatus.Skipped).Sum(c => c.Rows),
        }, transaction);
        foreach (var count in counts.Where(c => c.Reason is not null))
            await connection.ExecuteAsync(InsertReasonSql, new { slice, status = count.Status, reason = count.Reason, rows = count.Rows }, transaction);
    }

    private async Task AdvanceAsync(DbTransaction transaction, long id, Progress progress, long upTo, int recipients, int parts, bool done)
    {
        var changed = await transaction.Connection!.ExecuteAsync(AdvanceSql, new
        {
            id, after = progress.FreezeAfter, upTo, position = progress.FreezePosition + (long)recipients * parts, recipients, done = done ? 1 : 0, now = Now,
        }, transaction);
        if (changed == 0) throw new InvalidOperationException($"The audience of broadcast {id} is being frozen elsewhere; this chunk is undone.");
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed class Progress
    {
        public int Status { get; init; }

        public long FreezeMark { get; init; }

        public long FreezeAfter { get; init; }

        public long FreezePosition { get; init; }

        public int FreezeDone { get; init; }
    }

    private sealed class ChannelRange
    {
        public long ChannelId { get; init; }

        public long IdFrom { get; init; }

        public long IdTo { get; init; }
    }

    private sealed class CountRow
    {
        public int Status { get; init; }

        public int? Reason { get; init; }

        public long Rows { get; init; }
    }
}

/// <summary>Who is in, as it was decided at the start.</summary>
/// <param name="Condition">Over alias <c>c</c> of contacts, relative dates fixed.</param>
/// <param name="Parts">Parts per recipient.</param>
/// <param name="ImportId">The imported file, when that is the audience: its chunks go by its own index.</param>
/// <param name="RetryOf">The broadcast whose retryable failures are the audience.</param>
internal sealed record FrozenAudience(SqlCondition Condition, int Parts, long? ImportId, long? RetryOf)
{
    /// <summary>The contacts are named one by one.</summary>
    public bool IsPicked { get; init; }

    /// <summary>The message asks its recipients to confirm.</summary>
    public bool AsksToConfirm { get; init; }

    /// <summary>Only those who wrote on the channel before get it.</summary>
    public bool InteractedOnly { get; init; }

    /// <summary>Which segment takes a contact out, by its place: an expression over alias <c>c</c>, NULL for those who stay. Null when none is taken out.</summary>
    public string? Taken { get; private init; }

    /// <summary>The condition before anybody is taken out; its parameters are the condition's.</summary>
    public string Whole { get; private init; } = Condition.Sql;

    /// <summary>The same without those whom the segments mean.</summary>
    public FrozenAudience Less(IReadOnlyList<SqlCondition> segments) => segments.Count == 0 ? this : this with
    {
        Condition = new SqlCondition($"({Condition.Sql}) AND NOT ({string.Join(" OR ", segments.Select(s => $"({s.Sql})"))})", segments.Append(Condition).SelectMany(s => s.Parameters).ToDictionary()),
        Taken = $"CASE {string.Join(" ", segments.Select((s, place) => string.Create(CultureInfo.InvariantCulture, $"WHEN {s.Sql} THEN {place}")))} END",
    };
}
