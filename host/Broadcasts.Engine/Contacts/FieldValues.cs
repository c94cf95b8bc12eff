using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcasts.Contacts;

/// <summary>
/// The text under which a value of a custom field is stored: <c>1234.5</c>, <c>true</c>, <c>2026-11-22</c>, <c>17:30</c>, <c>Gold, Silver</c>. Text for every type,
/// because texts compare the same way in both databases and in memory, and a field whose type changes loses nothing.
/// </summary>
internal static partial class FieldValues
{
    public const int LongestText = 10_000;

    /// <summary>Between the values of one field that holds several.</summary>
    public const string Separator = ", ";

    private const int LongestUrl = 2_000;
    private static readonly char[] Separators = [',', ';', '|', '\n'];

    private static readonly string[] TrueWords = ["true", "yes", "y", "1", "on", "x", "sí", "si", "s", "verdadero", "✓"];
    private static readonly string[] FalseWords = ["false", "no", "n", "0", "off", "falso"];
    private static readonly string[] YearFirst = ["yyyy-M-d", "yyyy/M/d", "yyyy.M.d", "yyyyMMdd"];
    private static readonly string[] Times = ["H:mm", "H:mm:ss", "h:mm tt", "h:mmtt", "h tt", "htt"];

    public static bool TryNormalize(ContactField field, string text, [NotNullWhen(true)] out string? value, [NotNullWhen(false)] out ValueRefusal? refusal)
    {
        text = AddressNormalizer.Trim(text);
        if (text.Length > LongestText)
        {
            value = null;
            refusal = new ValueRefusal("valueTooLong", $"A value has at most {LongestText} characters; this one has {text.Length}.");
            return false;
        }

        if (text.Contains('\0', StringComparison.Ordinal))
        {
            value = null;
            refusal = new ValueRefusal("character", "The value holds the character U+0000, which no database keeps.");
            return false;
        }

        (value, refusal) = field.Type switch
        {
            FieldType.List => ListValue(field, text),
            FieldType.ListMulti => ListValues(field, text),
            FieldType.Checkbox => Checkbox(text),
            FieldType.Email => EmailAddress.TryNormalize(text, out var email, out var why) ? (email, null) : ((string?)null, why),
            FieldType.Number => Number(text),
            FieldType.Url => Url(text),
            FieldType.Date => Date(text),
            FieldType.Time => Time(text),
            _ => (text, null),
        };
        return value is not null;
    }

    private static (string?, ValueRefusal?) ListValue(ContactField field, string text)
    {
        if (field.Options.Count == 0) return (text, null);
        return field.Options.FirstOrDefault(o => o.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } option
            ? (option, null)
            : (null, new ValueRefusal("notInList", $"'{field.Name}' is one of: {string.Join(", ", field.Options)}."));
    }

    // In the order of the options, so that the same choice is the same text.
    private static (string?, ValueRefusal?) ListValues(ContactField field, string text)
    {
        var chosen = new List<string>();
        foreach (var part in Split(text))
        {
            var (value, refusal) = ListValue(field, part);
            if (value is null) return (null, refusal);
            if (!chosen.Contains(value, StringComparer.OrdinalIgnoreCase)) chosen.Add(value);
        }

        return (string.Join(Separator, field.Options.Count == 0 ? chosen : field.Options.Where(chosen.Contains)), null);
    }

    /// <summary>The values of a field that holds several.</summary>
    public static IEnumerable<string> Split(string? text) => (text ?? "").Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static (string?, ValueRefusal?) Checkbox(string text)
    {
        if (TrueWords.Contains(text, StringComparer.OrdinalIgnoreCase)) return ("true", null);
        return FalseWords.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? ("false", null)
            : (null, new ValueRefusal("notACheckbox", "A checkbox is true or false (yes, no, sí, 1, 0, x)."));
    }

    private static (string?, ValueRefusal?) Number(string text)
    {
        // "1,234" is a thousand in one country and a little more than one in another: nobody guesses with somebody's data.
        if (AmbiguousThousands().IsMatch(text))
            return (null, new ValueRefusal("ambiguousNumber", "The comma can be read in two ways: write the number without grouping and with a dot, such as 1234.5."));
        if (DecimalComma().IsMatch(text)) text = text.Replace(',', '.');
        return decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number)
            ? ((number / 1.000000000000000000000000000000m).ToString(CultureInfo.InvariantCulture), null)
            : (null, new ValueRefusal("notANumber", "A number has digits, a leading minus and a decimal dot, such as 1234.5."));
    }

    private static (string?, ValueRefusal?) Url(string text)
    {
        if (text.StartsWith("www.", StringComparison.OrdinalIgnoreCase)) text = "https://" + text;
        return text.Length <= LongestUrl && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0
            ? (text, null)
            : (null, new ValueRefusal("notAUrl", $"A URL begins with http:// or https:// and has at most {LongestUrl} characters."));
    }

    private static (string?, ValueRefusal?) Date(string text)
    {
        if (DateTimeTail().Match(text) is { Success: true } tail) text = text[..tail.Index];
        if (DateOnly.TryParseExact(text, YearFirst, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)) return (Iso(date), null);

        var parts = text.Split('/', '-', '.');
        if (parts is not [_, _, { Length: 4 }] || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var a) || !int.TryParse(parts[1], CultureInfo.InvariantCulture, out var b) ||
            !int.TryParse(parts[2], CultureInfo.InvariantCulture, out var year))
            return (null, new ValueRefusal("notADate", "A date is written as 2026-11-22."));

        // With dots the day always comes first; with slashes and dashes only a number above 12, or the same twice, tells.
        var dayFirst = text.Contains('.', StringComparison.Ordinal) || a > 12 || a == b;
        if (!dayFirst && b <= 12)
            return (null, new ValueRefusal("ambiguousDate", "Day and month can be read in two orders: write the date as 2026-11-22."));
        return DateOnly.TryParseExact($"{year:0000}-{(dayFirst ? b : a):00}-{(dayFirst ? a : b):00}", "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out date)
            ? (Iso(date), null)
            : (null, new ValueRefusal("notADate", "There is no such day. A date is written as 2026-11-22."));
    }

    private static (string?, ValueRefusal?) Time(string text) =>
        TimeOnly.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? (time.ToString(time.Second == 0 ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture), null)
            : (null, new ValueRefusal("notATimeOfDay", "A time is written as 17:30."));

    private static string Iso(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")]
    private static partial Regex AmbiguousThousands();

    [GeneratedRegex(@"^[+-]?\d+,\d+$")]
    private static partial Regex DecimalComma();

    [GeneratedRegex(@"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$")]
    private static partial Regex DateTimeTail();
}
