namespace Broadcasts.Templates.Library;

/// <summary>The longest common words of two texts, and what was put in and taken out between them.</summary>
internal static class WordDiff
{
    // Beyond it what lies between the equal beginning and the equal end counts as written anew: nobody compares thousands of words, and the table stays below some megabytes.
    private const int MostCompared = 4_000_000;

    public static IReadOnlyList<DiffPiece> Between(string before, string after)
    {
        var (was, now) = (Words(before), Words(after));
        var start = 0;
        while (start < was.Count && start < now.Count && was[start] == now[start]) start++;
        var end = 0;
        while (end < was.Count - start && end < now.Count - start && was[^(end + 1)] == now[^(end + 1)]) end++;

        var pieces = new List<DiffPiece>();
        foreach (var word in was.Take(start)) Add(pieces, DiffKind.Same, word);
        AddMiddle(pieces, was[start..(was.Count - end)], now[start..(now.Count - end)]);
        foreach (var word in was.TakeLast(end)) Add(pieces, DiffKind.Same, word);
        return pieces;
    }

    private static void AddMiddle(List<DiffPiece> pieces, List<string> was, List<string> now)
    {
        var (i, j) = (0, 0);
        if ((long)was.Count * now.Count <= MostCompared)
        {
            var common = CommonLengths(was, now);
            while (i < was.Count && j < now.Count)
            {
                if (was[i] == now[j]) (i, j) = (i + 1, Added(DiffKind.Same, now[j], j));
                else if (common[i + 1, j] >= common[i, j + 1]) i = Added(DiffKind.Deleted, was[i], i);
                else j = Added(DiffKind.Inserted, now[j], j);
            }
        }

        while (i < was.Count) i = Added(DiffKind.Deleted, was[i], i);
        while (j < now.Count) j = Added(DiffKind.Inserted, now[j], j);

        int Added(DiffKind kind, string word, int at)
        {
            Add(pieces, kind, word);
            return at + 1;
        }
    }

    private static ushort[,] CommonLengths(List<string> was, List<string> now)
    {
        var common = new ushort[was.Count + 1, now.Count + 1];
        for (var i = was.Count - 1; i >= 0; i--)
            for (var j = now.Count - 1; j >= 0; j--)
                common[i, j] = was[i] == now[j] ? (ushort)Math.Min(common[i + 1, j + 1] + 1, ushort.MaxValue) : Math.Max(common[i + 1, j], common[i, j + 1]);
        return common;
    }

    private static void Add(List<DiffPiece> pieces, DiffKind kind, string word)
    {
        if (pieces.Count > 0 && pieces[^1].Kind == kind) pieces[^1] = new DiffPiece(kind, pieces[^1].Text + word);
        else pieces.Add(new DiffPiece(kind, word));
    }

    // A run of letters and digits, a run of spaces, or a single other character.
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = at + 1;
            if (ClassOf(text[at]) is var kind && kind > 0) while (end < text.Length && ClassOf(text[end]) == kind) end++;
            words.Add(text[at..end]);
            at = end;
        }

        return words;
    }

    private static int ClassOf(char character) => char.IsLetterOrDigit(character) || char.IsSurrogate(character) || character is '_' or '\'' ? 1 : char.IsWhiteSpace(character) ? 2 : 0;
}
