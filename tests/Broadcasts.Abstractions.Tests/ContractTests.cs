using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace Broadcasts.Abstractions.Tests;

/// <summary>What a plugin author may rely on for as long as the major version stands.</summary>
public sealed class ContractTests
{
    private static readonly Assembly Contract = typeof(ITransport).Assembly;

    [Fact]
    public void References_OfTheContract_AreTheRuntimeAlone()
    {
        // From the file and not from the loaded assembly: also references that no code path has touched yet.
        using var file = new PEReader(File.OpenRead(Contract.Location));
        var metadata = file.GetMetadataReader();
        var names = metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name)).ToArray();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
    }

    [Fact]
    public void AssemblyVersion_InAnyMinor_StaysTheMajors() => Assert.Equal(new Version(1, 0, 0, 0), Contract.GetName().Version);

    [Fact]
    public void ExportedTypes_All_AreRecorded()
    {
        var recorded = RecordedLines();

        Assert.All(Contract.GetExportedTypes(), type => Assert.Contains(recorded, line => line == type.FullName!.Replace('+', '.')));
    }

    [Fact]
    public void RecordedTypes_All_AreStillExported()
    {
        // A line without a member is a type's own.
        var exported = Contract.GetExportedTypes().Select(t => t.FullName!.Replace('+', '.')).ToHashSet(StringComparer.Ordinal);
        var types = RecordedLines().Where(line => !line.Contains("->", StringComparison.Ordinal) && !line.Contains('(', StringComparison.Ordinal) && !line.Contains(' ', StringComparison.Ordinal));

        Assert.All(types, line => Assert.Contains(line, exported));
    }

    [Fact]
    public void DataTypes_All_CanGrowWithoutBreakingBuiltPlugins()
    {
        // A positional record's constructor changes with every property; a class with init properties does not.
        var records = Contract.GetExportedTypes().Where(t => t.GetMethod("<Clone>$", BindingFlags.Instance | BindingFlags.Public) is not null);

        Assert.Empty(records);
    }

    [Fact]
    public void Enums_All_HaveTheirNumbersWrittenDown()
    {
        // Numbers are stored and travel; a new member in the middle would shift them.
        var source = string.Concat(Directory.EnumerateFiles(ContractFolder(), "*.cs").Select(File.ReadAllText));

        foreach (var type in Contract.GetExportedTypes().Where(t => t.IsEnum))
        {
            Assert.All(Enum.GetNames(type), name =>
                Assert.Contains($"{name} = {Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)},", source, StringComparison.Ordinal));
        }
    }

    private static HashSet<string> RecordedLines() =>
        Directory.EnumerateFiles(ContractFolder(), "PublicAPI.*.txt")
            .SelectMany(File.ReadLines)
            .Where(line => line.Length > 0 && line[0] != '#')
            .ToHashSet(StringComparer.Ordinal);

    private static string ContractFolder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../plugins/Broadcasts.Abstractions"));
}
