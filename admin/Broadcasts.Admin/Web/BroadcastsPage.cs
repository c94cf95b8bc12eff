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
    public long? Segment { get; set; }

    /// <summary>Who made it, as stored: <c>user:3</c>.</summary>
    [BindProperty(SupportsGet = true)]
    public string? By { get; set; }

    /// <summary>The first day, in the visitor's zone: <c>2026-11-23</c>.</summary>
    [BindProperty(SupportsGet = true)]
    public string? From { get; set; }

    /// <summary>The last day.</summary>
    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Outcome { get; set; }

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

    protected ProgressFeed Progress => progress;

    public IReadOnlyDictionary<BroadcastStatus, long> Counts { get; private set; } = new Dictionary<BroadcastStatus, long>();

    public IReadOnlyList<Channel> Channels { get; private set; } = [];

    public IReadOnlyList<string> Labels { get; private set; } = [];

    public IReadOnlyList<(long Id, string Name)> Segments { get; private set; } = [];

    /// <summary>Whoever made a broadcast, with their names.</summary>
    public IReadOnlyList<(string Actor, string Name)> Creators { get; private set; } = [];

    public BroadcastDrawer? Drawer { get; private set; }

    public bool CanEdit { get; private set; }

    public bool CanSend { get; private set; }

    /// <summary>True when a filter is set: an empty table then means something else.</summary>
    public bool IsFiltered => Chips.Count > 0;

    public BroadcastStatus? StatusValue => Enum.TryParse<BroadcastStatus>(Status, ignoreCase: true, out var status) && Enum.IsDefined(status) ? status : null;

    public BroadcastView ViewValue => View?.ToLowerInvariant() switch
    {
        "scheduled" => BroadcastView.Scheduled,
        "history" => BroadcastView.History,
        _ => BroadcastView.All,
    };

    public bool Archived => View?.ToLowerInvariant() == "archived";

    public LocalDate? FromDay => CalendarGrid.DayOf(From);

    public LocalDate? ToDay => CalendarGrid.DayOf(To);

    public BroadcastOutcome? OutcomeValue => Enum.TryParse<BroadcastOutcome>(Outcome, ignoreCase: true, out var outcome) && Enum.IsDefined(outcome) ? outcome : null;

    /// <summary>How many filters stand behind <em>More filters</em>.</summary>
    public int MoreFilters => new[] { Segment is not null, !string.IsNullOrEmpty(By), FromDay is not null, ToDay is not null, OutcomeValue is not null }.Count(set => set);

    public BroadcastFilter Filter => new()
    {
        Status = StatusValue,
        View = ViewValue,
        ChannelId = Channel,
        Label = string.IsNullOrWhiteSpace(Label) ? null : Label,
        Search = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(),
        Archived = Archived,
        SegmentId = Segment,
        CreatedBy = string.IsNullOrEmpty(By) ? null : By,
        From = StartOf(FromDay),
        To = StartOf(ToDay?.PlusDays(1)),
        Outcome = OutcomeValue,
    };

    /// <summary>The filters that are set, in words, each with the address without it.</summary>
    public IReadOnlyList<(string Text, string Href)> Chips => _chips ??= [.. ChipsOf()];

    private IReadOnlyList<(string Text, string Href)>? _chips;

    private IEnumerable<(string Text, string Href)> ChipsOf()
    {
        if (Filter.Search is { } search) yield return Chip(Texts["Chip.Search", search], "q");
        if (StatusValue is { } status) yield return Chip(Texts.Of(status), "status");
        if (ViewValue != BroadcastView.All || Archived) yield return Chip(Texts[Archived ? "View.Archived" : $"View.{ViewValue}"], "view");
        if (Channel is { } channel) yield return Chip($"{Texts["Broadcasts.Channel"]}: {Channels.FirstOrDefault(c => c.Id == channel)?.Name ?? $"{channel}"}", "channel");
        if (Filter.Label is { } label) yield return Chip($"{Texts["Broadcasts.Label"]}: {label}", "label");
        if (Segment is { } segment) yield return Chip($"{Texts["Broadcasts.Segment"]}: {Segments.FirstOrDefault(s => s.Id == segment).Name ?? $"{segment}"}", "segment");
        if (Filter.CreatedBy is { } creator) yield return Chip($"{Texts["Broadcasts.CreatedBy"]}: {Creators.FirstOrDefault(c => c.Actor == creator).Name ?? creator}", "by");
        if (FromDay is { } from) yield return Chip(Texts["Chip.From", Show.DayText(from)], "from");
        if (ToDay is { } to) yield return Chip(Texts["Chip.To", Show.DayText(to)], "to");
        if (OutcomeValue is { } outcome) yield return Chip(Texts.Of(outcome), "outcome");
    }

    private (string Text, string Href) Chip(string text, string name) => (text, With((name, null), ("p", null), ("open", null)));

    private DateTimeOffset? StartOf(LocalDate? day) => day is { } date ? Visitor.Zone.AtStartOfDay(date).ToDateTimeOffset() : null;

    /// <summary>The address without any filter.</summary>
    public string Unfiltered => With([.. FilterNames.Append("p").Append("open").Select(name => (name, (object?)null))]);

    public abstract string Path { get; }

    /// <summary>What a saved view keeps: the filters and the order.</summary>
    protected static readonly string[] FilterNames = ["status", "view", "q", "label", "channel", "segment", "by", "from", "to", "outcome"];

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
        ["segment"] = Segment?.ToString(CultureInfo.InvariantCulture),
        ["by"] = By,
        ["from"] = From,
        ["to"] = To,
        ["outcome"] = Outcome,
        ["sort"] = Sort,
        ["scale"] = Scale,
        ["on"] = On,
        ["p"] = Request.Query["p"],
        ["open"] = Open?.ToString(CultureInfo.InvariantCulture),
        ["move"] = Move,
    };

    /// <summary>Actors with their names.</summary>
    protected async Task<Dictionary<string, string>> NamesAsync(IEnumerable<string> actors, CancellationToken cancellationToken)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var actor in actors) names[actor] = await people.NameAsync(actor, cancellationToken);
        return names;
    }

    protected async Task LoadFrameAsync(CancellationToken cancellationToken)
    {
        // The list at the left counts what the other filters leave: choosing a status must not empty the other numbers.
        Counts = await queries.StatusCountsAsync(Filter with { Status = null, View = BroadcastView.All }, cancellationToken);
        Channels = await channels.ListAsync();
        Labels = await queries.LabelsAsync(cancellationToken);
        Segments = await queries.SegmentsAsync(cancellationToken);
        Creators = [.. (await NamesAsync(await queries.CreatorsAsync(cancellationToken), cancellationToken)).Select(n => (n.Key, n.Value)).OrderBy(n => n.Value, StringComparer.CurrentCultureIgnoreCase)];
        CanEdit = May(Permission.EditBroadcasts);
        CanSend = May(Permission.SendBroadcasts);
        if (Open is { } id) Drawer = await BroadcastDrawer.LoadAsync(id, queries, progress, people, With(("open", null), ("move", null)), cancellationToken);
        if (Drawer is not null) Drawer = Drawer with { CanEdit = CanEdit, CanSend = CanSend, MoveTo = CalendarGrid.DayOf(Move) };
    }
}
