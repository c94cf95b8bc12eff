namespace Broadcasts.Templates;

/// <summary>"Did you mean …": the candidate with the fewest typing mistakes.</summary>
internal static class NearestName
{
    // Longer words are no typing mistakes of ours, and the comparison is quadratic.
    private const int LongestWord = 80;

    public static string? Of(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > LongestWord) return null;

        var folded = Fold(word);
        string? nearest = null;
        var allowed = Math.Max(2, folded.Length / 4) + 1;
        foreach (var candidate in candidates)
        {
            var distance = Distance(folded, Fold(candidate), allowed);
            if (distance >= allowed) continue;
            allowed = distance;
            nearest = candidate;
        }

        return nearest;
    }

    // "contact.firstName" and "contact.first-name" are the same word as "contact.first_name".
    private static string Fold(string word) =>
        word.Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>Levenshtein's distance, or <paramref name="limit"/> when it is at least that.</summary>
    private static int Distance(string a, string b, int limit)
    {
        if (Math.Abs(a.Length - b.Length) >= limit || b.Length > LongestWord) return limit;

        Span<int> row = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            var best = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
                best = Math.Min(best, row[j]);
            }

            if (best >= limit) return limit;
        }

        return row[b.Length];
    }
}
