using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Templates;

/// <summary>The name of a custom field in templates, filters and exports.</summary>
/// <remarks>
/// Lower case, accents stripped, runs of other characters become <c>_</c>: "Código postal" → <c>codigo_postal</c>.
/// Where that alone would be no usable name, it gets the prefix <c>field_</c>: a built-in name ("Email" → <c>field_email</c>),
/// a word of the template language ("True" → <c>field_true</c>), a leading digit ("2nd phone" → <c>field_2nd_phone</c>).
/// A name without any Latin letter or digit ("Город") becomes <c>field_</c> and eight digits that are always the same for it.
/// Two names may have the same slug; who stores fields decides what then happens.
/// </remarks>
internal static class Slug
{
    public const int MaxLength = 50;

    private const string Prefix = "field_";

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "first_name", "last_name", "name", "email", "phone", "language", "country", "fields",
        // Scriban's parser reads these as literals, even behind a dot.
        "true", "false", "null", "this", "do",
    };

    // Letters that carry their mark inside and so survive a canonical decomposition.
    private static readonly Dictionary<char, string> Unfolded = new()
    {
        ['ß'] = "ss", ['æ'] = "ae", ['œ'] = "oe", ['ø'] = "o", ['đ'] = "d", ['ð'] = "d", ['þ'] = "th", ['ł'] = "l", ['ı'] = "i", ['ħ'] = "h",
    };

    public static string Of(string name)
    {
        var letters = Letters(name);
        if (letters.Length == 0) return Prefix + Digest(name);

        var needsPrefix = char.IsAsciiDigit(letters[0]) || Reserved.Contains(Cut(letters));
        return Cut(needsPrefix ? Prefix + letters : letters);
    }

    private static string Letters(string name)
    {
        var slug = new StringBuilder(name.Length);
        foreach (var c in Decompose(name).ToLowerInvariant())
        {
            if (char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) slug.Append(c);
            else if (Unfolded.TryGetValue(c, out var spelled)) slug.Append(spelled);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark) continue;
            else if (slug.Length > 0 && slug[^1] != '_') slug.Append('_');
        }

        return slug.ToString().Trim('_');
    }

    private static string Decompose(string name)
    {
        try
        {
            return name.Normalize(NormalizationForm.FormD);
        }
        catch (ArgumentException)
        {
            // Half a surrogate pair out of a broken file: there is nothing to decompose, and it becomes "_" below.
            return name;
        }
    }

    private static string Cut(string slug) => slug.Length <= MaxLength ? slug : slug[..MaxLength].TrimEnd('_');

    private static string Digest(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
}
