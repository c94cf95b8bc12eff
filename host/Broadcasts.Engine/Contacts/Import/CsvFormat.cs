using System.Text;
using System.Text.Unicode;
using UtfUnknown;

namespace Broadcasts.Contacts.Import;

/// <summary>How a delimited text is written: found out from its first bytes.</summary>
/// <param name="Encoding">The characters.</param>
/// <param name="Delimiter">Between the values.</param>
/// <param name="Skip">Bytes before the header: a mark of the encoding.</param>
/// <param name="SkipsLine">The first line only tells the delimiter (<c>sep=;</c>).</param>
internal sealed record CsvFormat(Encoding Encoding, char Delimiter, int Skip, bool SkipsLine)
{
    /// <summary>So many bytes are looked at.</summary>
    public const int HeadLength = 1 << 16;

    private const int RowsLookedAt = 20;

    /// <summary>Separators that are looked for.</summary>
    public static IReadOnlyList<char> Delimiters { get; } = [',', ';', '\t', '|'];

    /// <summary>Encodings that people are offered: the API takes others too.</summary>
    public static IReadOnlyList<string> Names { get; } = ["utf-8", "windows-1252", "utf-16", "utf-16BE", "windows-1250", "windows-1251", "windows-1253", "windows-1255", "windows-1256", "iso-8859-15", "shift_jis", "gb18030", "big5", "euc-kr"];

    private static readonly (byte[] Mark, string Name)[] Binaries =
    [
        ([0xD0, 0xCF, 0x11, 0xE0], "an old Excel workbook"),
        ([0x25, 0x50, 0x44, 0x46], "a PDF"),
        ([0x1F, 0x8B], "a compressed file"),
        ([0x89, 0x50, 0x4E, 0x47], "a picture"),
    ];

    /// <summary>True for an archive: an Excel workbook is one.</summary>
    public static bool IsZip(ReadOnlySpan<byte> head) => head.StartsWith("PK\u0003\u0004"u8);

    /// <summary>What the bytes are when they are no text at all; null for text.</summary>
    public static string? BinaryKind(ReadOnlySpan<byte> head)
    {
        foreach (var (mark, name) in Binaries)
            if (head.StartsWith(mark)) return name;

        // Text has tabs and line ends, and hardly any other control character. UTF-16 is full of zeros and looked at apart.
        if (Marked(head).Encoding is not null || Utf16WithoutMark(head) is not null) return null;
        var controls = 0;
        foreach (var b in head)
            if (b < 0x20 && b is not (0x09 or 0x0A or 0x0D)) controls++;
        return controls * 20 > head.Length ? "binary data" : null;
    }

    public static CsvFormat Detect(ReadOnlySpan<byte> head, Encoding? encoding, char? delimiter)
    {
        var (marked, skip) = Marked(head);
        var chosen = marked ?? encoding ?? Guess(head);
        var text = chosen.GetString(head[skip..]);
        if (text.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && text.Length > 5 && text[5] is '\r' or '\n')
            return new CsvFormat(chosen, delimiter ?? text[4], skip, true);

        return new CsvFormat(chosen, delimiter ?? GuessDelimiter(text), skip, false);
    }

