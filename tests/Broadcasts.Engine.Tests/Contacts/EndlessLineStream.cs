using System.Text;

namespace Broadcasts.Contacts;

/// <summary>A beginning, a line of any length that is made while it is read, and an end. A negative length breaks there.</summary>
internal sealed class EndlessLineStream(string head, long length, string tail) : MemoryStream
{
    private readonly byte[] _head = Encoding.UTF8.GetBytes(head);
    private readonly byte[] _tail = Encoding.UTF8.GetBytes(tail);
    private long _position;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = 0;
        while (read < buffer.Length)
        {
            var (part, at) = _position < _head.Length ? (_head, _position) : (_tail, _position - _head.Length - Math.Max(length, 0));
            var free = buffer.Span[read..];
            if (at < 0)
            {
                free = free[..(int)Math.Min(free.Length, -at)];
                free.Fill((byte)'a');
            }
            else
            {
                if (at >= part.Length) break;
                free = free[..(int)Math.Min(free.Length, part.Length - at)];
                part.AsSpan((int)at, free.Length).CopyTo(free);
            }

            read += free.Length;
            _position += free.Length;
        }

        return read == 0 && length < 0 ? throw new IOException("The disk was taken out.") : new ValueTask<int>(read);
    }
}
