using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using NodaTime;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class CalendarModel(BroadcastQueries queries, ProgressFeed progress, ChannelStore channels, People people)
    : BroadcastsPage(queries, progress, channels, people)
{
    /// <summary>Of a month's day; a week shows them all.</summary>
    private const int MostPerDay = 4;

    public override string Path => "/broadcasts/calendar";

    public CalendarGrid Grid { get; private set; } = null!;

    public int MostShown => Grid.Scale == CalendarScale.Week ? int.MaxValue : MostPerDay;

    public bool IsLive => Grid.Days.Any(d => d.Events.Any(e => e.Item.Status is BroadcastStatus.InProgress or BroadcastStatus.Scheduled));

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Grid = CalendarGrid.Of(Scale switch { "week" => CalendarScale.Week, "agenda" => CalendarScale.Agenda, _ => CalendarScale.Month }, On, Visitor);
        var items = await Queries.CalendarAsync(Grid.Start, Grid.End, Filter, cancellationToken);
        Grid.Fill(items, Visitor.Zone, Visitor.Now.ToDateTimeOffset());
        await LoadFrameAsync(cancellationToken);
    }

    public string Tone(DayEvent on) =>
        $"event e-{on.Item.Status.ToString().ToLowerInvariant()}{(on.Item.Id == Open ? " current" : "")}{(on.IsContinued ? " continued" : "")}{(on.Item.IsUpcoming ? " quiet-text" : "")}";

    /// <summary>Where a drop on a day leads, without the day: the drawer that asks. Null for what can't be moved.</summary>
    public string? MoveHref(DayEvent on) => CanSend && on.Item.IsMovable && !on.IsContinued ? With(("open", on.Item.Id), ("move", null)) : null;

    public bool IsPast(LocalDate day) => day < Visitor.Today;
}
