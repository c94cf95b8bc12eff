using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Broadcasts.Plugins;

/// <summary>What a folder holds, found without running any of its code.</summary>
internal sealed record PluginCandidate(string Folder, PluginManifest Manifest, string Sha256, string EntryType)
{
    public string MainFile => Path.Combine(Folder, Manifest.Main);
}

/// <summary>Reads the metadata of a plugin's assemblies and refuses what could only fail later, in the middle of a send.</summary>
/// <remarks>
/// The loader falls back to a private copy of a shared assembly, without a word, when the default context can't give the version asked for.
/// The plugin would then load and not be an <see cref="ITransportPlugin"/> of this host. Hence all references are checked here.
/// </remarks>
internal static class PluginInspector
{
    private const string Contract = "Broadcasts.Abstractions";
    private static readonly Lazy<Dictionary<string, string>> HostAssemblies = new(ReadHostAssemblies);

    /// <summary>The contract that this host has, as major.minor: of the package's version, since the assembly's is fixed per major.</summary>
    public static Version HostContract { get; } = ReadHostContract();

    /// <exception cref="PluginRefusedException">The plugin can't work in this host.</exception>
    public static PluginCandidate Inspect(string folder, PluginManifest manifest, string sha256)
    {
        var assemblies = Directory.EnumerateFiles(folder, "*.dll").Select(Read).OfType<AssemblyFacts>().ToList();
        var entries = assemblies.Where(a => a.EntryType is not null).ToList();
        var name = $"{manifest.Id} {manifest.Version}";
        if (entries.Count == 0) throw new PluginRefusedException($"{name}: no assembly carries [assembly: TransportPlugin(typeof(…))].");
        if (entries.Count > 1) throw new PluginRefusedException($"{name}: {string.Join(" and ", entries.Select(e => e.File))} both carry [assembly: TransportPlugin]; there must be exactly one.");
        var main = entries[0];
        if (!main.File.Equals(manifest.Main, StringComparison.Ordinal)) throw new PluginRefusedException($"{name}: {main.File} carries [assembly: TransportPlugin], but {PluginManifest.FileName} names {manifest.Main}.");
        CheckContract(name, main);
        CheckReferences(name, assemblies);
        if (NativeParts.Fault(folder) is { } fault) throw new PluginRefusedException($"{name}: {fault}", PluginState.NotSupported);
        return new PluginCandidate(folder, manifest, sha256, main.EntryType!.Split(',')[0].Trim());
    }

    private static void CheckContract(string name, AssemblyFacts main)
    {
        var reference = main.References.Find(r => r.Name == Contract)
            ?? throw new PluginRefusedException($"{name}: {main.File} does not reference {Contract}.", PluginState.NotSupported);
        if (main.ContractStamp is null || !Version.TryParse(main.ContractStamp, out var stamp))
        {
            throw new PluginRefusedException($"{name}: {main.File} does not say which contract it was built for. Build it with the package {Contract}.", PluginState.NotSupported);
        }

        if (stamp.Major != HostContract.Major || reference.Version!.Major != HostContract.Major)
        {
            throw new PluginRefusedException($"{name} needs contract {stamp.Major}.{stamp.Minor}; this host has {HostContract}. Contracts of another major version don't fit together.", PluginState.NotSupported);
        }

        if (stamp.Minor > HostContract.Minor)
        {
            throw new PluginRefusedException($"{name} needs contract {stamp.Major}.{stamp.Minor}; this host has {HostContract}. Update the host, or install a version of the plugin that was built for {HostContract} or older.", PluginState.NotSupported);
        }
    }

    private static void CheckReferences(string name, List<AssemblyFacts> assemblies)
    {
        var own = assemblies.GroupBy(a => a.Name, StringComparer.OrdinalIgnoreCase).ToDictionary(g => g.Key, g => g.Max(a => a.Version)!, StringComparer.OrdinalIgnoreCase);
        foreach (var assembly in assemblies)
        {
            foreach (var needed in assembly.References)
            {
                if (needed.Name == Contract) continue;
                if (own.TryGetValue(needed.Name!, out var version))
                {
                    if (needed.Version > version) throw Missing($"{name}: {assembly.File} needs {needed.Name} {needed.Version}; the package has {version}.");
                }
                else if (!HostAssemblies.Value.TryGetValue(needed.Name!, out var file))
                {
                    throw Missing($"{name}: {assembly.File} needs {needed.Name} {needed.Version}, which is not in the package.");
                }
                else if (needed.Version?.Major > Environment.Version.Major && AssemblyName.GetAssemblyName(file).Version is { } has && needed.Version > has)
                {
                    throw Missing($"{name}: {assembly.File} needs {needed.Name} {needed.Version}, which is not in the package; this host has {has}.");
                }
            }
        }

        static PluginRefusedException Missing(string message) => new(message, PluginState.NotSupported);
    }

    private static AssemblyFacts? Read(string file)
    {
        try
        {
            using var pe = new PEReader(File.OpenRead(file));
            if (!pe.HasMetadata) return null; // a native library
            var metadata = pe.GetMetadataReader();
            if (!metadata.IsAssembly) return null;
            var definition = metadata.GetAssemblyDefinition();
            var attributes = definition.GetCustomAttributes().Select(metadata.GetCustomAttribute).ToList();
            return new AssemblyFacts(
                Path.GetFileName(file), metadata.GetString(definition.Name), definition.Version,
                [.. metadata.AssemblyReferences.Select(metadata.GetAssemblyReference).Select(r => new AssemblyName { Name = metadata.GetString(r.Name), Version = r.Version })],
                StringArgument(metadata, attributes, nameof(TransportPluginAttribute)),
                StringArgument(metadata, attributes, nameof(TransportContractAttribute)));
        }
        catch (BadImageFormatException)
        {
            throw new PluginRefusedException($"{Path.GetFileName(file)} is not a .NET assembly, or it is damaged.");
        }
    }

    /// <summary>The first argument of an attribute of the contract; a type argument is stored as its name.</summary>
    private static string? StringArgument(MetadataReader metadata, List<CustomAttribute> attributes, string attributeName)
    {
        foreach (var attribute in attributes)
        {
            if (attribute.Constructor.Kind != HandleKind.MemberReference) continue;
            var parent = metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference) continue;
            var type = metadata.GetTypeReference((TypeReferenceHandle)parent);
            if (metadata.GetString(type.Name) != attributeName || metadata.GetString(type.Namespace) != nameof(Broadcasts)) continue;
            var blob = metadata.GetBlobReader(attribute.Value);
            return blob.ReadUInt16() == 1 ? blob.ReadSerializedString() : null;
        }

        return null;
    }

    private static Version ReadHostContract()
    {
        var full = typeof(ITransportPlugin).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('-', '+')[0];
        var version = Version.Parse(full);
        return new Version(version.Major, version.Minor);
    }

    private static Dictionary<string, string> ReadHostAssemblies()
    {
        var files = ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        var byName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var file in files) byName.TryAdd(Path.GetFileNameWithoutExtension(file), file);
        return byName;
    }

    private sealed record AssemblyFacts(string File, string Name, Version Version, List<AssemblyName> References, string? EntryType, string? ContractStamp);
}
