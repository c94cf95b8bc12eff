using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class TableModel(BroadcastQueries queries, BroadcastTableStore table, ProgressFeed progress, ChannelStore channels, People people)
    : BroadcastsPage(queries, progress, channels, people)
{
    public const int Size = 50;

    private static readonly BroadcastSort[] FirstDescending =
        [BroadcastSort.Time, BroadcastSort.Recipients, BroadcastSort.Messages, BroadcastSort.Progress, BroadcastSort.Delivered, BroadcastSort.Failed, BroadcastSort.Finish, BroadcastSort.Approval];

    /// <summary>From 1.</summary>
    [BindProperty(SupportsGet = true, Name = "p")]
    public int PageNumber { get; set; } = 1;

    public BroadcastList List { get; private set; } = new([], 0);

    /// <summary>What the visitor chose to see, in the table's order.</summary>
    public IReadOnlyList<BroadcastColumn> Columns { get; private set; } = BroadcastColumns.Usual;

    public IReadOnlyList<SavedView> Views { get; private set; } = [];

    /// <summary>Names of those whom the rows tell of.</summary>
    public IReadOnlyDictionary<string, string> Names { get; private set; } = new Dictionary<string, string>();

    /// <summary>When those that run will be through, as far as it is known.</summary>
    public IReadOnlyDictionary<long, DateTimeOffset> Finishes { get; private set; } = new Dictionary<long, DateTimeOffset>();

    public override string Path => "/broadcasts";

    public BroadcastSort SortBy => Enum.TryParse<BroadcastSort>(Sort?.TrimStart('-'), ignoreCase: true, out var sort) && Enum.IsDefined(sort) ? sort : BroadcastSort.Time;

    public bool Descending => Sort is null or "" || Sort.StartsWith('-');

    public int Pages => (int)Math.Max(1, (List.Total + Size - 1) / Size);

    /// <summary>True while a row can change by itself.</summary>
    public bool IsLive => List.Items.Any(r => r.Status == BroadcastStatus.InProgress || r.Counts.Sending > 0 || r.Status == BroadcastStatus.Scheduled);

    public bool CanExport => May(Permission.ExportReports);

    public bool CanPick => CanEdit || CanSend;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        PageNumber = Math.Clamp(PageNumber, 1, 1_000_000);
        List = await ReadAsync(cancellationToken);
        // A page behind the last one: rows went away since, or somebody typed the number.
        if (List is { Items.Count: 0, Total: > 0 })
        {
            PageNumber = Pages;
            List = await ReadAsync(cancellationToken);
        }

        Columns = await table.ColumnsAsync(Me, cancellationToken);
        Views = await table.ViewsAsync(Me, cancellationToken);
        await LoadFrameAsync(cancellationToken);
        if (Columns.Contains(BroadcastColumn.CreatedBy) || Columns.Contains(BroadcastColumn.Approval))
            Names = await NamesAsync(List.Items.SelectMany(r => new[] { r.CreatedBy, r.ApprovedBy }).OfType<string>().Distinct(), cancellationToken);
        if (Columns.Contains(BroadcastColumn.Finish)) Finishes = await FinishesAsync(cancellationToken);
    }

    /// <summary>Keeps the columns that were ticked; none brings the usual ones back.</summary>
    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostColumnsAsync([FromForm(Name = "column")] string[]? columns)
    {
        await table.SetColumnsAsync(Me, columns is { Length: > 0 } ? BroadcastColumns.Read(string.Join(',', columns)) : []);
        return LocalRedirect(With());
    }

    /// <summary>Keeps the filters of this address under a name.</summary>
    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostSaveAsync([FromForm] string? name) => Told(await table.SaveAsync(Me, name, ViewQuery), Texts["View.Saved"], With());

    /// <summary>The address that sorts by a column, or turns its order round.</summary>
    public string SortHref(BroadcastSort sort)
    {
        var descending = sort == SortBy ? !Descending : FirstDescending.Contains(sort);
        return With(("sort", (descending ? "-" : "") + sort.ToString().ToLowerInvariant()), ("p", null));
    }

    public string? AriaSort(BroadcastSort sort) => sort != SortBy ? null : Descending ? "descending" : "ascending";

    /// <summary>Every column has its order.</summary>
    public static BroadcastSort SortOf(BroadcastColumn column) => Enum.Parse<BroadcastSort>(column.ToString());

    /// <summary>The filters and the order of this address, always written alike.</summary>
    public string ViewQuery => string.Join('&', Kept().Where(k => FilterNames.Contains(k.Name) || k.Name == "sort").Select(k => $"{k.Name}={Uri.EscapeDataString(k.Value)}"));

    /// <summary>The file of the list as it is filtered, with the columns that are shown and the mark by which Excel knows its accents.</summary>
    public string ExportHref
    {
        get
        {
            var filter = Filter;
            return QueryHelpers.AddQueryString("/api/v1/broadcasts/export.csv", new Dictionary<string, string?>
            {
                ["bom"] = "true",
                ["columns"] = BroadcastColumns.Write(Columns),
                ["status"] = filter.Status?.ToString(),
                ["view"] = filter.View == BroadcastView.All ? null : filter.View.ToString(),
                ["archived"] = filter.Archived ? "true" : null,
                ["channelId"] = filter.ChannelId is { } channel ? FormattableString.Invariant($"{channel}") : null,
                ["segmentId"] = filter.SegmentId is { } segment ? FormattableString.Invariant($"{segment}") : null,
                ["label"] = filter.Label,
                ["createdBy"] = filter.CreatedBy,
                ["outcome"] = filter.Outcome?.ToString(),
                ["from"] = filter.From?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
                ["to"] = filter.To?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
                ["search"] = filter.Search,
            }.Where(q => !string.IsNullOrEmpty(q.Value)));
        }
    }

    private Task<BroadcastList> ReadAsync(CancellationToken cancellationToken) =>
        Queries.ListAsync(Filter, new() { Sort = SortBy, Descending = Descending, Offset = (PageNumber - 1) * Size, Limit = Size }, cancellationToken);

    private long Me => Visitor.Session!.UserId;

    private async Task<Dictionary<long, DateTimeOffset>> FinishesAsync(CancellationToken cancellationToken)
    {
        var finishes = new Dictionary<long, DateTimeOffset>();
        foreach (var row in List.Items.Where(r => r.Status == BroadcastStatus.InProgress))
            if ((await Progress.GetAsync(row.Id, cancellationToken))?.Eta is { } eta) finishes[row.Id] = eta;
        return finishes;
    }
}
