using System.Globalization;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>The messaging limit, in the words and numbers in which Meta writes it: <c>TIER_2K</c>, <c>2000</c>, <c>-1</c>, <c>TIER_UNLIMITED</c>.</summary>
internal static class MessagingLimit
{
    private const string Tier = "TIER_";

    /// <summary>Reads a limit.</summary>
    /// <param name="text">What Meta wrote.</param>
    /// <param name="recipients">How many recipients in 24 h; null for any number.</param>
    /// <returns>False when it says no limit, such as <c>TIER_NOT_SET</c>.</returns>
    public static bool TryRead(string? text, out int? recipients)
    {
        recipients = null;
        if (text is null) return false;
        var word = text.Trim().ToUpperInvariant();
        if (word.StartsWith(Tier, StringComparison.Ordinal)) word = word[Tier.Length..];
        if (word is "-1" or "UNLIMITED") return true;

        var factor = word.EndsWith('K') ? 1_000L : word.EndsWith('M') ? 1_000_000L : 1;
        var digits = factor == 1 ? word : word[..^1];
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is 0 or > int.MaxValue || number * factor > int.MaxValue) return false;
        recipients = (int)(number * factor);
        return true;
    }
}
