using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcasts.Contacts;

namespace Broadcasts.Broadcasting;

/// <summary>A content in one language.</summary>
public sealed record LanguageParts
{
    /// <summary>Its code: <c>es</c>, <c>pt-BR</c>.</summary>
    public required string Language { get; init; }

    public BroadcastPart[] Parts { get; init; } = [];
}

/// <summary>A broadcast's content in other languages than that of its own parts.</summary>
public sealed partial record ContentLanguages
{
    /// <summary>Most languages of one content.</summary>
    public const int Most = 20;

    /// <summary>The language of the broadcast's own parts. Who reads none of the others gets these.</summary>
    public required string Language { get; init; }

    /// <summary>The others, in the order in which they stand in for one another.</summary>
    public LanguageParts[] Variants { get; init; } = [];

    /// <summary>As a broadcast stores it; null for none.</summary>
    public static string? Write(ContentLanguages? languages) => languages is null ? null : JsonSerializer.Serialize(languages, BroadcastJson.Options);

    /// <summary>As it was stored; null for none.</summary>
    public static ContentLanguages? Read(string? stored) => string.IsNullOrEmpty(stored) ? null : JsonSerializer.Deserialize<ContentLanguages>(stored, BroadcastJson.Options);

    /// <summary>
    /// Which of the languages somebody gets: the spoken one, else the first that is the same without its region (pt for pt-BR, and the other way round), else the first of all.
    /// </summary>
    public static int Choose(IReadOnlyList<string> languages, string? spoken)
    {
        if (string.IsNullOrEmpty(spoken)) return 0;
        var near = -1;
        for (var i = 0; i < languages.Count; i++)
        {
            if (languages[i].Equals(spoken, StringComparison.OrdinalIgnoreCase)) return i;
            if (near < 0 && RootOf(languages[i]).Equals(RootOf(spoken), StringComparison.OrdinalIgnoreCase)) near = i;
        }

        return Math.Max(near, 0);
    }

    /// <summary>
    /// What is wrong with contents that stand in for one another. They have the same parts: which message of a broadcast a row of the ledger is, and whether its channel can carry it, does not depend on who reads it.
    /// </summary>
    public static IEnumerable<Problem> Check(IReadOnlyList<LanguageParts> contents, Func<int, string> pathOf)
    {
        if (contents.Count > Most) yield return new("languages", "tooMany", $"At most {Most} languages.", $"{Most}");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < contents.Count; i++)
        {
            var (language, path) = (contents[i].Language ?? "", pathOf(i));
            if (!Code().IsMatch(language)) yield return new($"{path}language", "badLanguage", $"'{Templates.Shorten.To(language, 20)}' is no code of a language: write es, en or pt-BR.", Templates.Shorten.To(language, 20));
            else if (!seen.Add(language)) yield return new($"{path}language", "languageTwice", $"The language '{language}' comes twice.", language);
            if (i > 0 && !SameShape(contents[0].Parts, contents[i].Parts))
                yield return new($"{path}parts", "otherParts", $"The content in '{language}' has other parts than the one in '{contents[0].Language}': each language has as many, of the same types and in the same order.", language, contents[0].Language);
        }
    }

    /// <summary>A language as contacts have it: <c>es</c> for Spanish, <c>pt-BR</c> for pt_br.</summary>
    public static string CodeOf(string? text) => ContactValues.Language((text ?? "").Trim());

    private static bool SameShape(BroadcastPart[] first, BroadcastPart[] other) => first.Select(p => p?.Kind).SequenceEqual(other.Select(p => p?.Kind));

    private static ReadOnlySpan<char> RootOf(string language) => language.AsSpan(0, language.IndexOf('-', StringComparison.Ordinal) is var at && at > 0 ? at : language.Length);

    [GeneratedRegex("^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
    private static partial Regex Code();
}
