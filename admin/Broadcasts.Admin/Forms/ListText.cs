using System.Text;

namespace Broadcasts.Admin.Forms;

/// <summary>Several values in one line, divided by commas. One that holds a comma, or begins with a quote or a blank, stands in double quotes, with its own quotes doubled.</summary>
internal static class ListText
{
    public static string Write(IEnumerable<string> values) => string.Join(", ", values.Select(v =>
        v.Contains(',', StringComparison.Ordinal) || v.StartsWith('"') || v != v.Trim() ? $"\"{v.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : v));

    public static IReadOnlyList<string> Read(string? text)
    {
        var values = new List<string>();
        var rest = (text ?? "").AsSpan();
        while (!(rest = rest.TrimStart([',', ' ', '\t', '\r', '\n'])).IsEmpty)
        {
            var value = rest[0] == '"' ? Quoted(ref rest) : Plain(ref rest);
            if (value.Length > 0) values.Add(value);
        }

        return values;
    }

    private static string Plain(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOf(',');
        var value = (end < 0 ? rest : rest[..end]).Trim().ToString();
        rest = end < 0 ? [] : rest[end..];
        return value;
    }

    // What follows the closing quote, up to the comma, belongs to nothing and is left out. Without one the text's end closes it.
    private static string Quoted(ref ReadOnlySpan<char> rest)
    {
        var value = new StringBuilder();
        var i = 1;
        for (; i < rest.Length; i++)
        {
            if (rest[i] != '"') value.Append(rest[i]);
            else if (i + 1 < rest.Length && rest[i + 1] == '"') value.Append(rest[++i]);
            else break;
        }

        rest = i < rest.Length ? rest[i..] : [];
        var comma = rest.IndexOf(',');
        rest = comma < 0 ? [] : rest[comma..];
        return value.ToString();
    }
}
