using System.Text;

namespace Broadcasts.Contacts.Import;

/// <summary>What was wrong with a row that could not be read.</summary>
internal enum CsvRowFault
{
    None,

    /// <summary>Longer than any row may be.</summary>
    TooLong,

    /// <summary>A quote was opened and not closed.</summary>
    UnclosedQuote,
}

/// <summary>Reads rows of a delimited text one by one in bounded memory.</summary>
/// <remarks>
/// Our own, because a broken row must cost that row alone: a line of any length, a quote that nobody closed, text behind a closing quote. The
/// library readers give up the file there. Field texts are valid until the next row is read.
/// </remarks>
internal sealed class CsvReader(Stream stream, Encoding encoding, char delimiter, int longestRow = CsvReader.LongestRow)
{
    /// <summary>Longest row in characters.</summary>
    public const int LongestRow = 1 << 20;

    private const int FirstBuffer = 1 << 16;
    private const char Quote = '"';

    // More characters than a decoder can keep back from one piece to the next.
    private const int Reserve = 8;

    private readonly Decoder _decoder = encoding.GetDecoder();
    private readonly byte[] _bytes = new byte[1 << 16];
    private readonly List<Field> _fields = [];
    private readonly TextPool _texts = new();
    private char[] _chars = new char[Math.Min(FirstBuffer, longestRow)];
    private int _start;
    private int _end;
    private int _next;
    private bool _isEnd;

    /// <summary>The number of the row, counted as a spreadsheet does: the first is 1, blank rows count.</summary>
    public long RowNumber { get; private set; }

    public int FieldCount => _fields.Count;

    public Encoding Encoding => encoding;

    public char Delimiter => delimiter;

    /// <summary>Characters of the row.</summary>
    public int Length => _next - _start;

    /// <summary>Why the row has no fields.</summary>
    public CsvRowFault Fault { get; private set; }

    public string this[int index]
    {
        get
        {
            var field = _fields[index];
            return field.Text ?? _texts.Of(_chars.AsSpan(field.Start, field.Length));
        }
    }

    /// <summary>The row as it is in the file.</summary>
    public void CopyTo(RowCells cells)
    {
        foreach (var field in _fields) cells.Add(field.Text is { } text ? text : _chars.AsSpan(field.Start, field.Length));
    }

    /// <summary>True when nothing but blanks is there.</summary>
    public bool IsBlank(int index)
    {
        var field = _fields[index];
        return field.Text is { } text ? string.IsNullOrWhiteSpace(text) : _chars.AsSpan(field.Start, field.Length).IsWhiteSpace();
    }

    /// <summary>True for a line without anything.</summary>
    public bool IsEmptyLine => Fault == CsvRowFault.None && _fields.Count == 1 && IsBlank(0);

    /// <summary>Goes to the next row; false at the end.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _start = _next;
        Fault = CsvRowFault.None;
        while (true)
        {
            if (TryParse())
            {
                RowNumber++;
                return true;
            }

            if (_isEnd)
            {
                if (_start >= _end) return false;
                // Only an open quote leaves characters over at the end: its first line is lost, the lines behind it are rows again.
                return Resume(CsvRowFault.UnclosedQuote);
            }

            if (_end - _start > longestRow - Reserve)
            {
                if (_chars.AsSpan(_start, _end - _start).IndexOf('\n') >= 0) return Resume(CsvRowFault.UnclosedQuote);
                await SkipLineAsync(cancellationToken);
                RowNumber++;
                Fault = CsvRowFault.TooLong;
                return true;
            }

            await FillAsync(cancellationToken);
        }
    }

    private bool Resume(CsvRowFault fault)
    {
        _fields.Clear();
        var line = _chars.AsSpan(_start, _end - _start).IndexOf('\n');
        _next = line < 0 ? _end : _start + line + 1;
        Fault = fault;
        RowNumber++;
        return true;
    }

    private async ValueTask SkipLineAsync(CancellationToken cancellationToken)
    {
        _fields.Clear();
        while (true)
        {
            _start = _end = 0;
            await FillAsync(cancellationToken);
            var line = _chars.AsSpan(0, _end).IndexOf('\n');
            if (line >= 0 || _isEnd)
            {
                _next = line >= 0 ? line + 1 : _end;
                return;
            }
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            Array.Copy(_chars, _start, _chars, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }

        if (_chars.Length - _end < Reserve * 2) Array.Resize(ref _chars, Math.Min(_chars.Length * 2, longestRow));
        // A byte gives one character at most in every encoding that is read here; what the decoder kept back comes on top.
        var room = Math.Min(_bytes.Length, _chars.Length - _end - Reserve + 1);
        var read = await stream.ReadAsync(_bytes.AsMemory(0, room), cancellationToken);
        _isEnd = read == 0;
        _end += _decoder.GetChars(_bytes.AsSpan(0, read), _chars.AsSpan(_end), flush: _isEnd);
    }

    // False: the row does not end within what was read.
    private bool TryParse()
    {
        _fields.Clear();
        var position = _start;
        if (position >= _end) return false;

        while (true)
        {
            var isQuoted = position < _end && _chars[position] == Quote;
            var ended = isQuoted ? TryQuoted(position, out var field, out var stop) : TryPlain(position, out field, out stop);
            if (!ended) return false;

            _fields.Add(field);
            if (stop < _end && _chars[stop] == delimiter)
            {
                position = stop + 1;
                if (position < _end || _isEnd) continue;
                return false;
            }

            return TryEndRow(stop);
        }
    }

    private bool TryEndRow(int stop)
    {
        if (stop >= _end)
        {
            _next = _end;
            return true;
        }

        if (_chars[stop] == '\r')
        {
            if (stop + 1 >= _end && !_isEnd) return false;
            if (stop + 1 < _end && _chars[stop + 1] == '\n') stop++;
        }

        _next = stop + 1;
        return true;
    }

    private bool TryPlain(int position, out Field field, out int stop)
    {
        var found = _chars.AsSpan(position, _end - position).IndexOfAny(delimiter, '\n', '\r');
        stop = found < 0 ? _end : position + found;
        field = new Field(position, stop - position, null);
        return found >= 0 || _isEnd;
    }

    private bool TryQuoted(int position, out Field field, out int stop)
    {
        var from = position + 1;
        var isDoubled = false;
        for (var at = from; ; at += 2)
        {
            var found = _chars.AsSpan(at, _end - at).IndexOf(Quote);
            // A quote at the very end of what was read may be the first of two.
            if (found < 0 || (at + found + 1 >= _end && !_isEnd))
            {
                (field, stop) = (default, 0);
                return false;
            }

            at += found;
            if (at + 1 < _end && _chars[at + 1] == Quote)
            {
                isDoubled = true;
                continue;
            }

            field = new Field(from, at - from, isDoubled ? Undouble(from, at) : null);
            return TryTail(at + 1, ref field, out stop);
        }
    }

    // Text behind the closing quote ("5"" pipe" x) belongs to the value, as spreadsheets read it.
    private bool TryTail(int position, ref Field field, out int stop)
    {
        if (!TryPlain(position, out var tail, out stop)) return false;

        var text = _chars.AsSpan(tail.Start, tail.Length);
        if (!text.IsWhiteSpace()) field = field with { Text = string.Concat(field.Text ?? new string(_chars, field.Start, field.Length), text) };
        return true;
    }

    private string Undouble(int from, int to) => new string(_chars, from, to - from).Replace("\"\"", "\"", StringComparison.Ordinal);

    private readonly record struct Field(int Start, int Length, string? Text);
}
