namespace Broadcasts.Audiences;

internal enum SegmentOperator
{
    Is,
    IsNot,
    IsAnyOf,
    IsNoneOf,
    Contains,
    StartsWith,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
    Between,
    Before,
    After,
    InLastDays,
    HasAnyOf,
    HasAllOf,
    HasNoneOf,
    HasAddress,
    InBroadcast,
    NotInBroadcast,
    NotInLastDays,
    SinceBroadcast,
    NotSinceBroadcast,
    OnChannel,
    NotOnChannel,
}

internal static class SegmentOperators
{
    private static readonly Dictionary<string, SegmentOperator> ByWord =
        Enum.GetValues<SegmentOperator>().ToDictionary(Word, StringComparer.OrdinalIgnoreCase);

    /// <summary>The word of the JSON: <c>isAnyOf</c>.</summary>
    public static string Word(this SegmentOperator op)
    {
        var name = op.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    public static SegmentOperator? Parse(string? word) => word is not null && ByWord.TryGetValue(word, out var op) ? op : null;

    /// <summary>True when the value is an array.</summary>
    public static bool TakesList(this SegmentOperator op) => op is
        SegmentOperator.IsAnyOf or SegmentOperator.IsNoneOf or SegmentOperator.HasAnyOf or SegmentOperator.HasAllOf or SegmentOperator.HasNoneOf or
        SegmentOperator.HasAddress or SegmentOperator.Between or SegmentOperator.InBroadcast or SegmentOperator.NotInBroadcast;

    /// <summary>True when the value counts days back from now.</summary>
    public static bool TakesDays(this SegmentOperator op) => op is SegmentOperator.InLastDays or SegmentOperator.NotInLastDays;

    /// <summary>True when the value is the number of a broadcast or a channel, or several.</summary>
    public static bool TakesId(this SegmentOperator op) => op is SegmentOperator.InBroadcast or SegmentOperator.NotInBroadcast or SegmentOperator.SinceBroadcast or SegmentOperator.NotSinceBroadcast
        or SegmentOperator.OnChannel or SegmentOperator.NotOnChannel;

    public static bool TakesNothing(this SegmentOperator op) => op is SegmentOperator.Exists or SegmentOperator.DoesNotExist;
}
