using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Broadcasts.Testing;

/// <summary>Assemblies with the metadata that a test wants and no code.</summary>
public static class TinyAssembly
{
    /// <summary>One assembly.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="entry">The type that its attribute names as the plugin; null for none.</param>
    /// <param name="stamp">The contract that it was built for; null for none.</param>
    /// <param name="contract">False when it does not know the contract.</param>
    /// <param name="references">Further assemblies that it needs.</param>
    public static byte[] Make(string name, string? entry = null, string? stamp = null, bool contract = true, params (string Name, Version Version)[] references)
    {
        var metadata = new MetadataBuilder();
        metadata.AddModule(0, metadata.GetOrAddString(name + ".dll"), metadata.GetOrAddGuid(Guid.NewGuid()), default, default);
        var assembly = metadata.AddAssembly(metadata.GetOrAddString(name), new Version(1, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.None);
        metadata.AddTypeDefinition(default, default, metadata.GetOrAddString("<Module>"), default, MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
        Reference(metadata, "System.Runtime", new Version(10, 0, 0, 0));
        foreach (var (needed, version) in references) Reference(metadata, needed, version);
        if (contract)
        {
            var abstractions = Reference(metadata, "Broadcasts.Abstractions", new Version(1, 0, 0, 0));
            if (entry is not null) Attribute(metadata, assembly, abstractions, nameof(TransportPluginAttribute), entry, b => b.Type(MetadataTokens.TypeReferenceHandle(1), isValueType: false));
            if (stamp is not null) Attribute(metadata, assembly, abstractions, nameof(TransportContractAttribute), stamp, b => b.String());
        }

        var pe = new ManagedPEBuilder(new PEHeaderBuilder(imageCharacteristics: Characteristics.Dll | Characteristics.ExecutableImage), new MetadataRootBuilder(metadata), new BlobBuilder());
        var image = new BlobBuilder();
        pe.Serialize(image);
        return image.ToArray();
    }

    private static AssemblyReferenceHandle Reference(MetadataBuilder metadata, string name, Version version) =>
        metadata.AddAssemblyReference(metadata.GetOrAddString(name), version, default, default, default, default);

    private static void Attribute(MetadataBuilder metadata, AssemblyDefinitionHandle assembly, AssemblyReferenceHandle contract, string attribute, string argument, Action<SignatureTypeEncoder> parameter)
    {
        var type = metadata.AddTypeReference(contract, metadata.GetOrAddString(nameof(Broadcasts)), metadata.GetOrAddString(attribute));
        var signature = new BlobBuilder();
        new BlobEncoder(signature).MethodSignature(isInstanceMethod: true).Parameters(1, r => r.Void(), p => parameter(p.AddParameter().Type()));
        var constructor = metadata.AddMemberReference(type, metadata.GetOrAddString(".ctor"), metadata.GetOrAddBlob(signature));
        var value = new BlobBuilder();
        value.WriteUInt16(1);
        value.WriteSerializedString(argument);
        value.WriteUInt16(0);
        metadata.AddCustomAttribute(assembly, constructor, metadata.GetOrAddBlob(value));
    }
}
