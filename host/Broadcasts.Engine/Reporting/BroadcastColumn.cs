using System.Text.Json;

namespace Broadcasts.Reporting;

/// <summary>The columns of the broadcasts table, in their order. The name is always there.</summary>
internal enum BroadcastColumn
{
    Status,
    Time,
    Name,
    Labels,
    Channel,
    Segment,
    Recipients,
    Messages,
    Progress,
    Delivered,
    Failed,
    CreatedBy,
    Finish,
    Approval,
}

/// <summary>Sets of columns, and how they are written.</summary>
internal static class BroadcastColumns
{
    private static readonly BroadcastColumn[] All = Enum.GetValues<BroadcastColumn>();

    /// <summary>What somebody sees who chose nothing.</summary>
    public static IReadOnlyList<BroadcastColumn> Usual { get; } = [.. All.TakeWhile(c => c != BroadcastColumn.Progress)];

    /// <summary>As it is stored, and as addresses write it: <c>createdBy</c>.</summary>
    public static string NameOf(BroadcastColumn column) => JsonNamingPolicy.CamelCase.ConvertName(column.ToString());

    public static string Write(IEnumerable<BroadcastColumn> columns) => string.Join(',', columns.Select(NameOf));

    /// <summary>The columns of a text, each once and in the table's order, with the name among them; words that are none are passed over. The usual ones for nothing.</summary>
    public static IReadOnlyList<BroadcastColumn> Read(string? text)
    {
        var words = (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var known = All.Where(c => words.Contains(NameOf(c))).ToList();
        return known.Count == 0 ? Usual : [.. All.Where(c => c == BroadcastColumn.Name || known.Contains(c))];
    }
}
