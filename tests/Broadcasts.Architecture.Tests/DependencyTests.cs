using System.Xml.Linq;
using Broadcasts.Testing;

namespace Broadcasts.Architecture.Tests;

/// <summary>One arrow: Host → Admin → Engine → Abstractions; a plugin knows Abstractions alone.</summary>
public sealed class DependencyTests
{
    private const string Contract = "Broadcasts.Abstractions";

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        [Contract] = [],
        ["Broadcasts.Engine"] = [Contract],
        ["Broadcasts.Admin"] = ["Broadcasts.Engine", Contract],
        ["Broadcasts.Host"] = ["Broadcasts.Admin", "Broadcasts.Engine", Contract],
    };

    private static readonly string[] Sql = ["Dapper", "Npgsql", "Microsoft.Data.Sqlite", "dbup-core", "dbup-postgresql", "dbup-sqlite"];

    public static TheoryData<string> Projects { get; } =
        [.. SourceTree.Files(["host", "admin", "plugins"], ".csproj").Select(SourceTree.Shown).Where(path => !path.StartsWith("plugins/template/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void ProjectReferences_All_FollowTheArrow(string project)
    {
        var allowed = Allowed.GetValueOrDefault(Path.GetFileNameWithoutExtension(project), [Contract]);

        // A project may have another one built before it (the bundled plugins) as long as it does not see its types.
        var seen = Items(project, "ProjectReference")
            .Where(item => Value(item, "ReferenceOutputAssembly") != "false")
            .Select(item => Path.GetFileNameWithoutExtension(Value(item, "Include")!.Replace('\\', '/')));

        Assert.All(seen, name => Assert.Contains(name, allowed));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Projects_All_AreInTheSolution(string project) =>
        Assert.Contains(project.Replace('/', '\\'), File.ReadAllText(Repository.File("Broadcasts.sln")), StringComparison.Ordinal);

    [Fact]
    public void TestProjects_All_AreInTheSolution()
    {
        var solution = File.ReadAllText(Repository.File("Broadcasts.sln"));
        var tests = SourceTree.Files(["tests"], ".csproj").Select(SourceTree.Shown).Where(path => path.EndsWith(".Tests.csproj", StringComparison.Ordinal));

        Assert.All(tests, path => Assert.Contains(path.Replace('/', '\\'), solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Engine_AnyType_NamesNothingOfAspNet() =>
        Assert.DoesNotContain(AssemblyFile.Of("Broadcasts.Engine").Types, type => type.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));

    [Fact]
    public void Engine_References_LeadDownwardsOnly() =>
        Assert.DoesNotContain(AssemblyFile.Of("Broadcasts.Engine").Assemblies, name => name is "Broadcasts.Admin" or "broadcasts" || name.StartsWith("Broadcasts.Transports.", StringComparison.Ordinal));

    [Fact]
    public void Admin_References_AreWithoutSql()
    {
        var admin = AssemblyFile.Of("Broadcasts.Admin");

        Assert.DoesNotContain(admin.Assemblies, name => Sql.Contains(name, StringComparer.OrdinalIgnoreCase));
        Assert.DoesNotContain(admin.Types, type => type.StartsWith("System.Data.", StringComparison.Ordinal));
        Assert.DoesNotContain("broadcasts", admin.Assemblies);
    }

    [Fact]
    public void Host_References_NoPlugin() =>
        Assert.DoesNotContain(AssemblyFile.Of("Broadcasts.Host", "broadcasts").Assemblies, name => name.StartsWith("Broadcasts.Transports.", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Plugins_References_KnowTheContractAlone(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        if (!name.StartsWith("Broadcasts.Transports.", StringComparison.Ordinal)) return;

        // Null when these tests were built alone; a run of everything builds the plugins first.
        var ours = AssemblyFile.Find(name)?.Assemblies.Where(reference => reference.StartsWith("Broadcasts", StringComparison.OrdinalIgnoreCase)) ?? [];

        Assert.All(ours, reference => Assert.Equal(Contract, reference));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Packages_All_HaveCentralVersions(string project) =>
        Assert.All(Items(project, "PackageReference"), item => Assert.Null(Value(item, "Version")));

    private static IEnumerable<XElement> Items(string project, string name) => XDocument.Load(Repository.File(project)).Descendants(name);

    // A value of an item stands in an attribute or in an element of its own.
    private static string? Value(XElement item, string name) => item.Attribute(name)?.Value ?? item.Element(name)?.Value;
}
