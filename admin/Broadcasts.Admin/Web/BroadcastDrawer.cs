using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using NodaTime;

namespace Broadcasts.Admin.Web;

/// <summary>What the drawer and the top of a broadcast's page show.</summary>
internal sealed record BroadcastDrawer
{
    public required BroadcastDetails Details { get; init; }

    public Progress? Progress { get; init; }

    public required string SentBy { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>Where closing leads.</summary>
    public required string CloseHref { get; init; }

    public bool CanEdit { get; init; }

    public bool CanSend { get; init; }

    /// <summary>The day that somebody dropped it on.</summary>
    public LocalDate? MoveTo { get; init; }

    /// <summary>Its time in its own zone, moved by as many days as it was dropped away from the day on which the visitor sees it.</summary>
    public string MovedLocal(DateTimeZone zone)
    {
        if (MoveTo is not { } day || ScheduleTime.Parse(Row.ScheduledLocal) is not { } local || Row.ScheduledAt is not { } at) return Row.ScheduledLocal ?? "";
        var seen = Instant.FromDateTimeOffset(at).InZone(zone).Date;
        return local.PlusDays(Period.DaysBetween(seen, day)).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture);
    }

    /// <summary>Why a second person must agree; null when nobody need.</summary>
    public Problem? NeedsApproval { get; init; }

    public BroadcastRow Row => Details.Row;

    public DeliveryCounts Counts => Progress?.Counts ?? Row.Counts;

    public static async Task<BroadcastDrawer?> LoadAsync(
        long id, BroadcastQueries queries, ProgressFeed progress, People people, string closeHref, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(id, cancellationToken) is not { } details) return null;
        return new BroadcastDrawer
        {
            Details = details,
            Progress = details.Row.StartedAt is null ? null : await progress.GetAsync(id, cancellationToken),
            SentBy = await people.NameAsync(details.SentBy, cancellationToken),
            CreatedBy = await people.NameAsync(details.Row.CreatedBy, cancellationToken),
            CloseHref = closeHref,
            NeedsApproval = details.Row.IsAwaitingApproval ? (details.Row.StatusTold ?? new Told("", [])).With(details.Row.StatusDetail ?? "") : null,
        };
    }
}
