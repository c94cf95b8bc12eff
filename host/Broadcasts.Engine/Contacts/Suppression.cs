using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Broadcasts.Contacts;

/// <summary>Why an address gets nothing. The numbers are stored.</summary>
internal enum SuppressionReason
{
    /// <summary>A person put it on the list.</summary>
    Manual = 1,

    /// <summary>The recipient opted out.</summary>
    OptedOut = 2,

    /// <summary>The provider said that the address does not exist or takes nothing any more.</summary>
    Bounced = 3,

    /// <summary>The recipient complained.</summary>
    Complained = 4,

    /// <summary>It came with a list from elsewhere.</summary>
    Imported = 5,

    /// <summary>The recipient has to confirm first (double opt-in).</summary>
    Unconfirmed = 6,
}

/// <summary>An address that gets nothing.</summary>
internal sealed record Suppression
{
    /// <summary>Of several rows <c>s</c> of suppressions the one that says most, in this order: 3 opted out, 2 a person, a complaint or a list from elsewhere, 1 a dead address, 0 only that it has to confirm first. NULL without a row.</summary>
    public const string Weightiest = "MAX(CASE s.reason WHEN 2 THEN 3 WHEN 3 THEN 1 WHEN 6 THEN 0 ELSE 2 END)";

    public AddressKind Kind { get; init; }

    public string Value { get; init; } = "";

    /// <summary>The channel on which it gets nothing; 0 for all.</summary>
    public long ChannelId { get; init; }

    /// <summary>The channel's name; null for all, and when it does not exist any more.</summary>
    public string? ChannelName { get; init; }

    public SuppressionReason Reason { get; init; }

    /// <summary>Where it came from: <c>user:3</c>, <c>channel:2</c>, <c>link</c>, <c>list:file.csv</c>.</summary>
    public string Source { get; init; } = "";

    public long CreatedAt { get; init; }

    /// <summary>The recipient may have asked for it: lists from elsewhere are mostly of people who opted out there.</summary>
    public bool MayBeTheirWish => Reason is SuppressionReason.OptedOut or SuppressionReason.Complained or SuppressionReason.Imported or SuppressionReason.Unconfirmed;
}

/// <summary>Which entries a list shows.</summary>
internal sealed record SuppressionFilter
{
    public AddressKind? Kind { get; init; }

    /// <summary>A part of the address.</summary>
    public string? Search { get; init; }

    /// <summary>Entries of this channel alone; 0: those for all channels.</summary>
    public long? ChannelId { get; init; }

    public SuppressionReason? Reason { get; init; }
}

/// <summary>A page of entries in the order of kind and address.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">The cursor of the next page; null when this is the last.</param>
internal sealed record SuppressionPage(IReadOnlyList<Suppression> Items, SuppressionCursor? Next);

/// <summary>The place behind an entry, which may be gone meanwhile.</summary>
internal readonly record struct SuppressionCursor(AddressKind Kind, string Value, long ChannelId)
{
    /// <summary>As it is handed out.</summary>
    public override string ToString() => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{(int)Kind}.{ChannelId}.{Value}")));

    /// <summary>False for a text that was not handed out as one.</summary>
    public static bool TryParse(string text, out SuppressionCursor cursor)
    {
        cursor = default;
        if (!Base64Url.IsValid(text)) return false;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split('.', 3);
        if (parts.Length < 3 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var kind) || !long.TryParse(parts[1], CultureInfo.InvariantCulture, out var channel) || parts[2].Contains('\0', StringComparison.Ordinal)) return false;
        cursor = new SuppressionCursor((AddressKind)kind, parts[2], channel);
        return true;
    }
}
