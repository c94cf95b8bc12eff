using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Broadcasts.Contacts;

/// <summary>Syntax and identity of e-mail addresses.</summary>
/// <remarks>
/// The whole address is lower-cased: the standard lets a server tell "Ana" from "ana", none that matters does, and two contacts for one
/// mailbox would get everything twice. A domain in other letters is kept in its ASCII form, the one that travels.
/// </remarks>
internal static class EmailAddress
{
    private const int Longest = 254;
    private const int LongestLocalPart = 64;
    private const int LongestLabel = 63;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    private static readonly SearchValues<char> LocalCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.");

    private static readonly SearchValues<char> DomainCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    public static bool TryNormalize(string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        value = null;
        text = Unwrap(text);
        refusal = Shape(text);
        if (refusal is not null) return false;

        var at = text.IndexOf('@', StringComparison.Ordinal);
        var domain = text[(at + 1)..];
        refusal = LocalPart(text.AsSpan(0, at)) ?? Domain(ref domain);
        if (refusal is not null) return false;

        value = string.Concat(text.AsSpan(0, at), "@", domain).ToLowerInvariant();
        refusal = value.Length > Longest ? new ValueRefusal("valueTooLong", $"An e-mail address has at most {Longest} characters; this one has {value.Length}.") : null;
        return refusal is null;
    }

    // "Ana López <ana@example.com>" and "mailto:ana@example.com" are how mail programs and web pages copy an address.
    private static string Unwrap(string text)
    {
        if (text.EndsWith('>') && text.LastIndexOf('<') is >= 0 and var open) text = AddressNormalizer.Trim(text[(open + 1)..^1]);
        return text.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase) ? text["mailto:".Length..] : text;
    }

    private static ValueRefusal? Shape(string text)
    {
        var ats = text.AsSpan().Count('@');
        if (ats == 0) return new ValueRefusal("noAt", "An e-mail address has an @ between name and domain.");
        if (ats > 1 || text.AsSpan().ContainsAny(',', ';'))
            return new ValueRefusal("severalAddresses", "There is more than one @, or a comma or semicolon: give one e-mail address per value.");
        return text.Any(char.IsWhiteSpace) ? new ValueRefusal("blankInside", "An e-mail address holds no blanks.") : null;
    }

    private static ValueRefusal? LocalPart(ReadOnlySpan<char> local)
    {
        if (local.IsEmpty) return new ValueRefusal("noLocalPart", "There is nothing before the @.");
        if (Encoding.UTF8.GetByteCount(local) > LongestLocalPart) return new ValueRefusal("valueTooLong", $"The part before the @ has at most {LongestLocalPart} characters.");
        if (local[0] == '.' || local[^1] == '.' || local.Contains("..", StringComparison.Ordinal))
            return new ValueRefusal("dots", "The part before the @ does not begin or end with a dot and has no two dots in a row.");

        foreach (var c in local)
            if (!LocalCharacters.Contains(c) && (c < 128 || !char.IsLetterOrDigit(c)))
                return new ValueRefusal("character", $"The part before the @ holds a character that e-mail addresses don't have: {Show(c)}.");
        return null;
    }

    private static ValueRefusal? Domain(ref string domain)
    {
        if (domain.Length == 0) return new ValueRefusal("noDomain", "There is nothing behind the @.");
        if (domain.AsSpan().IndexOfAnyExcept(DomainCharacters) is >= 0 and var odd)
        {
            if (domain.AsSpan().IndexOfAnyInRange('\u0080', '\uFFFF') < 0)
                return new ValueRefusal("character", $"The domain holds a character that domains don't have: {Show(domain[odd])}.");
            try
            {
                domain = Idn.GetAscii(domain);
            }
            catch (ArgumentException)
            {
                return new ValueRefusal("domain", $"'{domain}' is no domain name.");
            }
        }

        return Labels(domain);
    }

    private static ValueRefusal? Labels(string domain)
    {
        if (!domain.Contains('.', StringComparison.Ordinal)) return new ValueRefusal("noTopLevel", $"The domain '{domain}' has no ending such as .com.");

        var last = ReadOnlySpan<char>.Empty;
        foreach (var range in domain.AsSpan().Split('.'))
        {
            last = domain.AsSpan(range);
            if (last.IsEmpty) return new ValueRefusal("dots", "The domain does not begin or end with a dot and has no two dots in a row.");
            if (last.Length > LongestLabel || last[0] == '-' || last[^1] == '-') return new ValueRefusal("domain", $"'{domain}' is no domain name.");
        }

        return last.IndexOfAnyExceptInRange('0', '9') < 0
            ? new ValueRefusal("noTopLevel", $"The domain '{domain}' ends with digits; a name such as example.com is expected.")
            : null;
    }

    private static string Show(char c) => char.IsControl(c) ? $"U+{(int)c:X4}" : $"'{c}'";
}
