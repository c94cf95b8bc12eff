using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Broadcasts.Templates;

/// <summary>A filter that templates may use: its name, what follows the name (may be empty), and one line for the person who writes messages.</summary>
internal sealed record TemplateFilter(string Name, string Arguments, string Help)
{
    internal required int MinArguments { get; init; }

    internal required int MaxArguments { get; init; }

    /// <summary>Makes the expression, or says what is wrong with the arguments.</summary>
    internal required FilterFactory Factory { get; init; }
}

internal delegate TemplateExpression? FilterFactory(FilterCall call, out string? error);

/// <summary>A filter at one place of a template. <c>Literals</c> has the arguments that are written out (string, decimal, bool), null for any other.</summary>
internal sealed record FilterCall(TemplateExpression Input, TemplateExpression[] Arguments, object?[] Literals, int Line, int Column)
{
    public bool TryText(int index, [NotNullWhen(true)] out string? text)
    {
        text = Literals[index] as string;
        return text is not null;
    }

    public bool TryCount(int index, int max, out int count)
    {
        count = 0;
        if (Literals[index] is not decimal number || number != decimal.Truncate(number) || number < 0 || number > max) return false;
        count = (int)number;
        return true;
    }
}

/// <summary>All filters. There is none that prints a value unescaped: what contacts bring is never trusted.</summary>
internal static class TemplateFilters
{
    private static readonly string[] FallbackWords = ["default", "or_else", "ifempty"];
    private static readonly string[] UpcaseWords = ["upper", "uppercase", "toupper"];
    private static readonly string[] DowncaseWords = ["lower", "lowercase", "tolower"];
    private static readonly string[] UrlWords = ["url_escape", "urlencode", "escape_url", "uri_escape"];

    public static IReadOnlyList<TemplateFilter> All { get; } =
    [
        new("fallback", "other", "What to print when the value is missing or blank: a text, a number or another value.")
        {
            MinArguments = 1,
            MaxArguments = 1,
            Factory = Fallback,
        },
        new("upcase", "", "CAPITAL LETTERS, by the rules of the recipient's language.") { MinArguments = 0, MaxArguments = 0, Factory = Upcase },
        new("downcase", "", "small letters, by the rules of the recipient's language.") { MinArguments = 0, MaxArguments = 0, Factory = Downcase },
        new("capitalize", "", "The first letter as a capital; the rest stays.") { MinArguments = 0, MaxArguments = 0, Factory = Capitalize },
        new("strip", "", "Without spaces at both ends.") { MinArguments = 0, MaxArguments = 0, Factory = Strip },
        new("truncate", "length [ending]", "At most so many characters; a cut text ends in \"...\" or in the given ending, which counts.")
        {
            MinArguments = 1,
            MaxArguments = 2,
            Factory = TruncateFilter.Create,
        },
        new("date", "[format]", "A day or time in the recipient's language and time zone: \"short\", \"long\", \"time\" or a pattern such as \"d MMMM yyyy HH:mm\".")
        {
            MinArguments = 0,
            MaxArguments = 1,
            Factory = DateFilter.Create,
        },
        new("number", "[decimals or format]", "A number in the recipient's language: a count of decimals or a pattern such as \"#,##0.00\".")
        {
            MinArguments = 0,
            MaxArguments = 1,
            Factory = NumberFilter.Create,
        },
        new("plural", "one [few] many", "The word for that many in the recipient's language: 1 \"point\", 5 \"points\". The number itself is not printed.")
        {
            MinArguments = 2,
            MaxArguments = 3,
            Factory = PluralFilter.Create,
        },
        new("url_encode", "", "Percent-encoded, for a value inside a link's address.") { MinArguments = 0, MaxArguments = 0, Factory = UrlEncode },
    ];

    public static TemplateFilter? Find(string name)
    {
        foreach (var filter in All)
            if (filter.Name == name) return filter;
        return null;
    }

    /// <summary>What a name of another template language is called here, or the nearest name.</summary>
    public static string? Nearest(string name)
    {
        var word = name.ToLowerInvariant();
        if (FallbackWords.Contains(word)) return "fallback";
        if (UpcaseWords.Contains(word)) return "upcase";
        if (DowncaseWords.Contains(word)) return "downcase";
        if (UrlWords.Contains(word)) return "url_encode";
        return word == "trim" ? "strip" : NearestName.Of(name, All.Select(filter => filter.Name));
    }

    private static FallbackExpression Fallback(FilterCall call, out string? error)
    {
        error = null;
        return new FallbackExpression(call.Input, call.Arguments[0]);
    }

    private static TextFilterExpression Upcase(FilterCall call, out string? error) =>
        OfText(call, static (text, culture) => culture.TextInfo.ToUpper(text), out error);

    private static TextFilterExpression Downcase(FilterCall call, out string? error) =>
        OfText(call, static (text, culture) => culture.TextInfo.ToLower(text), out error);

    private static TextFilterExpression Strip(FilterCall call, out string? error) => OfText(call, static (text, _) => text.Trim(), out error);

    private static TextFilterExpression UrlEncode(FilterCall call, out string? error) =>
        OfText(call, static (text, _) => Uri.EscapeDataString(text), out error);

    private static TextFilterExpression Capitalize(FilterCall call, out string? error) => OfText(call, static (text, culture) =>
    {
        // By rune: some scripts with capitals lie outside the basic plane. Half a pair is left as it is.
        if (Rune.DecodeFromUtf16(text, out var first, out var length) != System.Buffers.OperationStatus.Done) return text;
        var capital = Rune.ToUpper(first, culture);
        return capital == first ? text : string.Concat(capital.ToString(), text.AsSpan(length));
    }, out error);

    private static TextFilterExpression OfText(FilterCall call, Func<string, CultureInfo, string> change, out string? error)
    {
        error = null;
        return new TextFilterExpression(call.Input, change);
    }
}

/// <summary>A filter from text to text. Missing and faulty values pass through.</summary>
internal sealed class TextFilterExpression(TemplateExpression input, Func<string, CultureInfo, string> change) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var value = input.Evaluate(row);
        return value.IsMissingOrFaulty ? value : TemplateValue.Of(change(value.ToText(row), row.Culture));
    }
}
