using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using NodaTime;

namespace Broadcasts.Admin.Web;

/// <summary>What the table and the calendar share: filters in the address, the status list, the drawer.</summary>
internal abstract class BroadcastsPage(BroadcastQueries queries, ProgressFeed progress, ChannelStore channels, People people) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? View { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Label { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Channel { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Sort { get; set; }

    /// <summary>The calendar's scale: <c>week</c>, <c>agenda</c>, or a month for anything else.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Scale { get; set; }

    /// <summary>The calendar's month or week: <c>2026-11</c> or <c>2026-11-23</c>.</summary>
    [BindProperty(SupportsGet = true)]
    public string? On { get; set; }

    /// <summary>The day that the broadcast of the drawer shall be moved to.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Move { get; set; }

    /// <summary>Whose drawer is open.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Open { get; set; }

    protected BroadcastQueries Queries => queries;

    public IReadOnlyDictionary<BroadcastStatus, long> Counts { get; private set; } = new Dictionary<BroadcastStatus, long>();

    public IReadOnlyList<Channel> Channels { get; private set; } = [];

    public IReadOnlyList<string> Labels { get; private set; } = [];

    public BroadcastDrawer? Drawer { get; private set; }

    public bool CanEdit { get; private set; }

    public bool CanSend { get; private set; }

    /// <summary>True when a filter is set: an empty table then means something else.</summary>
    public bool IsFiltered => Q is { Length: > 0 } || Label is { Length: > 0 } || Channel is not null || StatusValue is not null || ViewValue != BroadcastView.All;

    public BroadcastStatus? StatusValue => Enum.TryParse<BroadcastStatus>(Status, ignoreCase: true, out var status) && Enum.IsDefined(status) ? status : null;

    public BroadcastView ViewValue => View?.ToLowerInvariant() switch
    {
        "scheduled" => BroadcastView.Scheduled,
        "history" => BroadcastView.History,
        _ => BroadcastView.All,
    };

    public bool Archived => View?.ToLowerInvariant() == "archived";

    public BroadcastFilter Filter => new()
    {
        Status = StatusValue,
        View = ViewValue,
        ChannelId = Channel,
        Label = string.IsNullOrWhiteSpace(Label) ? null : Label,
        Search = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(),
        Archived = Archived,
    };

    public abstract string Path { get; }

    /// <summary>This page's address with changes; null takes a filter away.</summary>
    public string With(params (string Name, object? Value)[] changes) => With(Path, changes);

    /// <summary>Another page's address with the same filters.</summary>
    public string With(string path, params (string Name, object? Value)[] changes)
    {
        var query = State();
        foreach (var (name, value) in changes) query[name] = Convert.ToString(value, CultureInfo.InvariantCulture);
        return QueryHelpers.AddQueryString(path, query.Where(q => !string.IsNullOrEmpty(q.Value)));
    }

    /// <summary>What a form of this page carries on, but for those names.</summary>
    public IEnumerable<(string Name, string Value)> Kept(params string[] without) =>
        State().Where(q => !string.IsNullOrEmpty(q.Value) && !without.Contains(q.Key)).Select(q => (q.Key, q.Value!));

    private Dictionary<string, string?> State() => new()
    {
        ["status"] = Status,
        ["view"] = View,
        ["q"] = Q,
        ["label"] = Label,
        ["channel"] = Channel?.ToString(CultureInfo.InvariantCulture),
        ["sort"] = Sort,
        ["scale"] = Scale,
        ["on"] = On,
        ["p"] = Request.Query["p"],
        ["open"] = Open?.ToString(CultureInfo.InvariantCulture),
        ["move"] = Move,
    };

    protected async Task LoadFrameAsync(CancellationToken cancellationToken)
    {
        // The list at the left counts what the other filters leave: choosing a status must not empty the other numbers.
        Counts = await queries.StatusCountsAsync(Filter with { Status = null, View = BroadcastView.All }, cancellationToken);
        Channels = await channels.ListAsync();
        Labels = await queries.LabelsAsync(cancellationToken);
        CanEdit = May(Permission.EditBroadcasts);
        CanSend = May(Permission.SendBroadcasts);
        if (Open is { } id) Drawer = await BroadcastDrawer.LoadAsync(id, queries, progress, people, With(("open", null), ("move", null)), cancellationToken);
        if (Drawer is not null) Drawer = Drawer with { CanEdit = CanEdit, CanSend = CanSend, MoveTo = CalendarGrid.DayOf(Move) };
    }
}

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
