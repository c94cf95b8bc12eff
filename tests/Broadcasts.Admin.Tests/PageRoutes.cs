using System.Text.RegularExpressions;

namespace Broadcasts.Admin.Tests;

/// <summary>The pages' addresses as their sources declare them, a parameter as a star.</summary>
internal static partial class PageRoutes
{
    public static IReadOnlyList<string> All { get; } =
        [.. Directory.EnumerateFiles(Repository.File("admin", "Broadcasts.Admin", "Pages"), "*.cshtml", SearchOption.AllDirectories)
            .Select(f => Declared().Match(File.ReadAllText(f))).Where(m => m.Success)
            .Select(m => Parameter().Replace(m.Groups[1].Value, "*")).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The route of an address; the address itself when no page has it.</summary>
    public static string Of(string address)
    {
        var plain = address.Split('?')[0];
        return All.Where(r => Regex.IsMatch(plain, "^" + Regex.Escape(r).Replace("\\*", "[^/]+", StringComparison.Ordinal) + "$"))
            .OrderBy(r => r.Count(c => c == '*')).FirstOrDefault() ?? plain;
    }

    [GeneratedRegex("@page \"([^\"]+)\"")]
    private static partial Regex Declared();

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
