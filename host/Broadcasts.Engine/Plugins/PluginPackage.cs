using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;

namespace Broadcasts.Plugins;

/// <summary>A package file that was checked from outside: sizes, names, manifest. Nothing of it was unpacked or run.</summary>
internal sealed class PluginPackage
{
    public const int MaxBytes = 200 << 20;
    public const int MaxFiles = 2000;

    /// <summary>Deflate can't do better than about 1,030 : 1; assemblies reach 5 : 1. What is far beyond is made to fill a disk.</summary>
    private const int MaxRatio = 200;
    private const long RatioMatters = 1 << 20;
    private const string PayloadFolder = "transport/";

    // The host shares its own copy; one in the package could only be used by mistake.
    private const string ContractFile = "Broadcasts.Abstractions.dll";

    private PluginPackage(byte[] bytes, string sha256, PluginManifest manifest) => (Bytes, Sha256, Manifest) = (bytes, sha256, manifest);

    /// <summary>The package file.</summary>
    public byte[] Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    public PluginManifest Manifest { get; }

    /// <summary>Who signed it; null for an unsigned package, and for one from the database, which was checked when it came in.</summary>
    public PluginSigner? Signer { get; private init; }

    /// <exception cref="PluginRefusedException">It is no package of a transport, or not one that this host takes.</exception>
    public static async Task<PluginPackage> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[81920];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellationToken)) > 0)
        {
            if (buffer.Length + read > MaxBytes) throw new PluginRefusedException($"The package is larger than {MaxBytes >> 20} MB.");
            buffer.Write(chunk, 0, read);
        }

        var package = Read(buffer.ToArray());
        return new PluginPackage(package.Bytes, package.Sha256, package.Manifest) { Signer = await PluginSignature.VerifyAsync(package.Bytes, cancellationToken) };
    }

    /// <summary>Reads a package that is trusted already: from the database, or one that comes with the host.</summary>
    /// <inheritdoc cref="ReadAsync"/>
    public static PluginPackage Read(byte[] bytes) => Archived(bytes, archive =>
    {
        CheckEntries(archive);
        var manifest = archive.GetEntry(PluginManifest.FileName)
            ?? throw new PluginRefusedException($"The package has no {PluginManifest.FileName}: it is not a transport. Build one with 'dotnet pack' on a project that sets TransportId.");
        using var stream = manifest.Open();
        var package = new PluginPackage(bytes, Convert.ToHexStringLower(SHA256.HashData(bytes)), PluginManifest.Read(stream, manifest.Length));
        if (archive.GetEntry(PayloadFolder + package.Manifest.Main) is null)
        {
            throw new PluginRefusedException($"The package has no {PayloadFolder}{package.Manifest.Main}, which its {PluginManifest.FileName} names as main.");
        }

        return package;
    });

    /// <summary>Writes the payload below a folder that exists and is empty.</summary>
    /// <returns>Relative path and SHA-256 of every file.</returns>
    public IReadOnlyDictionary<string, string> ExtractTo(string folder) => Archived(Bytes, archive =>
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        long total = 0;
        files[PluginManifest.FileName] = Extract(archive.GetEntry(PluginManifest.FileName)!, Path.Combine(folder, PluginManifest.FileName), ref total);
        foreach (var entry in archive.Entries.Where(e => e.FullName.StartsWith(PayloadFolder, StringComparison.Ordinal) && !e.FullName.EndsWith('/')))
        {
            var relative = entry.FullName[PayloadFolder.Length..];
            if (relative.Equals(ContractFile, StringComparison.OrdinalIgnoreCase)) continue;
            var target = Path.Combine(folder, relative.Replace('/', Path.DirectorySeparatorChar));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            files[relative] = Extract(entry, target, ref total);
        }

        return files;
    });

    private static string Extract(ZipArchiveEntry entry, string target, ref long total)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var crc = new Crc32();
        using var source = entry.Open();
        using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        var chunk = new byte[81920];
        int read;
        while ((read = source.Read(chunk, 0, chunk.Length)) > 0)
        {
            // The sizes in the archive's directory are only what its maker says.
            if ((total += read) > MaxBytes) throw new PluginRefusedException($"The package unpacks to more than {MaxBytes >> 20} MB.");
            file.Write(chunk, 0, read);
            sha.AppendData(chunk, 0, read);
            crc.Append(chunk.AsSpan(0, read));
        }

        if (crc.GetCurrentHashAsUInt32() != entry.Crc32) throw new PluginRefusedException($"{entry.FullName} is damaged: its checksum does not match.");
        file.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static void CheckEntries(ZipArchive archive)
    {
        if (archive.Entries.Count > MaxFiles) throw new PluginRefusedException($"The package holds {archive.Entries.Count} files; {MaxFiles} are allowed.");
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long total = 0;
        foreach (var entry in archive.Entries)
        {
            CheckName(entry);
            if (!names.Add(entry.FullName)) throw new PluginRefusedException($"The package holds {entry.FullName} twice.");
            total += entry.Length;
            if (total > MaxBytes) throw new PluginRefusedException($"The package unpacks to more than {MaxBytes >> 20} MB.");
            if (entry.Length > RatioMatters && entry.Length / Math.Max(1, entry.CompressedLength) > MaxRatio)
            {
                throw new PluginRefusedException($"{entry.FullName} unpacks to {entry.Length / Math.Max(1, entry.CompressedLength)} times its size; no honest file does.");
            }
        }
    }

    private static void CheckName(ZipArchiveEntry entry)
    {
        const int LinkType = 0xA000, TypeMask = 0xF000;
        var name = entry.FullName;
        var leaves = name.Contains('\\') || name.Contains(':') || name.Contains('\0') || name.StartsWith('/') || name.Split('/').Any(p => p is "." or "..");
        if (leaves) throw new PluginRefusedException($"The package holds the path '{name}', which leaves its folder.");
        if (((entry.ExternalAttributes >> 16) & TypeMask) == LinkType) throw new PluginRefusedException($"The package holds the link '{name}'; only plain files are allowed.");
    }

    private static T Archived<T>(byte[] bytes, Func<ZipArchive, T> use)
    {
        try
        {
            using var archive = new ZipArchive(new MemoryStream(bytes, writable: false), ZipArchiveMode.Read);
            return use(archive);
        }
        // Whatever a damaged archive makes of its reader: the end of the stream, a number that is too large, a method that nobody knows.
        catch (Exception e) when (e is not PluginRefusedException and not UnauthorizedAccessException and (not IOException or EndOfStreamException))
        {
            throw new PluginRefusedException($"The package is not a NuGet package (a zip archive), or it is cut off: {e.Message}");
        }
    }
}
