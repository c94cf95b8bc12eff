using Broadcasts.Admin.Web;
using Broadcasts.Audiences;

namespace Broadcasts.Admin.Pages.Segments;

internal sealed class ListModel(SegmentStore segments, SegmentQueries queries) : ConsolePage
{
    // Counting stops here, so that a page of segments over a million contacts still opens at once.
    private const long MostCounted = 100_000;

    public IReadOnlyList<(SegmentDetails Segment, long? Count, bool IsExact, IReadOnlyList<SegmentUse> Uses)> Items { get; private set; } = [];

    public bool CanEdit { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var items = new List<(SegmentDetails, long?, bool, IReadOnlyList<SegmentUse>)>();
        foreach (var segment in await segments.ListAsync(cancellationToken))
        {
            var rule = SegmentRule.Parse(segment.Rule, out _);
            long? count = rule is null ? null : await queries.CountAsync(rule, MostCounted, cancellationToken);
            items.Add((segment, count, count < MostCounted, await segments.UsedByAsync(segment.Id, cancellationToken)));
        }

        Items = items;
        CanEdit = await Visitor.CanEditAsync();
    }
}
