using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;

namespace Broadcasts.Reporting;

/// <summary>A row of <c>broadcasts</c> as the database gives it, with the names of what it points to.</summary>
internal sealed class BroadcastRecord
{
    /// <summary>The columns of <see cref="BroadcastRow"/>; callers write FROM and WHERE.</summary>
    public const string Columns = """
        b.id AS Id, b.name AS Name, b.labels AS Labels, b.status AS Status, b.status_reason AS StatusReason, b.status_detail AS StatusDetail, b.status_told AS StatusTold,
        b.channel_id AS ChannelId, c.name AS ChannelName, b.segment_id AS SegmentId, g.name AS SegmentName, b.audience AS Audience, b.parts AS Parts,
        b.scheduled_at AS ScheduledAt, b.scheduled_local AS ScheduledLocal, b.time_zone AS TimeZone, b.created_by AS CreatedBy, b.created_at AS CreatedAt,
        b.started_at AS StartedAt, b.finished_at AS FinishedAt, b.archived_at AS ArchivedAt, b.recipients AS Recipients, b.freeze_done AS FreezeDone,
        b.forecast AS Forecast, b.version AS Version, CASE WHEN b.routes IS NULL THEN 0 ELSE 1 END AS IsLastInteracted,
        b.recipient_local AS RecipientLocal, b.repeat_rule AS RepeatRule, b.sent_by AS SentBy, b.approved_by AS ApprovedBy
        """;

    public const string From = "broadcasts b LEFT JOIN channels c ON c.id = b.channel_id LEFT JOIN segments g ON g.id = b.segment_id";

    public long Id { get; set; }

    public string Name { get; set; } = "";

    public string Labels { get; set; } = "[]";

    public int Status { get; set; }

    public string? StatusReason { get; set; }

    public string? StatusDetail { get; set; }

    public string? StatusTold { get; set; }

    public long? ChannelId { get; set; }

    public string? ChannelName { get; set; }

    public int IsLastInteracted { get; set; }

    public long? SegmentId { get; set; }

    public string? SegmentName { get; set; }

    public string? Audience { get; set; }

    public string Parts { get; set; } = "[]";

    public long? ScheduledAt { get; set; }

    public string? ScheduledLocal { get; set; }

    public string? TimeZone { get; set; }

    public string CreatedBy { get; set; } = "";

    public long CreatedAt { get; set; }

    public long? StartedAt { get; set; }

    public long? FinishedAt { get; set; }

    public long? ArchivedAt { get; set; }

    public long Recipients { get; set; }

    public int FreezeDone { get; set; }

    public string? Forecast { get; set; }

    public int Version { get; set; }

    public int RecipientLocal { get; set; }

    public string? RepeatRule { get; set; }

    public string? SentBy { get; set; }

    public string? ApprovedBy { get; set; }

    public int RepeatDone { get; set; }

    public BroadcastRow ToRow(DeliveryCounts counts)
    {
        var (forecastRecipients, forecastMessages) = StartedAt is null ? ReadForecast() : (null, null);
        return new BroadcastRow
        {
            Id = Id,
            Name = Name,
            Labels = JsonSerializer.Deserialize<string[]>(Labels) ?? [],
            Status = (BroadcastStatus)Status,
            StatusReason = StatusReason,
            StatusDetail = StatusDetail,
            StatusTold = Told.Read(StatusTold),
            Time = Times.Of(StartedAt ?? ScheduledAt),
            ScheduledLocal = ScheduledLocal,
            TimeZone = TimeZone,
            ScheduledAt = Times.Of(ScheduledAt),
            IsRecipientLocal = RecipientLocal == 1,
            Repeat = Broadcasting.RepeatRule.Read(RepeatRule),
            ChannelId = ChannelId,
            ChannelName = ChannelName,
            SegmentId = SegmentId,
            SegmentName = SegmentName,
            Audience = ReadAudienceKind(),
            Recipients = StartedAt is null ? forecastRecipients : Recipients,
            Messages = StartedAt is null ? forecastMessages : counts.Total,
            IsForecast = StartedAt is null,
            Parts = CountParts(),
            IsLastInteracted = IsLastInteracted == 1,
            Counts = counts,
            CreatedBy = CreatedBy,
            SentBy = SentBy,
            ApprovedBy = ApprovedBy,
            CreatedAt = Times.Of(CreatedAt),
            StartedAt = Times.Of(StartedAt),
            FinishedAt = Times.Of(FinishedAt),
            ArchivedAt = Times.Of(ArchivedAt),
            Version = Version,
        };
    }

    private int CountParts()
    {
        using var parts = JsonDocument.Parse(Parts);
        return parts.RootElement.GetArrayLength();
    }

    private AudienceKind ReadAudienceKind()
    {
        var audience = Audience is null ? null : JsonSerializer.Deserialize<BroadcastAudience>(Audience, BroadcastJson.Options);
        return audience switch
        {
            { RetryOf: not null } => AudienceKind.Retry,
            { ImportId: not null } => AudienceKind.Import,
            { ContactIds: not null } => AudienceKind.Contacts,
            { Segment: not null } => AudienceKind.Rule,
            { SegmentId: not null } => AudienceKind.Segment,
            _ => SegmentId is null ? AudienceKind.None : AudienceKind.Segment,
        };
    }

    private (long? Recipients, long? Messages) ReadForecast()
    {
        if (Forecast is null) return default;
        using var forecast = JsonDocument.Parse(Forecast);
        return (Number("recipients"), Number("messages"));

        long? Number(string name) => forecast.RootElement.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : null;
    }
}
