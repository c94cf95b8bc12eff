using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>How far a broadcast is, read from its slices' own counts: as cheap for a million rows as for ten.</summary>
internal sealed class ProgressQueries(Database database, TimeProvider time)
{
    private const string ProgressSql = """
        SELECT b.status AS Status, b.status_reason AS StatusReason, b.status_detail AS StatusDetail, b.status_told AS StatusTold, b.recipients AS Recipients, b.freeze_done AS FreezeDone,
               b.started_at AS StartedAt, b.finished_at AS FinishedAt, b.rate_count AS RateCount, b.rate_per_ms AS RatePerMs,
               c.rate_count AS ChannelRateCount, c.rate_per_ms AS ChannelRatePerMs, b.channel_id AS ChannelId,
               CAST(COALESCE(s.pending, 0) AS BIGINT) AS Pending, CAST(COALESCE(s.sending, 0) AS BIGINT) AS Sending, CAST(COALESCE(s.sent, 0) AS BIGINT) AS Sent,
               CAST(COALESCE(s.delivered, 0) AS BIGINT) AS Delivered, CAST(COALESCE(s.read, 0) AS BIGINT) AS Read,
               CAST(COALESCE(s.failed, 0) AS BIGINT) AS Failed, CAST(COALESCE(s.skipped, 0) AS BIGINT) AS Skipped,
               CAST(COALESCE(s.unknown, 0) AS BIGINT) AS Unknown
          FROM broadcasts b
          LEFT JOIN channels c ON c.id = b.channel_id
          LEFT JOIN (SELECT broadcast_id, SUM(pending) AS pending, SUM(sending) AS sending, SUM(sent) AS sent, SUM(delivered) AS delivered,
                            SUM(read) AS read, SUM(failed) AS failed, SUM(skipped) AS skipped, SUM(unknown) AS unknown
                       FROM slices WHERE broadcast_id = @id GROUP BY broadcast_id) s ON s.broadcast_id = b.id
         WHERE b.id = @id AND b.kind = 0
        """;

    private const string ReasonsSql = """
        SELECT r.status AS Status, r.reason AS Reason, CAST(SUM(r.rows) AS BIGINT) AS Rows
          FROM slices s JOIN slice_reasons r ON r.slice_id = s.id
         WHERE s.broadcast_id = @id
         GROUP BY r.status, r.reason
        HAVING SUM(r.rows) > 0
         ORDER BY SUM(r.rows) DESC, r.status, r.reason
        """;

    /// <summary>The numbers now; null when there is no such broadcast. Rate and ETA need two looks: see <see cref="ProgressFeed"/>.</summary>
    public Task<Progress?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var row = await connection.QuerySingleOrDefaultAsync<ProgressRecord>(new CommandDefinition(ProgressSql, new { id }, cancellationToken: cancellationToken));
            if (row is null) return null;
            var reasons = await connection.QueryAsync<ReasonRecord>(new CommandDefinition(ReasonsSql, new { id }, cancellationToken: cancellationToken));
            return Build(id, row, reasons);
        }, cancellationToken);

    private Progress Build(long id, ProgressRecord row, IEnumerable<ReasonRecord> reasons) => new()
    {
        BroadcastId = id,
        Status = (BroadcastStatus)row.Status,
        StatusReason = row.StatusReason,
        StatusDetail = row.StatusDetail,
        StatusTold = Told.Read(row.StatusTold),
        Recipients = row.Recipients,
        IsFrozen = row.FreezeDone != 0,
        Counts = new DeliveryCounts
        {
            Pending = row.Pending,
            Sending = row.Sending,
            Sent = row.Sent,
            Delivered = row.Delivered,
            Read = row.Read,
            Failed = row.Failed,
            Skipped = row.Skipped,
            Unknown = row.Unknown,
        },
        Reasons = [.. reasons.Select(r => new ReasonCount(DeliveryStatuses.Read(r.Status), Deliveries.Reasons.NameOf(r.Reason), r.Rows))],
        StartedAt = Times.Of(row.StartedAt),
        FinishedAt = Times.Of(row.FinishedAt),
        OwnRate = row.RateCount is { } count && row.RatePerMs is { } per ? new SendRate(count, per) : null,
        ChannelRate = row.ChannelRateCount is { } channelCount && row.ChannelRatePerMs is { } channelPer ? new SendRate(channelCount, channelPer) : null,
        ChannelId = row.ChannelId,
        At = time.GetUtcNow(),
    };

    private sealed class ProgressRecord
    {
        public int Status { get; set; }

        public string? StatusReason { get; set; }

        public string? StatusDetail { get; set; }

        public string? StatusTold { get; set; }

        public long Recipients { get; set; }

        public int FreezeDone { get; set; }

        public long? StartedAt { get; set; }

        public long? FinishedAt { get; set; }

        public int? RateCount { get; set; }

        public long? RatePerMs { get; set; }

        public int? ChannelRateCount { get; set; }

        public long? ChannelRatePerMs { get; set; }

        public long? ChannelId { get; set; }

        public long Pending { get; set; }

        public long Sending { get; set; }

        public long Sent { get; set; }

        public long Delivered { get; set; }

        public long Read { get; set; }

        public long Failed { get; set; }

        public long Skipped { get; set; }

        public long Unknown { get; set; }
    }

    private sealed class ReasonRecord
    {
        public int Status { get; set; }

        public int Reason { get; set; }

        public long Rows { get; set; }
    }
}
