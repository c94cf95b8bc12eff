using System.Globalization;

namespace Broadcasts.Templates;

/// <summary><c>truncate 20</c>: counts what a reader takes for characters, so no accent, flag or emoji is cut in two.</summary>
internal static class TruncateFilter
{
    private const int Longest = 10_000;

    public static TemplateExpression? Create(FilterCall call, out string? error)
    {
        // Three dots, not "…": that one character would turn an SMS to UCS-2.
        var ending = "...";
        error = null;
        if (!call.TryCount(0, Longest, out var length)) error = $"'truncate' takes a length between 0 and {Longest}, such as truncate 20.";
        else if (call.Literals.Length > 1 && !call.TryText(1, out ending)) error = "The ending of 'truncate' is a text in quotes.";
        return error is null ? new TextFilterExpression(call.Input, (text, _) => Cut(text, length, ending!)) : null;
    }

    private static string Cut(string text, int length, string ending)
    {
        if (text.Length <= length || Measure(text, length) == text.Length) return text;

        var endingLength = new StringInfo(ending).LengthInTextElements;
        return endingLength >= length
            ? text[..Measure(text, length)]
            : string.Concat(text.AsSpan(0, Measure(text, length - endingLength)).TrimEnd(), ending);
    }

    /// <summary>How many UTF-16 units the first <paramref name="count"/> characters take.</summary>
    private static int Measure(string text, int count)
    {
        var at = 0;
        for (; count > 0 && at < text.Length; count--) at += StringInfo.GetNextTextElementLength(text, at);
        return at;
    }
}
