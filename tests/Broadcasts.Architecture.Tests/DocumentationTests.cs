using System.Text.RegularExpressions;
using Broadcasts.Testing;

namespace Broadcasts.Architecture.Tests;

public sealed partial class DocumentationTests
{
    [Fact]
    public void Links_WithinTheRepository_LeadSomewhere()
    {
        var broken = Documents().SelectMany(document => Links(document).Select(link => (document, link)))
            .Where(at => !Resolves(at.document, at.link))
            .Select(at => $"{SourceTree.Shown(at.document)} → {at.link}");

        Assert.Empty(broken);
    }

    [Fact]
    public void Decisions_All_AreNumberedOnceAndListed()
    {
        var folder = Repository.File("docs", "decisions");
        var decisions = Directory.EnumerateFiles(folder, "*.md").Select(path => Path.GetFileName(path)!).Where(name => char.IsAsciiDigit(name[0])).Order(StringComparer.Ordinal).ToArray();
        var list = File.ReadAllText(Path.Combine(folder, "README.md"));

        Assert.Equal(decisions.Select(name => name[..4]).Distinct(StringComparer.Ordinal).Count(), decisions.Length);
        Assert.All(decisions, name => Assert.Contains($"({name})", list, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(Repository.Root, "*.md").Concat(SourceTree.Files(["docs", "host", "admin", "plugins", "tests"], ".md"));

    private static IEnumerable<string> Links(string document) =>
        Link().Matches(Code().Replace(File.ReadAllText(document), "")).Select(match => match.Groups["target"].Value);

    private static bool Resolves(string document, string link)
    {
        if (link.Contains("://", StringComparison.Ordinal) || link.StartsWith("mailto:", StringComparison.Ordinal)) return true;
        var parts = Uri.UnescapeDataString(link).Split('#', 2);
        var target = parts[0].Length == 0 ? document : Path.Combine(Path.GetDirectoryName(document)!, parts[0]);
        if (!File.Exists(target)) return parts.Length == 1 && Directory.Exists(target);
        return parts.Length == 1 || Path.GetExtension(target) != ".md" || Anchors(target).Contains(parts[1], StringComparer.Ordinal);
    }

    // As the usual viewers make them: lower case, punctuation dropped, blanks to dashes.
    private static IEnumerable<string> Anchors(string document) =>
        Fence().Replace(File.ReadAllText(document), "").Split('\n')
            .Where(line => line.StartsWith('#'))
            .Select(line => Punctuation().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)(?:\s+""[^""]*"")?\)")]
    private static partial Regex Link();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"```.*?```|`[^`\n]*`", RegexOptions.Singleline)]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\p{L}\p{N} _-]")]
    private static partial Regex Punctuation();
}
