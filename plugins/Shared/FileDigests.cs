using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Broadcasts.Transports;

/// <summary>SHA-256 of files. The bytes of a broadcast's file are one array for all its messages: hashing them again for every recipient is saved.</summary>
internal sealed class FileDigests
{
    // Weak: an array's digest goes with the array.
    private readonly ConditionalWeakTable<byte[], Digest> _digests = [];

    public string Of(ReadOnlyMemory<byte> bytes)
    {
        if (!MemoryMarshal.TryGetArray(bytes, out var array) || array.Array is null) return Convert.ToHexString(SHA256.HashData(bytes.Span));
        if (_digests.TryGetValue(array.Array, out var known) && known.Offset == array.Offset && known.Length == array.Count) return known.Value;
        var digest = new Digest(array.Offset, array.Count, Convert.ToHexString(SHA256.HashData(bytes.Span)));
        _digests.AddOrUpdate(array.Array, digest);
        return digest.Value;
    }

    private sealed record Digest(int Offset, int Length, string Value);
}
