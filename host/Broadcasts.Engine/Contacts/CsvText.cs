using System.Buffers;
using System.Text;

namespace Broadcasts.Contacts;

/// <summary>Cells of delimited text that a spreadsheet can't mistake for formulas, and their way back.</summary>
internal static class CsvText
{
    // What spreadsheets run as a formula, full-width forms too, and the blanks that some of them skip before one.
    private static readonly SearchValues<char> Dangerous = SearchValues.Create("=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20");

    private static readonly SearchValues<char> Quoted = SearchValues.Create(",\"\r\n;\t|");

    private static readonly SearchValues<char> TagSeparators = SearchValues.Create(",;|");

    /// <summary>Adds a cell to a line: values come from strangers, and one that would run gets an apostrophe before it.</summary>
    public static void Append(StringBuilder line, string? text)
    {
        if (string.IsNullOrEmpty(text)) return;
        var isGuarded = Runs(text);
        if (!isGuarded && text.AsSpan().IndexOfAny(Quoted) < 0)
        {
            line.Append(text);
            return;
        }

        var isQuoted = text.AsSpan().IndexOfAny(Quoted) >= 0;
        if (isQuoted) line.Append('"');
        if (isGuarded) line.Append('\'');
        if (isQuoted) line.Append(text.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        else line.Append(text);
    }

    /// <summary>A value as it was before <see cref="Append"/>: takes away exactly one apostrophe, and only before what would run.</summary>
    public static string Unguard(string text) => text.Length > 1 && text[0] == '\'' && Runs(text) ? text[1..] : text;

    /// <summary>Several tags in one cell; one that holds a separator is quoted.</summary>
    public static string JoinTags(IReadOnlyList<string> tags) => string.Join(',', tags.Select(tag =>
        tag[0] == '"' || tag.AsSpan().IndexOfAny(TagSeparators) >= 0 ? $"\"{tag.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : tag));

    /// <summary>The tags of one cell, divided by a comma, a semicolon or a bar.</summary>
    public static string[] SplitTags(string text)
    {
        var tags = new List<string>();
        for (var at = 0; at <= text.Length;)
        {
            while (at < text.Length && text[at] == ' ') at++;
            if (at < text.Length && text[at] == '"' && Closing(text, at) is > 0 and var closing)
            {
                tags.Add(text[(at + 1)..closing].Replace("\"\"", "\"", StringComparison.Ordinal).Trim());
                at = closing + 1;
            }

            var found = text.AsSpan(at).IndexOfAny(TagSeparators);
            var end = found < 0 ? text.Length : at + found;
            tags.Add(text[at..end].Trim());
            at = end + 1;
        }

        return [.. tags.Where(t => t.Length > 0)];
    }

    // An apostrophe that stands there already makes no difference: it is guarded too, so that the way back takes away only what was added.
    private static bool Runs(string text)
    {
        var first = text.AsSpan().IndexOfAnyExcept('\'');
        return first >= 0 && Dangerous.Contains(text[first]);
    }

    // The quote that ends a quoted tag: a separator or the end is behind it.
    private static int Closing(string text, int opening)
    {
        for (var at = opening + 1; at < text.Length; at++)
        {
            if (text[at] != '"') continue;
            if (at + 1 < text.Length && text[at + 1] == '"') at++;
            else return text.AsSpan(at + 1).TrimStart(' ') is { Length: 0 } or [',' or ';' or '|', ..] ? at : -1;
        }

        return -1;
    }
}
