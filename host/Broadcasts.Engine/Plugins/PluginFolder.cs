using System.Security.Cryptography;

namespace Broadcasts.Plugins;

/// <summary>This process's unpacked plugins: <c>plugins/ID/VERSION-HASH12</c> below the data directory.</summary>
/// <remarks>
/// A folder appears by one rename and never changes: overwriting a mapped assembly kills the process on Linux (SIGBUS) and is refused on
/// Windows. The packages are in the database; this is only a cache and can be deleted while the service is down.
/// </remarks>
internal sealed class PluginFolder
{
    private const string ListFile = ".files";
    private readonly string _root;
    private readonly string _incoming;

    public PluginFolder(string dataDirectory)
    {
        _root = Path.Combine(Path.GetFullPath(dataDirectory), "plugins");
        _incoming = Path.Combine(_root, ".incoming");
    }

    public string PathOf(string id, string version, string sha256) => Path.Combine(_root, id, $"{version}-{sha256[..12]}");

    /// <summary>The folder when it is there and every file of it is as it was unpacked; otherwise null, and what was there is moved aside.</summary>
    public string? Find(string id, string version, string sha256)
    {
        var folder = PathOf(id, version, sha256);
        if (!Directory.Exists(folder)) return null;
        if (IsWhole(folder)) return folder;
        Directory.CreateDirectory(_incoming);
        Directory.Move(folder, Path.Combine(_incoming, "damaged-" + Guid.NewGuid().ToString("N")));
        return null;
    }

    /// <summary>Unpacks a package unless it is there already. The inspection sees the files before they get their name, and throws to refuse.</summary>
    public string Unpack(PluginPackage package, Action<string> inspect)
    {
        var (id, version) = (package.Manifest.Id, package.Manifest.Version);
        if (Find(id, version, package.Sha256) is { } there)
        {
            inspect(there);
            return there;
        }

        var folder = PathOf(id, version, package.Sha256);
        var temp = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(temp);
        try
        {
            var files = package.ExtractTo(temp);
            File.WriteAllLines(Path.Combine(temp, ListFile), files.Select(f => $"{f.Value}  {f.Key}"));
            inspect(temp);
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            Directory.Move(temp, folder);
            return folder;
        }
        finally
        {
            if (Directory.Exists(temp)) Directory.Delete(temp, recursive: true);
        }
    }

    /// <summary>Deletes what is left of broken-off installs and of versions that nobody keeps. Call it before anything is loaded.</summary>
    public void RemoveAllBut(IEnumerable<string> keep)
    {
        if (!Directory.Exists(_root)) return;
        var kept = keep.Select(Path.GetFullPath).ToHashSet(StringComparer.Ordinal);
        Delete(_incoming);
        foreach (var version in Directory.EnumerateDirectories(_root).SelectMany(Directory.EnumerateDirectories).Where(v => !kept.Contains(v)).ToArray()) Delete(version);
    }

    /// <summary>Deletes a version that nobody keeps any more; what is still held goes at the next start.</summary>
    public void Remove(string id, string version, string sha256) => Delete(PathOf(id, version, sha256));

    private static void Delete(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It costs some space until the next start; no reason not to start.
        }
    }

    private static bool IsWhole(string folder)
    {
        try
        {
            var list = File.ReadAllLines(Path.Combine(folder, ListFile));
            return list.Length > 0 && list.All(line =>
            {
                var parts = line.Split("  ", 2);
                using var file = File.OpenRead(Path.Combine(folder, parts[1]));
                return Convert.ToHexStringLower(SHA256.HashData(file)) == parts[0];
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or IndexOutOfRangeException)
        {
            return false;
        }
    }
}
