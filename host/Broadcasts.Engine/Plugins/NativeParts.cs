using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Broadcasts.Plugins;

/// <summary>
/// Libraries of machine code in a package: <c>runtimes/RID/native/*</c>, or beside the assemblies. What this machine can't load would be found out at the first call, in the middle of a send; here it is found by
/// the files' own heads.
/// </summary>
internal static class NativeParts
{
    private const string PerMachine = "runtimes";

    private static string System => OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";

    private static string Processor => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>Why the native libraries of an unpacked package don't fit this machine; null when they do, or when there are none.</summary>
    public static string? Fault(string folder)
    {
        var root = Path.Combine(folder, PerMachine);
        var machines = Directory.Exists(root) ? Directory.GetDirectories(root).Where(d => Directory.Exists(Path.Combine(d, "native"))).ToList() : [];
        var ours = machines.Where(d => IsOurs(Path.GetFileName(d))).ToList();
        if (machines.Count > 0 && ours.Count == 0)
            return $"it has native libraries for {string.Join(", ", machines.Select(Path.GetFileName).Order(StringComparer.Ordinal))}, and none for {System}-{Processor}.";
        var files = ours.SelectMany(d => Directory.EnumerateFiles(Path.Combine(d, "native"))).Concat(Directory.EnumerateFiles(folder).Where(IsNamedNative));
        return files.Select(f => Kind(f) is { } kind && kind != (System, Processor) ? $"{Path.GetRelativePath(folder, f)} is a library for {kind.System}-{kind.Processor}; this machine is {System}-{Processor}." : null).FirstOrDefault(f => f is not null);
    }

    // https://learn.microsoft.com/dotnet/core/rid-catalog: the machine itself, or a wider name.
    private static bool IsOurs(string rid) => rid is "any" || rid == System || rid == $"{System}-{Processor}" || (!OperatingSystem.IsWindows() && (rid == "unix" || rid == $"unix-{Processor}"))
        || rid == RuntimeInformation.RuntimeIdentifier;

    // A .dll beside the assemblies may be an assembly: those are read elsewhere.
    private static bool IsNamedNative(string file) => Path.GetExtension(file) is ".so" or ".dylib" || Path.GetFileName(file).Contains(".so.", StringComparison.Ordinal);

    /// <summary>Null for what is no library of a kind that is known: data, a script.</summary>
    private static (string System, string Processor)? Kind(string file)
    {
        Span<byte> head = stackalloc byte[4096];
        using var stream = File.OpenRead(file);
        head = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
        if (head.Length < 64) return null;
        if (head.StartsWith("\u007fELF"u8)) return ("linux", BinaryPrimitives.ReadUInt16LittleEndian(head[18..]) switch { 0x3E => "x64", 0xB7 => "arm64", 0x28 => "arm", 0x03 => "x86", _ => "other" });
        if (BinaryPrimitives.ReadUInt32LittleEndian(head) == 0xFEEDFACF) return ("osx", BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) switch { 0x01000007 => "x64", 0x0100000C => "arm64", _ => "other" });
        if (!head.StartsWith("MZ"u8) || BinaryPrimitives.ReadInt32LittleEndian(head[0x3C..]) is not (> 0 and < 4000 and var at) || at + 6 > head.Length) return null;
        return ("win", BinaryPrimitives.ReadUInt16LittleEndian(head[(at + 4)..]) switch { 0x8664 => "x64", 0xAA64 => "arm64", 0x14C => "x86", _ => "other" });
    }
}
