using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Broadcasts.Testing;

namespace Broadcasts.Architecture.Tests;

/// <summary>What a built assembly names, read from its metadata without loading it.</summary>
internal sealed class AssemblyFile
{
    private AssemblyFile(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        Name = metadata.GetString(metadata.GetAssemblyDefinition().Name);
        Assemblies = [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
        Types = [.. metadata.TypeReferences.Select(handle => metadata.GetTypeReference(handle)).Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")];
    }

    public string Name { get; }

    /// <summary>Assemblies that it references.</summary>
    public IReadOnlyList<string> Assemblies { get; }

    /// <summary>Types of other assemblies that it names, with their namespaces.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>The output of a project, or null when it has not been built as these tests were.</summary>
    public static AssemblyFile? Find(string project, string? fileName = null)
    {
        var path = Path.Combine(Repository.OutputOf(project), (fileName ?? project) + ".dll");
        return File.Exists(path) ? new AssemblyFile(path) : null;
    }

    /// <summary>The output of a project that these tests depend on.</summary>
    public static AssemblyFile Of(string project, string? fileName = null) =>
        Find(project, fileName) ?? throw new FileNotFoundException($"{project} is not in {Repository.OutputOf(project)}. Build the solution.");
}
