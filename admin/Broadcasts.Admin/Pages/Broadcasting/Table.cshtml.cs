using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class TableModel(BroadcastQueries queries, ProgressFeed progress, ChannelStore channels, People people)
    : BroadcastsPage(queries, progress, channels, people)
{
    public const int Size = 50;

    private static readonly BroadcastSort[] FirstDescending = [BroadcastSort.Time, BroadcastSort.Recipients, BroadcastSort.Messages];

    /// <summary>From 1.</summary>
    [BindProperty(SupportsGet = true, Name = "p")]
    public int PageNumber { get; set; } = 1;

    public BroadcastList List { get; private set; } = new([], 0);

    public override string Path => "/broadcasts";

    public BroadcastSort SortBy => Enum.TryParse<BroadcastSort>(Sort?.TrimStart('-'), ignoreCase: true, out var sort) && Enum.IsDefined(sort) ? sort : BroadcastSort.Time;

    public bool Descending => Sort is null or "" || Sort.StartsWith('-');

    public int Pages => (int)Math.Max(1, (List.Total + Size - 1) / Size);

    /// <summary>True while a row can change by itself.</summary>
    public bool IsLive => List.Items.Any(r => r.Status == BroadcastStatus.InProgress || r.Counts.Sending > 0 || r.Status == BroadcastStatus.Scheduled);

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        PageNumber = Math.Clamp(PageNumber, 1, 1_000_000);
        List = await Queries.ListAsync(Filter, new() { Sort = SortBy, Descending = Descending, Offset = (PageNumber - 1) * Size, Limit = Size }, cancellationToken);
        await LoadFrameAsync(cancellationToken);
    }

    /// <summary>The address that sorts by a column, or turns its order round.</summary>
    public string SortHref(BroadcastSort sort)
    {
        var descending = sort == SortBy ? !Descending : FirstDescending.Contains(sort);
        return With(("sort", (descending ? "-" : "") + sort.ToString().ToLowerInvariant()), ("p", null));
    }

    public string? AriaSort(BroadcastSort sort) => sort != SortBy ? null : Descending ? "descending" : "ascending";
}
