using System.Buffers;

namespace Broadcasts.Templates;

internal enum SmsEncoding
{
    /// <summary>The 7-bit default alphabet: 160 septets, 153 in each part of a split message.</summary>
    Gsm7,

    /// <summary>UTF-16 units: 70, 67 in each part of a split message.</summary>
    Ucs2,
}

/// <summary>
/// What a text costs as SMS: <c>Parts</c> messages are billed (0 for an empty text), it has <c>Units</c> septets or UTF-16 units,
/// and the character at <c>FirstOutsideGsm7</c> forced UCS-2 (-1: none did).
/// </summary>
internal readonly record struct SmsSegmentCount(SmsEncoding Encoding, int Parts, int Units, int FirstOutsideGsm7);

/// <summary>Counts SMS parts as 3GPP 23.038 and the concatenation header of 23.040 make them.</summary>
internal static class SmsSegments
{
    private const string Basic =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

    // Each costs two septets: an escape and the character.
    private const string Extension = "\f^{}\\[~]|€";

    private static readonly SearchValues<char> All = SearchValues.Create(Basic + Extension);
    private static readonly SearchValues<char> Escaped = SearchValues.Create(Extension);

    public static SmsSegmentCount Count(string text)
    {
        var outside = text.AsSpan().IndexOfAnyExcept(All);
        return outside < 0
            ? new SmsSegmentCount(SmsEncoding.Gsm7, Parts(text, 160, 153, SeptetsAt, out var septets), septets, -1)
            : new SmsSegmentCount(SmsEncoding.Ucs2, Parts(text, 70, 67, UnitsAt, out var units), units, outside);
    }

    private static int Parts(string text, int whole, int split, Func<string, int, int> sizeAt, out int units)
    {
        units = 0;
        var parts = text.Length == 0 ? 0 : 1;
        var used = 0;
        for (var i = 0; i < text.Length; i++)
        {
            // A pair is never cut: when its first half no longer fits, both go into the next part.
            var size = sizeAt(text, i);
            units += size;
            used += size;
            if (used > split)
            {
                parts++;
                used = size;
            }

            if (size == 2 && char.IsHighSurrogate(text[i])) i++;
        }

        return units <= whole ? Math.Min(parts, 1) : parts;
    }

    private static int SeptetsAt(string text, int index) => Escaped.Contains(text[index]) ? 2 : 1;

    private static int UnitsAt(string text, int index) =>
        char.IsHighSurrogate(text[index]) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]) ? 2 : 1;
}
