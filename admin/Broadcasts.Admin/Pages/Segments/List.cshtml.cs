using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Security;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Segments;

internal sealed class ListModel(SegmentStore segments) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    public IReadOnlyList<(SegmentDetails Segment, long Uses)> Items { get; private set; } = [];

    public long? Next { get; private set; }

    public bool CanEdit { get; private set; }

    public bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || After is not null;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var page = await segments.PageAsync(Q, After, PerPage, cancellationToken);
        var uses = await segments.UseCountsAsync(page.Items.Select(s => s.Id), cancellationToken);
        (Items, Next) = ([.. page.Items.Select(s => (s, uses.GetValueOrDefault(s.Id)))], page.Next);
        CanEdit = May(Permission.EditSegments);
    }

    public string With(long? after) => QueryHelpers.AddQueryString("/segments", new Dictionary<string, string?> { ["q"] = Q, ["after"] = after?.ToString(CultureInfo.InvariantCulture) }.Where(q => !string.IsNullOrEmpty(q.Value)));
}
