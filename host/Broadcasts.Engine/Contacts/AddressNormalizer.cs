using System.Diagnostics.CodeAnalysis;

namespace Broadcasts.Contacts;

/// <summary>Why a text is no address, or no value of a field. The code is stable and translated by the console.</summary>
internal sealed record ValueRefusal(string Code, string Message);

/// <summary>The one place where an address gets the form by which it is known: whoever writes the same address differently means the same person.</summary>
internal static class AddressNormalizer
{
    private const int LongestId = 256;

    // What spreadsheets, chats and web pages leave around a copied address: blanks of all kinds, zero-width characters, direction marks.
    private static readonly char[] Margins =
        [' ', '\t', '\r', '\n', '\u00A0', '\u200B', '\u200C', '\u200D', '\u200E', '\u200F', '\u202A', '\u202B', '\u202C', '\u2060', '\u2066', '\u2067', '\u2068', '\u2069', '\uFEFF', '\u3000'];

    /// <param name="kind">The kind of address.</param>
    /// <param name="text">As somebody wrote it.</param>
    /// <param name="defaultCountry">ISO code of the country whose national telephone numbers are meant; null: numbers need their country code.</param>
    /// <param name="value">The form that is stored and compared.</param>
    /// <param name="refusal">Why it is none.</param>
    public static bool TryNormalize(AddressKind kind, string? text, string? defaultCountry, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        var trimmed = Trim(text);
        if (trimmed.Length == 0)
        {
            value = null;
            refusal = new ValueRefusal("blank", "The address is blank.");
            return false;
        }

        return kind switch
        {
            AddressKind.Email => EmailAddress.TryNormalize(trimmed, out value, out refusal),
            AddressKind.Phone => PhoneAddress.TryNormalize(trimmed, defaultCountry, out value, out refusal),
            AddressKind.WhatsApp => TryWhatsApp(trimmed, defaultCountry, out value, out refusal),
            _ => TryId(trimmed, out value, out refusal),
        };
    }

    /// <summary>An address as providers write it, in the form in which it is stored; as it came when it can't be normalised.</summary>
    public static string Normal(AddressKind kind, string address) => TryNormalize(kind, address, null, out var value, out _) ? value : address;

    /// <summary>Without the blanks and invisible characters around it; empty for null.</summary>
    public static string Trim(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        // Nearly every text: nothing of the list is among the printable characters of ASCII.
        return text[0] is > ' ' and < '\u007F' && text[^1] is > ' ' and < '\u007F' ? text : text.Trim(Margins);
    }

    // A WhatsApp id is the digits of a number, or an opaque business-scoped id.
    private static bool TryWhatsApp(string text, string? defaultCountry, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        var isBareId = text.All(char.IsAsciiDigit) && text[0] != '0' && defaultCountry is null;
        if (!PhoneAddress.LooksLikeNumber(text) || isBareId)
        {
            if (!TryId(text, out value, out refusal)) return false;
            value = WithoutMobileDigit(value);
            return true;
        }

        if (!PhoneAddress.TryNormalize(text, defaultCountry, out value, out refusal)) return false;

        value = WithoutMobileDigit(value[1..]);
        return true;
    }

    /// <summary>
    /// WhatsApp itself knows mobiles of Mexico and Argentina with a digit behind the country code that their numbers do not have any more, or have only when called from abroad (521…, 549…). One person,
    /// one address: both ways of writing are the one without it.
    /// </summary>
    private static string WithoutMobileDigit(string id) => id.Length == 13 && id.All(char.IsAsciiDigit) && (id.StartsWith("521", StringComparison.Ordinal) || id.StartsWith("549", StringComparison.Ordinal)) ? id.Remove(2, 1) : id;

    private static bool TryId(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        value = null;
        refusal = null;
        if (text.Length > LongestId)
            refusal = new ValueRefusal("valueTooLong", $"An id has at most {LongestId} characters; this one has {text.Length}.");
        else if (text.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            refusal = new ValueRefusal("blankInside", "An id holds no blanks or control characters.");
        else
            value = text;
        return value is not null;
    }
}
