using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;

namespace Broadcasts.Host.Api;

/// <summary>A broadcast as the API tells it.</summary>
internal sealed record BroadcastAnswer
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string[] Labels { get; init; }

    public required BroadcastStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    /// <summary>Code and values of the detail when it is a sentence of the engine, to say it in another language.</summary>
    public Told? StatusTold { get; init; }

    public long? ChannelId { get; init; }

    public string? ChannelName { get; init; }

    public long[]? LastInteracted { get; init; }

    public long? SegmentId { get; init; }

    public JsonElement? Segment { get; init; }

    public long[]? ContactIds { get; init; }

    public long? ImportId { get; init; }

    public long? RetryOf { get; init; }

    public long[]? ExcludeSegmentIds { get; init; }

    public bool? InteractedOnly { get; init; }

    /// <summary>The same with names, and from the start on how many contacts each took out.</summary>
    public IReadOnlyList<ExcludedPart>? Excluded { get; init; }

    public BroadcastPart[]? Parts { get; init; }

    public string? Language { get; init; }

    public LanguageParts[]? Variants { get; init; }

    /// <summary>The template that the content was taken from.</summary>
    public long? TemplateId { get; init; }

    public int? TemplateVersion { get; init; }

    /// <summary>The version that the template has now.</summary>
    public int? TemplateLatest { get; init; }

    public RateBody? SendRate { get; init; }

    public ScheduleAnswer? Schedule { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public CanaryBody? Canary { get; init; }

    public int? SameFaults { get; init; }

    public bool? IgnoreFrequencyCap { get; init; }

    /// <summary>Until when its send can be undone.</summary>
    public DateTimeOffset? UndoUntil { get; init; }

    public string? ApprovedBy { get; init; }

    /// <summary>The last forecast beside what came of it, once it is completed.</summary>
    public ForecastOutcome? ForecastOutcome { get; init; }

    public SendWindow? SendWindow { get; init; }

    /// <summary>Recipients whose own zone is not known: their times are those of the broadcast's zone.</summary>
    public long? FallbackRecipients { get; init; }

    /// <summary>How much later than its time it was started, in milliseconds.</summary>
    public long? LateByMs { get; init; }

    /// <summary>Contacts targeted; before the start the last forecast's, if there is one.</summary>
    public long? Recipients { get; init; }

    public long? Messages { get; init; }

    public bool IsForecast { get; init; }

    public required CountsAnswer Counts { get; init; }

    public long? ParentId { get; init; }

    public long[]? ChildIds { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public string? SentBy { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public DateTimeOffset? ArchivedAt { get; init; }

    public required int Version { get; init; }

    /// <summary>What can be asked of it now.</summary>
    public required string[] Allowed { get; init; }

    public static BroadcastAnswer Of(BroadcastRow row) => new()
    {
        Id = row.Id,
        Name = row.Name,
        Labels = row.Labels,
        Status = row.Status,
        StatusReason = row.StatusReason,
        StatusDetail = row.StatusDetail,
        StatusTold = row.StatusTold,
        ChannelId = row.ChannelId,
        ChannelName = row.ChannelName,
        SegmentId = row.SegmentId,
        Schedule = row.ScheduledLocal is null ? null : ScheduleAnswer.Of(row, row is { StartedAt: null, Status: not BroadcastStatus.Draft } ? row.Time : null),
        LateByMs = (long?)row.LateBy(null)?.TotalMilliseconds,
        Recipients = row.Recipients,
        Messages = row.Messages,
        IsForecast = row.IsForecast,
        Counts = CountsAnswer.Of(row.Counts),
        CreatedBy = row.CreatedBy,
        CreatedAt = row.CreatedAt,
        StartedAt = row.StartedAt,
        FinishedAt = row.FinishedAt,
        ArchivedAt = row.ArchivedAt,
        Version = row.Version,
        Allowed = [.. BroadcastLifecycle.CommandsFrom(row.Status, row.StatusReason).Select(c => JsonNamingPolicy.CamelCase.ConvertName(c.ToString()))],
    };

    public static BroadcastAnswer Of(BroadcastDetails details) => Of(details.Row) with
    {
        LastInteracted = details.Routes.Length == 0 ? null : details.Routes,
        SegmentId = details.Audience?.SegmentId,
        Segment = details.Audience?.Segment,
        ContactIds = details.Audience?.ContactIds,
        ImportId = details.Audience?.ImportId,
        RetryOf = details.Audience?.RetryOf,
        ExcludeSegmentIds = details.Audience?.ExcludeSegmentIds,
        InteractedOnly = details.Audience?.InteractedOnly == true ? true : null,
        Excluded = details.Excluded.Count > 0 ? details.Excluded : null,
        Parts = details.Parts,
        Language = details.Languages?.Language,
        Variants = details.Languages?.Variants,
        TemplateId = details.Template?.Id,
        TemplateVersion = details.Template?.Version,
        TemplateLatest = details.Template?.Latest,
        SendRate = RateBody.Of(details.Rate, details.SpreadOver),
        Schedule = details.Row.ScheduledLocal is null ? null : ScheduleAnswer.Of(details.Row, details.ScheduledAt),
        SendWindow = details.SendWindow,
        FallbackRecipients = details.FallbackRecipients > 0 ? details.FallbackRecipients : null,
        ExpiresAt = details.ExpiresAt,
        Canary = CanaryBody.Of(details.Safety.Canary),
        SameFaults = details.Safety.SameFaults,
        IgnoreFrequencyCap = details.Safety.IgnoresFrequencyCap ? true : null,
        UndoUntil = details.UndoUntil,
        ApprovedBy = details.ApprovedBy,
        ForecastOutcome = details.ForecastOutcome,
        ParentId = details.ParentId,
        ChildIds = [.. details.Children.Select(c => c.Id)],
        UpdatedAt = details.UpdatedAt,
        SentBy = details.SentBy,
    };
}

/// <summary>When it is due.</summary>
/// <param name="At">The instant; null once it was started by hand, and for a draft: that only remembers the time that it shall go out.</param>
/// <param name="LocalTime">As its author wrote it.</param>
/// <param name="TimeZone">IANA zone of the local time.</param>
/// <param name="Local">True: at that local time in each recipient's own zone.</param>
/// <param name="Repeat">When it comes again; then the time is that of the next occurrence.</param>
internal sealed record ScheduleAnswer(DateTimeOffset? At, string? LocalTime, string? TimeZone, bool? Local, RepeatRule? Repeat)
{
    public static ScheduleAnswer Of(BroadcastRow row, DateTimeOffset? at) => new(at, row.ScheduledLocal, row.TimeZone, row.IsRecipientLocal ? true : null, row.Repeat);
}

/// <summary>Messages by status: exclusive, they sum up to all.</summary>
internal sealed record CountsAnswer(long Pending, long Sending, long Sent, long Delivered, long Read, long Failed, long Skipped, long Unknown)
{
    public static CountsAnswer Of(DeliveryCounts c) => new(c.Pending, c.Sending, c.Sent, c.Delivered, c.Read, c.Failed, c.Skipped, c.Unknown);
}

/// <summary>Answer to a command.</summary>
/// <param name="Id">The broadcast.</param>
/// <param name="Status">Its status after the command.</param>
/// <param name="Version">Its version after the command.</param>
/// <param name="InFlight">After pause and cancel: messages handed over whose answer is not there yet.</param>
internal sealed record BroadcastState(long Id, BroadcastStatus Status, int Version, long? InFlight);

/// <summary>How far a broadcast is.</summary>
internal sealed record ProgressAnswer
{
    public required long Id { get; init; }

    public required BroadcastStatus Status { get; init; }

    public string? StatusReason { get; init; }

    public string? StatusDetail { get; init; }

    /// <summary>Code and values of the detail when it is a sentence of the engine, to say it in another language.</summary>
    public Told? StatusTold { get; init; }

    public required long Recipients { get; init; }

    public required long Messages { get; init; }

    /// <summary>False while the audience is still being frozen: the numbers grow.</summary>
    public required bool IsFrozen { get; init; }

    public required long Pending { get; init; }

    public required long Sending { get; init; }

    public required long Sent { get; init; }

    public required long Delivered { get; init; }

    public required long Read { get; init; }

    public required long Failed { get; init; }

    public required long Skipped { get; init; }

    public required long Unknown { get; init; }

    /// <summary>Messages per second over the last seconds.</summary>
    public double? Rate { get; init; }

    public RateLimit? LimitedBy { get; init; }

    /// <summary>Why it does not move; absent while it does.</summary>
    public Waiting? Waiting { get; init; }

    /// <summary>When that ends; only while a longer limit of the channel is used up.</summary>
    public DateTimeOffset? LimitedUntil { get; init; }

    public DateTimeOffset? Eta { get; init; }

    public required FunnelAnswer Funnel { get; init; }

    /// <summary>Status → reason → messages.</summary>
    public required Dictionary<string, Dictionary<string, long>> Reasons { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>When these numbers were read.</summary>
    public required DateTimeOffset At { get; init; }

    public static ProgressAnswer Of(Progress p) => new()
    {
        Id = p.BroadcastId,
        Status = p.Status,
        StatusReason = p.StatusReason,
        StatusDetail = p.StatusDetail,
        StatusTold = p.StatusTold,
        Recipients = p.Recipients,
        Messages = p.Messages,
        IsFrozen = p.IsFrozen,
        Pending = p.Counts.Pending,
        Sending = p.Counts.Sending,
        Sent = p.Counts.Sent,
        Delivered = p.Counts.Delivered,
        Read = p.Counts.Read,
        Failed = p.Counts.Failed,
        Skipped = p.Counts.Skipped,
        Unknown = p.Counts.Unknown,
        Rate = p.Rate,
        LimitedBy = p.LimitedBy,
        Waiting = p.Waiting,
        LimitedUntil = p.LimitedUntil,
        Eta = p.Eta,
        Funnel = new FunnelAnswer(p.Funnel.Sent, p.Funnel.Delivered, p.Funnel.Read),
        Reasons = ReasonsOf(p),
        StartedAt = p.StartedAt,
        FinishedAt = p.FinishedAt,
        At = p.At,
    };

    /// <summary>Status → reason → messages; failed and skipped are always there.</summary>
    public static Dictionary<string, Dictionary<string, long>> ReasonsOf(Progress progress)
    {
        var reasons = new Dictionary<string, Dictionary<string, long>> { ["failed"] = [], ["skipped"] = [] };
        foreach (var reason in progress.Reasons)
        {
            var status = JsonNamingPolicy.CamelCase.ConvertName(reason.Status.ToString());
            if (!reasons.TryGetValue(status, out var ofStatus)) reasons.Add(status, ofStatus = []);
            ofStatus[reason.Reason] = reason.Rows;
        }

        return reasons;
    }
}

/// <summary>Everybody who came at least this far.</summary>
internal sealed record FunnelAnswer(long Sent, long Delivered, long Read);
