using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

namespace Broadcasts.Testing;

/// <summary>Packages of the lab plugin, as built or changed.</summary>
public static class LabPackages
{
    public const string Main = "transport/Broadcasts.TestPlugins.Lab.dll";

    public static byte[] Built { get; } = Read("Lab");

    /// <summary>A version of the lab that passes for one of another plugin: its id, and its assembly's file.</summary>
    public static byte[] Impostor(string id, string main, string version, string? behaviour = null, byte[]? assembly = null) => Change(Built, archive =>
    {
        Replace(archive, "transport/" + main, assembly ?? Bytes(archive, Main));
        archive.GetEntry(Main)!.Delete();
        Replace(archive, "transport.json", Encoding.UTF8.GetBytes(Manifest(id, version, main)));
        if (behaviour is not null) Replace(archive, "transport/behaviour.txt", Encoding.UTF8.GetBytes(behaviour));
    });

    /// <summary>A version of the lab, whole or misbehaving as <c>behaviour.txt</c> says.</summary>
    public static byte[] Of(string version, string? behaviour = null, Action<ZipArchive>? change = null) => Change(Built, archive =>
    {
        Replace(archive, "transport.json", Encoding.UTF8.GetBytes(Manifest(version: version)));
        if (behaviour is not null) Replace(archive, "transport/behaviour.txt", Encoding.UTF8.GetBytes(behaviour));
        change?.Invoke(archive);
    });

    public static string Manifest(string id = "lab", string version = "1.0.0", string main = "Broadcasts.TestPlugins.Lab.dll", string contract = "1.0", string framework = "net10.0") =>
        $$"""{"id": "{{id}}", "version": "{{version}}", "main": "{{main}}", "contract": "{{contract}}", "framework": "{{framework}}"}""";

    public static byte[] Zip(params (string Name, byte[] Bytes)[] files)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            foreach (var (name, bytes) in files)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }

        return stream.ToArray();
    }

    public static void Replace(ZipArchive archive, string name, byte[] bytes)
    {
        archive.GetEntry(name)?.Delete();
        using var entry = archive.CreateEntry(name).Open();
        entry.Write(bytes);
    }

    public static byte[] Bytes(ZipArchive archive, string name)
    {
        using var entry = archive.GetEntry(name)!.Open();
        using var copy = new MemoryStream();
        entry.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Another version of a package, in all else the same.</summary>
    public static byte[] Versioned(byte[] package, string version) => Change(package, archive =>
    {
        var manifest = JsonNode.Parse(Bytes(archive, "transport.json"))!;
        manifest["version"] = version;
        Replace(archive, "transport.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()));
    });

    /// <summary>The transport of the template, made to break one promise of the contract.</summary>
    public static byte[] Spoilt(string behaviour) => Change(Read("Spoilt"), archive => Replace(archive, "transport/behaviour.txt", Encoding.UTF8.GetBytes(behaviour)));

    private static byte[] Read(string plugin) => File.ReadAllBytes(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "test-plugins"), $"Broadcasts.TestPlugins.{plugin}.*.nupkg").Single());

    private static byte[] Change(byte[] package, Action<ZipArchive> change)
    {
        using var stream = new MemoryStream();
        stream.Write(package);
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true)) change(archive);
        return stream.ToArray();
    }
}
