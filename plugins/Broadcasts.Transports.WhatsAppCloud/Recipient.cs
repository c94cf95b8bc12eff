using System.Text.RegularExpressions;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Who gets a message: the digits of a number go into <c>to</c>, a business-scoped user id (<c>CC.…</c>, <c>CC.ENT.…</c>) into <c>recipient</c>.</summary>
internal sealed partial record Recipient(string Field, string Value)
{
    /// <summary>True when it is a number.</summary>
    public bool IsNumber => Field == "to";

    /// <summary>The recipient of an address; null when it is neither a number nor a user id.</summary>
    public static Recipient? Of(string address)
    {
        var text = address.Trim();
        var digits = text.StartsWith('+') ? text[1..] : text;
        return IsDigits(digits) ? new("to", digits)
            : UserId().IsMatch(text) ? new("recipient", text)
            : null;
    }

    /// <summary>True for what can be the digits of a number (ITU-T E.164: at most 15; WhatsApp's ids may be a little longer).</summary>
    public static bool IsDigits(string text) => text.Length is >= 5 and <= 20 && text.All(char.IsAsciiDigit);

    [GeneratedRegex(@"^[A-Za-z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}\z", RegexOptions.CultureInvariant)]
    private static partial Regex UserId();
}