    /// <summary>The encoding of a name, also the ones of old Windows; null when there is none.</summary>
    public static Encoding? Named(string name)
    {
        if (name.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || name.Equals("utf8", StringComparison.OrdinalIgnoreCase)) return MendingUtf8.Instance;
        try
        {
            return CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static (Encoding? Encoding, int Length) Marked(ReadOnlySpan<byte> head) => head switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (MendingUtf8.Instance, 3),
        [0xFF, 0xFE, 0, 0, ..] => (Encoding.UTF32, 4),
        [0, 0, 0xFE, 0xFF, ..] => (new UTF32Encoding(bigEndian: true, byteOrderMark: true), 4),
        [0xFF, 0xFE, ..] => (Encoding.Unicode, 2),
        [0xFE, 0xFF, ..] => (Encoding.BigEndianUnicode, 2),
        _ => (null, 0),
    };

    private static Encoding Guess(ReadOnlySpan<byte> head)
    {
        if (Utf16WithoutMark(head) is { } utf16) return utf16;
        if (IsUtf8(head)) return MendingUtf8.Instance;

        var best = CharsetDetector.DetectFromBytes(head.ToArray()).Detected;
        // The Latin code pages can't be told apart by a few accents; a wrong guess among them spoils every one, and Windows-1252 is what people have.
        var isOther = best is { Confidence: > 0.8f } && best.EncodingName is "windows-1251" or "koi8-r" or "shift_jis" or "shift-jis" or "big5" or "gb18030" or "euc-jp" or "euc-kr" or "windows-1253" or "windows-1255" or "windows-1256";
        return (isOther ? Named(best.EncodingName) : null) ?? MendingUtf8.Windows1252;
    }

    // Every second byte of Latin text in UTF-16 is zero.
    private static Encoding? Utf16WithoutMark(ReadOnlySpan<byte> head)
    {
        int even = 0, odd = 0;
        for (var i = 0; i < head.Length; i++)
        {
            if (head[i] != 0) continue;
            if (i % 2 == 0) even++;
            else odd++;
        }

        var most = head.Length / 2 * 6 / 10;
        if (head.Length >= 8 && odd > most && even == 0) return Encoding.Unicode;
        return head.Length >= 8 && even > most && odd == 0 ? Encoding.BigEndianUnicode : null;
    }

    private static bool IsUtf8(ReadOnlySpan<byte> head)
    {
        // The head may end within a character: up to three bytes belong to the next piece.
        for (var cut = 0; cut <= 3 && cut <= head.Length; cut++)
            if (Utf8.IsValid(head[..^cut])) return true;
        return false;
    }

    private static char GuessDelimiter(string text)
    {
        var best = (Delimiter: ',', Score: 0);
        foreach (var delimiter in Delimiters)
        {
            var counts = CountPerRow(text, delimiter);
            if (counts.Count == 0 || counts[0] == 0) continue;
            var score = counts[0] + 100 * counts.Count(c => c == counts[0]);
            if (score > best.Score) best = (delimiter, score);
        }

        return best.Delimiter;
    }

    private static List<int> CountPerRow(string text, char delimiter)
    {
        var counts = new List<int>();
        var isQuoted = false;
        var count = 0;
        var isEmpty = true;
        foreach (var c in text)
        {
            if (c == '"') isQuoted = !isQuoted;
            else if (c == delimiter && !isQuoted) count++;
            else if (c is '\n' or '\r' && !isQuoted)
            {
                if (!isEmpty) counts.Add(count);
                if (counts.Count == RowsLookedAt) return counts;
                (count, isEmpty) = (0, true);
                continue;
            }

            isEmpty = false;
        }

        if (!isEmpty && counts.Count == 0) counts.Add(count);
        return counts;
    }
}

/// <summary>UTF-8 in which a byte that is none counts as Windows-1252: files glued together from two sources keep their accents.</summary>
internal static class MendingUtf8
{
    public static Encoding Windows1252 { get; } = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    public static Encoding Instance { get; } = Encoding.GetEncoding("utf-8", EncoderFallback.ReplacementFallback, new LatinFallback());

    private sealed class LatinFallback : DecoderFallback
    {
        // An invalid sequence is at most three bytes long.
        public override int MaxCharCount => 3;

        public override DecoderFallbackBuffer CreateFallbackBuffer() => new Buffer();

        private sealed class Buffer : DecoderFallbackBuffer
        {
            private string _text = "";
            private int _position;

            public override int Remaining => _text.Length - _position;

            public override bool Fallback(byte[] bytesUnknown, int index)
            {
                _text = Windows1252.GetString(bytesUnknown);
                _position = 0;
                return _text.Length > 0;
            }

            public override char GetNextChar() => _position < _text.Length ? _text[_position++] : '\0';

            public override bool MovePrevious()
            {
                if (_position == 0) return false;
                _position--;
                return true;
            }

            public override void Reset() => (_text, _position) = ("", 0);
        }
    }
}
