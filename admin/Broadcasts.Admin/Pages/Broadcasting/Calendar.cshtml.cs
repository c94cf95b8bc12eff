using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class CalendarModel(BroadcastQueries queries, ProgressFeed progress, ChannelStore channels, People people)
    : BroadcastsPage(queries, progress, channels, people)
{
    public const int MostPerDay = 4;

    public override string Path => "/broadcasts/calendar";

    public MonthGrid Grid { get; private set; } = null!;

    public bool IsLive => Grid.Days.Any(d => d.Items.Any(i => i.Status is BroadcastStatus.InProgress or BroadcastStatus.Scheduled));

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Grid = MonthGrid.Of(Month, Visitor);
        Grid.Fill(await Queries.CalendarAsync(Grid.Start, Grid.End, Filter, cancellationToken), Visitor.Zone);
        await LoadFrameAsync(cancellationToken);
    }

    public string? Tone(CalendarItem item) =>
        $"event e-{item.Status.ToString().ToLowerInvariant()}{(item.Id == Open ? " current" : null)}";
}
