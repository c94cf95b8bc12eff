using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>The WHERE clause of a <see cref="BroadcastFilter"/> over <c>broadcasts b</c>: constants joined by AND, values as parameters.</summary>
internal sealed class BroadcastConditions
{
    /// <summary>A draft has no time of its own; lists by date take the day it was created.</summary>
    public const string TimeSql = "COALESCE(b.started_at, b.scheduled_at)";

    private readonly List<string> _conditions = ["b.kind = 0"];

    private BroadcastConditions(DynamicParameters parameters) => Parameters = parameters;

    public DynamicParameters Parameters { get; }

    public string Where => string.Join("\n   AND ", _conditions);

    public static BroadcastConditions Of(BroadcastFilter filter, SqlDialect dialect)
    {
        var built = new BroadcastConditions(new DynamicParameters());
        built.Add(filter.Archived ? "b.archived_at IS NOT NULL" : "b.archived_at IS NULL");
        built.AddIf(filter.Status is not null, "b.status = @status", "status", (int?)filter.Status);
        built.AddView(filter.View);
        built.AddIf(filter.ChannelId is not null, "b.channel_id = @channel", "channel", filter.ChannelId);
        built.AddIf(filter.SegmentId is not null, "b.segment_id = @segment", "segment", filter.SegmentId);
        built.AddIf(filter.CreatedBy is not null, "b.created_by = @createdBy", "createdBy", filter.CreatedBy);
        built.AddIf(filter.From is not null, $"COALESCE({TimeSql}, b.created_at) >= @from", "from", filter.From?.ToUnixTimeMilliseconds());
        built.AddIf(filter.To is not null, $"COALESCE({TimeSql}, b.created_at) < @to", "to", filter.To?.ToUnixTimeMilliseconds());
        built.AddIf(filter.Label is not null,
            "EXISTS (SELECT 1 FROM broadcast_labels l WHERE l.broadcast_id = b.id AND l.label = @label)", "label", filter.Label);
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            built.AddIf(true,
                $"({dialect.Contains("b.name", "@search")} OR EXISTS (SELECT 1 FROM broadcast_labels s WHERE s.broadcast_id = b.id AND {dialect.Contains("s.label", "@search")}))",
                "search", SqlDialect.LikePattern(filter.Search.Trim()));
        }

        built.AddOutcome(filter.Outcome);
        return built;
    }

    public void AddIf(bool applies, string condition, string parameter, object? value)
    {
        if (!applies) return;
        _conditions.Add(condition);
        Parameters.Add(parameter, value);
    }

    private void Add(string condition) => _conditions.Add(condition);

    private void AddOutcome(BroadcastOutcome? outcome)
    {
        var test = outcome switch
        {
            BroadcastOutcome.Clean => $"b.status IN ({(int)BroadcastStatus.Completed}, {(int)BroadcastStatus.Cancelled}) AND NOT {Some("f.failed + f.unknown")}",
            BroadcastOutcome.Failed => Some("f.failed"),
            BroadcastOutcome.Unknown => Some("f.unknown"),
            BroadcastOutcome.Skipped => Some("f.skipped"),
            _ => null,
        };
        if (test is not null) Add(test);

        static string Some(string rows) => $"EXISTS (SELECT 1 FROM slices f WHERE f.broadcast_id = b.id AND {rows} > 0)";
    }

    private void AddView(BroadcastView view)
    {
        if (view == BroadcastView.Scheduled)
            Add($"b.status = {(int)BroadcastStatus.Scheduled}");
        else if (view == BroadcastView.History)
            Add($"b.status IN ({(int)BroadcastStatus.Completed}, {(int)BroadcastStatus.Cancelled}, {(int)BroadcastStatus.Failed})");
    }
}
