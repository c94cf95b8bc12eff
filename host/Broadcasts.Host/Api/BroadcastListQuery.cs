using Broadcasts.Broadcasting;
using Broadcasts.Reporting;

namespace Broadcasts.Host.Api;

/// <summary>The filters of the list of broadcasts, as its address and that of its file write them.</summary>
internal sealed record BroadcastListQuery
{
    public string? Status { get; init; }

    public string? View { get; init; }

    public long? ChannelId { get; init; }

    public string? Label { get; init; }

    public long? SegmentId { get; init; }

    public string? CreatedBy { get; init; }

    public string? Outcome { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? Search { get; init; }

    public bool? Archived { get; init; }

    public bool TryRead(out BroadcastFilter filter, out IResult? problem)
    {
        filter = BroadcastFilter.All;
        if (!ApiWords.TryRead<BroadcastStatus>("status", Status, out var status, out problem)) return false;
        if (!ApiWords.TryRead<BroadcastView>("view", View, out var view, out problem)) return false;
        if (!ApiWords.TryRead<BroadcastOutcome>("outcome", Outcome, out var outcome, out problem)) return false;
        filter = new BroadcastFilter
        {
            Status = status, View = view ?? BroadcastView.All, ChannelId = ChannelId, Label = Label, SegmentId = SegmentId, CreatedBy = CreatedBy, Outcome = outcome, From = From, To = To, Search = Search, Archived = Archived ?? false,
        };
        return true;
    }
}
