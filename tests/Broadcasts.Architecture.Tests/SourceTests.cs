using Broadcasts.Testing;

namespace Broadcasts.Architecture.Tests;

public sealed class SourceTests
{
    private const int MostLines = 400;

    // In two pieces, so that this file does not find itself.
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"];

    [Fact]
    public void Sources_All_AreFinished()
    {
        var found = SourceTree.Files(["host", "admin", "plugins", "tests", ".ci"], ".cs", ".cshtml", ".js", ".css", ".sql", ".sh", ".csproj", ".props", ".targets")
            .SelectMany(path => File.ReadLines(path).Select((line, i) => (Where: $"{SourceTree.Shown(path)}:{i + 1}", line)))
            .Where(at => Unfinished.Any(word => at.line.Contains(word, StringComparison.Ordinal)))
            .Select(at => $"{at.Where} {at.line.Trim()}");

        Assert.Empty(found);
    }

    [Fact]
    public void Sources_OfTheProgram_AreShort()
    {
        var tooLong = SourceTree.Files(["host", "admin", "plugins"], ".cs")
            .Select(path => (Path: SourceTree.Shown(path), Lines: File.ReadLines(path).Count()))
            .Where(file => file.Lines > MostLines)
            .Select(file => $"{file.Path} has {file.Lines} lines");

        Assert.Empty(tooLong);
    }

    [Fact]
    public void Sources_All_HaveUnixLineEnds()
    {
        var wrong = SourceTree.Files(["host", "admin", "plugins", "tests", "docs"], ".cs", ".cshtml", ".js", ".css", ".sql", ".sh", ".md")
            .Where(path => File.ReadAllText(path).Contains('\r', StringComparison.Ordinal))
            .Select(SourceTree.Shown);

        Assert.Empty(wrong);
    }

    [Fact]
    public void Namespaces_OfTheEngine_FollowTheFolders()
    {
        var root = Repository.File("host", "Broadcasts.Engine");
        var wrong = SourceTree.Files(["host/Broadcasts.Engine"], ".cs")
            .Select(path => (Path: path, Expected: Path.GetRelativePath(root, Path.GetDirectoryName(path)!).Replace('\\', '.').Replace('/', '.')))
            .Select(file => (file.Path, Expected: file.Expected == "." ? "Broadcasts" : "Broadcasts." + file.Expected))
            .Where(file => File.ReadLines(file.Path).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal)) is { } line && line != $"namespace {file.Expected};")
            .Select(file => $"{SourceTree.Shown(file.Path)} is not in {file.Expected}");

        Assert.Empty(wrong);
    }
}
