using System.Security.Cryptography;

namespace Broadcasts.Contacts.Import;

/// <summary>A file on its way in: gives its beginning twice, counts and hashes.</summary>
internal sealed class ImportStream(Stream inner) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<IDisposable> _kept = [];
    private byte[] _head = [];
    private int _headLeft;
    private long _taken;
    private Func<double>? _share;

    /// <summary>A workbook, which has neither encoding nor separator.</summary>
    public bool IsWorkbook => _share is not null;

    /// <summary>Bytes that were taken out. Of a workbook, all of which is here before its first row: the share of its sheet that was read.</summary>
    public long Taken => _share is null ? _taken : (long)(_taken * _share());

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
        _taken += count;
    }

    /// <summary>All of it, to be read at any place, and closed together with this.</summary>
    public async Task<Stream> WholeAsync(CancellationToken cancellationToken)
    {
        Stream whole = inner;
        if (inner.CanSeek)
        {
            await CopyToAsync(Null, cancellationToken);
        }
        else
        {
            // The copy goes with its handle, also when the process dies.
            whole = new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            _kept.Add(whole);
            await CopyToAsync(whole, cancellationToken);
        }

        whole.Position = 0;
        return whole;
    }

    /// <summary>Closes a part of it together with this, and follows how much of that was read.</summary>
    public void Follow(IDisposable part, Func<double> share)
    {
        _kept.Add(part);
        _share = share;
    }

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

        _taken += read;
        return read;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _taken;
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
