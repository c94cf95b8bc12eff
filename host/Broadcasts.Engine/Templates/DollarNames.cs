namespace Broadcasts.Templates;

/// <summary>A <c>$contact.name</c> in plain text: its place, and the name without the sign (null when nothing follows the root).</summary>
internal readonly record struct DollarName(int Start, int Length, string? Path);

/// <summary>Finds the spelling of other tools, <c>$contact.first_name</c> without braces: it would reach people as it stands.</summary>
internal static class DollarNames
{
    private static readonly string[] Roots = ["contact", "broadcast", "channel"];

    /// <summary>The roots that lose their sign inside braces.</summary>
    public static bool IsRoot(ReadOnlySpan<char> name)
    {
        foreach (var root in Roots)
            if (name.SequenceEqual(root)) return true;
        return name.SequenceEqual("now");
    }

    public static bool Contains(string text) => Find(text, 0) is not null;

    public static DollarName? Find(ReadOnlySpan<char> text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            var next = text[at..].IndexOf('$');
            if (next < 0) return null;
            at += next;
            foreach (var root in Roots)
                if (Read(text, at, root) is { } name) return name;
        }

        return null;
    }

    private static DollarName? Read(ReadOnlySpan<char> text, int at, string root)
    {
        var end = at + 1 + root.Length;
        if (!text[(at + 1)..].StartsWith(root, StringComparison.OrdinalIgnoreCase)) return null;
        if (end < text.Length && IsWord(text[end])) return null;

        var member = Word(text, end);
        if (member == 0)
        {
            // "$contact" alone is somebody's forgotten name; "$channel" and "$broadcast" may be anything.
            return root == "contact" ? new DollarName(at, end - at, null) : null;
        }

        if (text.Slice(end + 1, member - 1).SequenceEqual("fields")) member += Word(text, end + member);
        return new DollarName(at, end + member - at, text.Slice(at + 1, end + member - at - 1).ToString());
    }

    /// <summary>Length of a dot and the word behind it; 0 when there is none, as at the end of a sentence.</summary>
    private static int Word(ReadOnlySpan<char> text, int at)
    {
        if (at + 1 >= text.Length || text[at] != '.' || !IsWord(text[at + 1]) || char.IsDigit(text[at + 1])) return 0;
        var end = at + 1;
        while (end < text.Length && IsWord(text[end])) end++;
        return end - at;
    }

    private static bool IsWord(char c) => char.IsLetterOrDigit(c) || c == '_';
}
