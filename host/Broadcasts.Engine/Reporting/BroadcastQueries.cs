using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>Reads of broadcasts, shaped for the table, the calendar, the drawer and the API. Bounded: none grows with the number of rows in all.</summary>
internal sealed partial class BroadcastQueries(Database database)
{
    private const int MostInCalendar = 1_000;

    private const string CountsSql = """
        CAST(SUM(s.pending) AS BIGINT) AS Pending, CAST(SUM(s.sending) AS BIGINT) AS Sending, CAST(SUM(s.sent) AS BIGINT) AS Sent,
        CAST(SUM(s.delivered) AS BIGINT) AS Delivered, CAST(SUM(s.read) AS BIGINT) AS Read, CAST(SUM(s.failed) AS BIGINT) AS Failed,
        CAST(SUM(s.skipped) AS BIGINT) AS Skipped, CAST(SUM(s.unknown) AS BIGINT) AS Unknown
        """;

    /// <summary>One page of the table in the order asked for.</summary>
    public Task<BroadcastList> ListAsync(BroadcastFilter filter, Page page, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var conditions = BroadcastConditions.Of(filter, database.Dialect);
            var total = await connection.ExecuteScalarAsync<long>(Command($"SELECT COUNT(*) FROM broadcasts b WHERE {conditions.Where}", conditions.Parameters, cancellationToken));

            conditions.Parameters.Add("limit", Math.Clamp(page.Limit, 1, Page.Most));
            conditions.Parameters.Add("offset", Math.Max(0, page.Offset));
            return new BroadcastList(await ReadRowsAsync(connection, ListSql(conditions, page), conditions.Parameters, cancellationToken), total);
        }, cancellationToken);

    internal string ListSql(BroadcastConditions conditions, Page page) => $"""
        SELECT {BroadcastRecord.Columns}
          FROM {BroadcastRecord.From}
         WHERE {conditions.Where}
         ORDER BY {OrderBy(page.Sort, page.Descending, database.Dialect)}
         LIMIT @limit OFFSET @offset
        """;

    /// <summary>Newest first, those before an id: stable pages for the API.</summary>
    public Task<IReadOnlyList<BroadcastRow>> ListBeforeAsync(BroadcastFilter filter, long? before, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection =>
        {
            var conditions = BroadcastConditions.Of(filter, database.Dialect);
            conditions.AddIf(before is not null, "b.id < @before", "before", before);
            conditions.Parameters.Add("limit", Math.Clamp(limit, 1, Page.Most + 1));
            var sql = $"""
                SELECT {BroadcastRecord.Columns}
                  FROM {BroadcastRecord.From}
                 WHERE {conditions.Where}
                 ORDER BY b.id DESC
                 LIMIT @limit
                """;
            return ReadRowsAsync(connection, sql, conditions.Parameters, cancellationToken);
        }, cancellationToken);

    /// <summary>How many there are in each status, whatever status the filter names; statuses without any are there with 0.</summary>
    public Task<IReadOnlyDictionary<BroadcastStatus, long>> StatusCountsAsync(BroadcastFilter filter, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyDictionary<BroadcastStatus, long>>(async connection =>
        {
            var conditions = BroadcastConditions.Of(filter with { Status = null, View = BroadcastView.All }, database.Dialect);
            var rows = await connection.QueryAsync<(int Status, long Rows)>(
                Command(StatusCountsSql(conditions), conditions.Parameters, cancellationToken));
            var counts = Enum.GetValues<BroadcastStatus>().ToDictionary(s => s, _ => 0L);
            foreach (var (status, number) in rows) counts[(BroadcastStatus)status] = number;
            return counts;
        }, cancellationToken);

    internal static string StatusCountsSql(BroadcastConditions conditions) => $"SELECT b.status, COUNT(*) FROM broadcasts b WHERE {conditions.Where} GROUP BY b.status";

    /// <summary>What touches the days from an instant (inclusive) to another (exclusive), in time order.</summary>
    public Task<IReadOnlyList<CalendarItem>> CalendarAsync(DateTimeOffset from, DateTimeOffset to, BroadcastFilter filter, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<CalendarItem>>(async connection =>
        {
            var conditions = BroadcastConditions.Of(filter with { From = null, To = to }, database.Dialect);
            // What began earlier and still runs, or ended inside, spans into the range.
            conditions.AddIf(true,
                $"(COALESCE({BroadcastConditions.TimeSql}, b.created_at) >= @first OR b.finished_at >= @first OR (b.started_at IS NOT NULL AND b.finished_at IS NULL))",
                "first", from.ToUnixTimeMilliseconds());
            conditions.Parameters.Add("limit", MostInCalendar);
            var sql = $"""
                SELECT b.id AS Id, b.name AS Name, b.status AS Status, b.started_at AS StartedAt, b.scheduled_at AS ScheduledAt, b.finished_at AS FinishedAt,
                       b.created_at AS CreatedAt, c.name AS ChannelName, b.scheduled_local AS ScheduledLocal, b.time_zone AS TimeZone, b.recipient_local AS RecipientLocal,
                       b.repeat_rule AS RepeatRule, b.repeat_done AS RepeatDone
                  FROM broadcasts b LEFT JOIN channels c ON c.id = b.channel_id
                 WHERE {conditions.Where}
                 ORDER BY COALESCE({BroadcastConditions.TimeSql}, b.created_at), b.id
                 LIMIT @limit
                """;
            var rows = await connection.QueryAsync<BroadcastRecord>(Command(sql, conditions.Parameters, cancellationToken));
            return [.. rows.SelectMany(r => Upcoming(new CalendarItem
            {
                Id = r.Id,
                Name = r.Name,
                Status = (BroadcastStatus)r.Status,
                From = Times.Of(r.StartedAt ?? r.ScheduledAt ?? r.CreatedAt),
                To = Times.Of(r.FinishedAt),
                IsOnCreation = (r.StartedAt ?? r.ScheduledAt) is null,
                ChannelName = r.ChannelName,
                IsMovable = (BroadcastStatus)r.Status == BroadcastStatus.Scheduled && r.ScheduledLocal is not null && r.RepeatRule is null,
            }, r, to)).OrderBy(i => i.From)];
        }, cancellationToken);

    // A repeated broadcast stands on its next occurrence, and lightly on those after it.
    private static IEnumerable<CalendarItem> Upcoming(CalendarItem item, BroadcastRecord record, DateTimeOffset to)
    {
        yield return item;
        if (RepeatRule.Read(record.RepeatRule) is not { } rule || item.Status != BroadcastStatus.Scheduled || ScheduleTime.Parse(record.ScheduledLocal) is not { } local) yield break;
        var broadcast = new Broadcast { TimeZone = record.TimeZone, RecipientLocal = record.RecipientLocal };
        var done = record.RepeatDone + 1;
        while (rule.After(local, done) is { } next && Times.Of(ScheduleTime.StartOf(next, broadcast)) is var at && at < to)
        {
            yield return item with { From = at, IsUpcoming = true };
            (local, done) = (next, done + 1);
        }
    }

    /// <summary>Labels in use, by name.</summary>
    public Task<IReadOnlyList<string>> LabelsAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<string>>(async connection => [.. await connection.QueryAsync<string>(Command(LabelsSql, null, cancellationToken))], cancellationToken);

    private const string CreatorsSql = "SELECT DISTINCT created_by FROM broadcasts WHERE kind = 0 ORDER BY created_by LIMIT 1000";

    /// <summary>Whose broadcasts there are, as stored.</summary>
    public Task<IReadOnlyList<string>> CreatorsAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<string>>(async connection => [.. await connection.QueryAsync<string>(Command(CreatorsSql, null, cancellationToken))], cancellationToken);

    private const string SegmentsSql = "SELECT g.id, g.name FROM segments g WHERE EXISTS (SELECT 1 FROM broadcasts b WHERE b.segment_id = g.id) ORDER BY g.name_key LIMIT 1000";

    /// <summary>Segments that broadcasts go to, by name.</summary>
    public Task<IReadOnlyList<(long Id, string Name)>> SegmentsAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<(long, string)>>(async connection => [.. await connection.QueryAsync<(long, string)>(Command(SegmentsSql, null, cancellationToken))], cancellationToken);

    private const string StartedSql = "SELECT id, name FROM broadcasts WHERE kind = 0 AND started_at IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 200";

    /// <summary>Those that were started last, archived ones too.</summary>
    public Task<IReadOnlyList<(long Id, string Name)>> StartedAsync(CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<(long, string)>>(async connection => [.. await connection.QueryAsync<(long, string)>(Command(StartedSql, null, cancellationToken))], cancellationToken);

    /// <summary>Those of the ids that there are, archived ones too, in the order of the ids.</summary>
    public Task<IReadOnlyList<BroadcastRow>> ListAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => ReadRowsAsync(connection,
            $"SELECT {BroadcastRecord.Columns} FROM {BroadcastRecord.From} WHERE b.kind = 0 AND {database.Dialect.InList("b.id", "@ids")} ORDER BY b.id", new { ids = database.Dialect.List(ids) }, cancellationToken), cancellationToken);

    private const string LabelsSql = "SELECT DISTINCT label FROM broadcast_labels ORDER BY label LIMIT 1000";

    private async Task<IReadOnlyList<BroadcastRow>> ReadRowsAsync(DbConnection connection, string sql, object parameters, CancellationToken cancellationToken)
    {
        var records = (await connection.QueryAsync<BroadcastRecord>(Command(sql, parameters, cancellationToken))).AsList();
        var counts = await ReadCountsAsync(connection, [.. records.Select(r => r.Id)], cancellationToken);
        return [.. records.Select(r => r.ToRow(counts.GetValueOrDefault(r.Id, DeliveryCounts.None)))];
    }

    private async Task<Dictionary<long, DeliveryCounts>> ReadCountsAsync(DbConnection connection, long[] ids, CancellationToken cancellationToken)
    {
        if (ids.Length == 0) return [];
        var sql = $"SELECT s.broadcast_id AS Id, {CountsSql} FROM slices s WHERE {database.Dialect.InList("s.broadcast_id", "@ids")} GROUP BY s.broadcast_id";
        var rows = await connection.QueryAsync<CountsRecord, DeliveryCounts, (long Id, DeliveryCounts Counts)>(
            Command(sql, new { ids = database.Dialect.List(ids) }, cancellationToken), (id, counts) => (id.Id, counts), splitOn: "Pending");
        return rows.ToDictionary(r => r.Id, r => r.Counts);
    }

    private static string OrderBy(BroadcastSort sort, bool descending, SqlDialect dialect)
    {
        var direction = descending ? "DESC" : "ASC";
        // A draft without a time is what somebody works on: on top when the newest are on top.
        if (sort == BroadcastSort.Time)
            return $"CASE WHEN {BroadcastConditions.TimeSql} IS NULL THEN 1 ELSE 0 END {direction}, {BroadcastConditions.TimeSql} {direction}, b.id {direction}";

        var column = sort switch
        {
            BroadcastSort.Name => "LOWER(b.name)",
            BroadcastSort.Status => "b.status",
            BroadcastSort.Labels => "b.labels",
            BroadcastSort.Channel => "COALESCE(LOWER(c.name), '')",
            BroadcastSort.Segment => "COALESCE(LOWER(g.name), '')",
            BroadcastSort.Recipients => "b.recipients",
            BroadcastSort.Messages => MessagesSql(dialect),
            BroadcastSort.CreatedBy => "b.created_by",
            BroadcastSort.Progress => Share("o.sent + o.delivered + o.read + o.failed + o.skipped + o.unknown"),
            BroadcastSort.Delivered => Share("o.delivered + o.read"),
            BroadcastSort.Finish => "COALESCE(b.finished_at, 9223372036854775807)",
            BroadcastSort.Approval => $"CASE WHEN b.status = {(int)BroadcastStatus.Paused} AND b.status_reason = '{Approvals.Reason}' THEN 2 WHEN b.approved_by IS NOT NULL THEN 1 ELSE 0 END",
            BroadcastSort.Failed => OfSlices("COALESCE(SUM(o.failed), 0)"),
            _ => "b.created_at",
        };
        return $"{column} {direction}, b.id {direction}";
    }

    // One look at the slices of each listed broadcast, by their index; never null, so that both databases agree where those without any stand.
    private static string OfSlices(string value) => $"(SELECT {value} FROM slices o WHERE o.broadcast_id = b.id)";

    private static string Share(string rows) =>
        OfSlices($"CASE WHEN SUM({AllRows}) > 0 THEN 1.0 * SUM({rows}) / SUM({AllRows}) ELSE -1.0 END");

    private const string AllRows = "o.pending + o.sending + o.sent + o.delivered + o.read + o.failed + o.skipped + o.unknown";

    private static string MessagesSql(SqlDialect dialect) =>
        dialect.IsPostgres ? "b.recipients * jsonb_array_length(CAST(b.parts AS JSONB))" : "b.recipients * json_array_length(b.parts)";

    private static CommandDefinition Command(string sql, object? parameters, CancellationToken cancellationToken) => new(sql, parameters, cancellationToken: cancellationToken);

    private sealed class CountsRecord
    {
        public long Id { get; set; }
    }
}
