using System.Globalization;

namespace Broadcasts.Admin.Web;

/// <summary>A list that is imported for a draft: the pages of the import lead back to it.</summary>
internal static class ForBroadcast
{
    /// <summary>What the address of such a page ends with.</summary>
    public static string Query(long? broadcast) => broadcast is { } id ? string.Create(CultureInfo.InvariantCulture, $"?broadcast={id}") : "";
}
