using System.Security.Cryptography;

namespace Broadcasts.Contacts.Import;

/// <summary>A file on its way in: gives its beginning twice, counts and hashes.</summary>
internal sealed class ImportStream(Stream inner) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<IDisposable> _kept = [];
    private byte[] _head = [];
    private int _headLeft;

    /// <summary>Bytes that were taken out.</summary>
    public long Taken { get; private set; }

    /// <summary>The first bytes, without taking them.</summary>
    public async Task<ReadOnlyMemory<byte>> PeekAsync(int length, CancellationToken cancellationToken)
    {
        var head = new byte[length];
        var read = await inner.ReadAtLeastAsync(head, length, throwOnEndOfStream: false, cancellationToken);
        _hash.AppendData(head, 0, read);
        _head = head[..read];
        _headLeft = read;
        return _head;
    }

    /// <summary>Leaves out bytes at the beginning.</summary>
    public void Skip(int count)
    {
        _headLeft -= count;
        Taken += count;
    }

    /// <summary>Closes it together with this.</summary>
    public void Keep(IDisposable part) => _kept.Add(part);

    /// <summary>SHA-256 of what was read, in hex.</summary>
    public string Hash() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        if (_headLeft > 0)
        {
            read = Math.Min(_headLeft, buffer.Length);
            _head.AsMemory(_head.Length - _headLeft, read).CopyTo(buffer);
            _headLeft -= read;
        }
        else
        {
            read = await inner.ReadAsync(buffer, cancellationToken);
            _hash.AppendData(buffer.Span[..read]);
        }

        Taken += read;
        return read;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => Taken;
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        for (var i = _kept.Count - 1; i >= 0; i--) _kept[i].Dispose();
        base.Dispose(disposing);
    }
}
