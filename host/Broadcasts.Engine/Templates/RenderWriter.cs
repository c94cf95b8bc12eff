using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Broadcasts.Templates;

/// <summary>Collects one message: on the stack while it is short, in a rented buffer after that.</summary>
internal ref struct RenderWriter(Span<char> initial)
{
    // The default encoder would turn every letter outside ASCII into "&#x…;".
    private static readonly HtmlEncoder Html = HtmlEncoder.Create(UnicodeRanges.All);

    private static readonly SearchValues<char> Breaks = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(code => (char)code), '\u2028', '\u2029']);

    private Span<char> _buffer = initial;
    private char[]? _rented;

    public int Length { get; private set; }

    public void Append(scoped ReadOnlySpan<char> text)
    {
        if (text.Length > _buffer.Length - Length) Grow(text.Length);
        text.CopyTo(_buffer[Length..]);
        Length += text.Length;
    }

    public void AppendHtml(scoped ReadOnlySpan<char> text)
    {
        while (true)
        {
            var status = Html.Encode(text, _buffer[Length..], out var consumed, out var written);
            Length += written;
            if (status == OperationStatus.Done) return;
            text = text[consumed..];
            Grow(text.Length + 16);
        }
    }

    public void AppendOneLine(scoped ReadOnlySpan<char> text)
    {
        while (text.IndexOfAny(Breaks) is var at and >= 0)
        {
            Append(text[..at]);
            Append(" ");
            text = text[at..].StartsWith("\r\n", StringComparison.Ordinal) ? text[(at + 2)..] : text[(at + 1)..];
        }

        Append(text);
    }

    /// <summary>The text; the writer is empty afterwards and its buffer given back.</summary>
    public string Finish()
    {
        var text = _buffer[..Length].ToString();
        Release();
        return text;
    }

    public void Release()
    {
        Return();
        _rented = null;
        _buffer = default;
        Length = 0;
    }

    private void Grow(int more)
    {
        var larger = ArrayPool<char>.Shared.Rent(Math.Max(_buffer.Length * 2, Length + more));
        _buffer[..Length].CopyTo(larger);
        Return();
        _buffer = _rented = larger;
    }

    private readonly void Return()
    {
        if (_rented is null) return;

        // It holds personal data, and the pool is the whole process's.
        _rented.AsSpan(0, Length).Clear();
        ArrayPool<char>.Shared.Return(_rented);
    }
}
