using System.Globalization;
using System.Text;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Export;
using Broadcasts.Security;

namespace Broadcasts.Reporting;

/// <summary>Writes the list of broadcasts as a CSV file, the newest first. One page is in memory at a time; who takes it out is in the audit.</summary>
internal sealed class BroadcastExport(BroadcastQueries queries, UserStore users, AuditStore audit)
{
    private const int RowsPerPage = Page.Most;

    /// <summary>Writes the broadcasts of the filter with the columns asked for; their numbers always stand first.</summary>
    /// <returns>How many were written.</returns>
    public async Task<long> WriteAsync(BroadcastFilter filter, IReadOnlyList<BroadcastColumn> columns, string actor, TextWriter output, CancellationToken cancellationToken)
    {
        var names = (await users.ListAsync(cancellationToken)).ToDictionary(u => string.Create(CultureInfo.InvariantCulture, $"user:{u.Id}"), u => u.Name);
        long? before = null;
        return await new PagedCsv(audit, "broadcasts", "broadcasts").WriteAsync(InWords(filter), actor, output, async lines =>
        {
            if (before is null) lines.Append("id,").AppendJoin(',', columns.Select(HeaderOf)).Append("\r\n");
            var page = await queries.ListBeforeAsync(filter, before, RowsPerPage, cancellationToken);
            foreach (var row in page) Append(lines, row, columns, names);
            before = page.Count > 0 ? page[^1].Id : before ?? 0;
            return (page.Count, page.Count == RowsPerPage);
        }, cancellationToken);
    }

    private static void Append(StringBuilder lines, BroadcastRow row, IReadOnlyList<BroadcastColumn> columns, Dictionary<string, string> names)
    {
        lines.Append(CultureInfo.InvariantCulture, $"{row.Id}");
        foreach (var column in columns)
        {
            lines.Append(',');
            CsvText.Append(lines, CellOf(row, column, names));
        }

        lines.Append("\r\n");
    }

    private static string HeaderOf(BroadcastColumn column) => column switch
    {
        BroadcastColumn.Time => "broadcast_time",
        BroadcastColumn.Messages => "total_messages",
        BroadcastColumn.Progress => "done_percent",
        BroadcastColumn.Delivered => "delivered_percent",
        BroadcastColumn.CreatedBy => "created_by",
        BroadcastColumn.Finish => "finished_at",
        BroadcastColumn.Approval => "approved_by",
        _ => BroadcastColumns.NameOf(column),
    };

    private static string? CellOf(BroadcastRow row, BroadcastColumn column, Dictionary<string, string> names) => column switch
    {
        BroadcastColumn.Status => Camel(row.Status),
        BroadcastColumn.Time => Time(row.Time),
        BroadcastColumn.Name => row.Name,
        BroadcastColumn.Labels => row.Labels.Length == 0 ? null : CsvText.JoinTags(row.Labels),
        BroadcastColumn.Channel => row.ChannelName ?? (row.IsLastInteracted ? "lastInteracted" : null),
        BroadcastColumn.Segment => row.SegmentName ?? Camel(row.Audience),
        BroadcastColumn.Recipients => Number(row.Recipients),
        BroadcastColumn.Messages => Number(row.Messages),
        BroadcastColumn.Progress => Percent(row.Counts.Done, row.Counts.Total),
        BroadcastColumn.Delivered => Percent(row.Counts.Arrived, row.Counts.Total),
        BroadcastColumn.Failed => row.StartedAt is null ? null : Number(row.Counts.Failed),
        BroadcastColumn.CreatedBy => names.GetValueOrDefault(row.CreatedBy, row.CreatedBy),
        BroadcastColumn.Finish => Time(row.FinishedAt),
        BroadcastColumn.Approval => row.IsAwaitingApproval ? "awaited" : row.ApprovedBy is { } by ? names.GetValueOrDefault(by, by) : null,
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, null),
    };

    private static string Camel(Enum value) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static string? Number(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static string? Percent(long part, long all) => all == 0 ? null : (100.0 * part / all).ToString("0.##", CultureInfo.InvariantCulture);

    private static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string InWords(BroadcastFilter filter)
    {
        var words = new List<string>();
        if (filter.Status is { } status) words.Add(Camel(status));
        if (filter.View != BroadcastView.All) words.Add($"view {Camel(filter.View)}");
        if (filter.Archived) words.Add("archived");
        if (filter.ChannelId is { } channel) words.Add(string.Create(CultureInfo.InvariantCulture, $"channel {channel}"));
        if (filter.SegmentId is { } segment) words.Add(string.Create(CultureInfo.InvariantCulture, $"segment {segment}"));
        if (filter.Label is { } label) words.Add($"label '{label}'");
        if (filter.CreatedBy is { } creator) words.Add($"by {creator}");
        if (filter.Outcome is { } outcome) words.Add($"outcome {Camel(outcome)}");
        if (filter.From is { } from) words.Add(string.Create(CultureInfo.InvariantCulture, $"from {from.UtcDateTime:u}"));
        if (filter.To is { } to) words.Add(string.Create(CultureInfo.InvariantCulture, $"before {to.UtcDateTime:u}"));
        if (filter.Search is not null) words.Add("a search");
        return words.Count == 0 ? "everything" : string.Join(", ", words);
    }
}
