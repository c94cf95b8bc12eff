using Broadcasts.Testing;

namespace Broadcasts.Architecture.Tests;

/// <summary>Files of the repository, without what a build makes.</summary>
internal static class SourceTree
{
    private static readonly string[] Generated = ["artifacts", "bin", "obj", ".git", "TestResults", "data", "node_modules"];

    /// <summary>Files below some folders of the root, by extension.</summary>
    public static IEnumerable<string> Files(string[] folders, params string[] extensions) =>
        folders.Select(folder => Repository.File(folder)).Where(Directory.Exists).SelectMany(Walk)
            .Where(path => extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase));

    /// <summary>A path as it is written in a repository.</summary>
    public static string Shown(string path) => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder).Where(inner => !Generated.Contains(Path.GetFileName(inner), StringComparer.Ordinal)).SelectMany(Walk));
}
