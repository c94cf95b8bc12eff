namespace Broadcasts.Deliveries;

/// <summary>Which rows of a broadcast are parts for the same recipient. They lie together in the order of the parts.</summary>
internal static class PartsOfOne
{
    /// <summary>
    /// A condition: of two rows, a few ids apart, the first is an earlier part for the recipient of the second. Two contacts that were merged are in the
    /// broadcast twice, perhaps one behind the other: where the parts begin anew in between, they are another recipient's.
    /// </summary>
    public static string Condition(string earlier, string later) => $"""
        {earlier}.contact_id = {later}.contact_id AND {earlier}.part < {later}.part
               AND NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.id > {earlier}.id AND o.id < {later}.id AND o.part >= {later}.part)
        """;
}
