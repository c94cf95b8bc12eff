using System.Globalization;
using System.Text;
using System.Xml;

namespace Broadcasts.Contacts.Import;

/// <summary>
/// A workbook's first visible sheet as comma-delimited UTF-8, made while it is read, so that everything behind it is the same as for a text file. Rows
/// that the sheet leaves out are empty lines: a row's number is the one that the spreadsheet shows.
/// </summary>
internal sealed class XlsxStream : Stream
{
    private const int MostRows = 1_048_576;
    private const int MostColumns = 16_384;
    private const int WrittenAtOnce = 1 << 15;

    private readonly Stream _file;
    private readonly XlsxWorkbook _workbook;
    private readonly XmlReader _reader;
    private readonly LimitedStream _source;
    private readonly List<string> _cells = [];
    private readonly StringBuilder _lines = new();
    private byte[] _bytes = [];
    private int _position;
    private int _length;
    private int _row;
    private bool _isEnd;

    private XlsxStream(Stream file, XlsxWorkbook workbook)
    {
        (_file, _workbook) = (file, workbook);
        (_reader, _source) = workbook.OpenSheet();
    }

    /// <summary>How much of the sheet was read, from 0 to 1.</summary>
    public double Share => _source.Share;

    /// <summary>Takes the file, which can be read at any place.</summary>
    /// <exception cref="XlsxException">It is no workbook that can be read.</exception>
    public static XlsxStream Open(Stream file)
    {
        var workbook = XlsxWorkbook.Open(file);
        try
        {
            return new XlsxStream(file, workbook);
        }
        catch (Exception e) when (e is XlsxException or InvalidDataException or XmlException)
        {
            workbook.Dispose();
            throw e as XlsxException ?? new XlsxException(e.Message, e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_position == _length && !Fill()) return 0;
        var read = Math.Min(count, _length - _position);
        _bytes.AsSpan(_position, read).CopyTo(buffer.AsSpan(offset));
        _position += read;
        return read;
    }

    // The file is on this machine: what takes time is the unpacking, and that is no waiting.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_position == _length && !Fill()) return ValueTask.FromResult(0);
        var read = Math.Min(buffer.Length, _length - _position);
        _bytes.AsSpan(_position, read).CopyTo(buffer.Span);
        _position += read;
        return ValueTask.FromResult(read);
    }

    private bool Fill()
    {
        try
        {
            while (_lines.Length < WrittenAtOnce && !_isEnd) _isEnd = !WriteRow();
        }
        catch (Exception e) when (e is XmlException or InvalidDataException or FormatException)
        {
            throw new XlsxException($"The workbook is broken: {e.Message}", e);
        }

        if (_lines.Length == 0) return false;
        _bytes = Encoding.UTF8.GetBytes(_lines.ToString());
        (_position, _length) = (0, _bytes.Length);
        _lines.Clear();
        return true;
    }

    private bool WriteRow()
    {
        while (Next())
        {
            if (_reader is not { NodeType: XmlNodeType.Element, LocalName: "row" }) continue;
            var number = int.TryParse(_reader.GetAttribute("r"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) && given > _row ? given : _row + 1;
            if (number > MostRows) throw new XlsxException($"The sheet has more than {MostRows} rows.");
            _lines.Append('\n', number - _row - 1);
            _row = number;
            _cells.Clear();
            if (!_reader.IsEmptyElement) ReadCells();
            for (var i = 0; i < _cells.Count; i++)
            {
                if (i > 0) _lines.Append(',');
                if (_cells[i].Length > 0) _lines.Append('"').Append(_cells[i].Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
            }

            _lines.Append('\n');
            return true;
        }

        return false;
    }

    private void ReadCells()
    {
        var column = -1;
        long characters = 0;
        while (Next() && _reader is not { NodeType: XmlNodeType.EndElement, LocalName: "row" })
        {
            if (_reader is not { NodeType: XmlNodeType.Element, LocalName: "c" }) continue;
            column = _reader.GetAttribute("r") is { } place && ColumnOf(place) is var named && named > column ? named : column + 1;
            if (column >= MostColumns) throw new XlsxException($"The sheet has more than {MostColumns} columns.");
            var type = _reader.GetAttribute("t");
            var style = int.TryParse(_reader.GetAttribute("s"), NumberStyles.None, CultureInfo.InvariantCulture, out var s) ? s : -1;
            if (_reader.IsEmptyElement) continue;
            var text = Value(type, style, ReadCell());
            // Cells that are only coloured do not make a row longer.
            if (text.Length == 0) continue;
            characters += text.Length;
            if (characters > CsvReader.LongestRow) throw new XlsxException($"Row {_row} is longer than any row may be.");
            while (_cells.Count < column) _cells.Add("");
            _cells.Add(text);
        }
    }

    private string ReadCell()
    {
        var text = "";
        var isValue = false;
        while (Next() && _reader is not { NodeType: XmlNodeType.EndElement, LocalName: "c" })
        {
            if (_reader.NodeType == XmlNodeType.Element) isValue = _reader.LocalName is "v" or "t";
            else if (_reader.NodeType == XmlNodeType.EndElement) isValue = false;
            else if (isValue) text += _reader.Value;
            if (text.Length > CsvReader.LongestRow) throw new XlsxException($"A cell of row {_row} is longer than any row may be.");
        }

        return text;
    }

    private string Value(string? type, int style, string text) => type switch
    {
        "s" => text.Length == 0 ? "" : _workbook.Text(int.Parse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture)),
        "b" => text == "1" ? "true" : text == "0" ? "false" : text,
        null or "n" => Number(text, style),
        _ => text,
    };

    private string Number(string text, int style)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return text;
        if (_workbook.IsDate(style) && Date(number) is { } date) return date;
        // With an exponent its last digits may be lost. As it stands a column of telephone numbers refuses it and says why.
        var size = Math.Abs(number);
        if (size >= 1e6 && text.Contains('E', StringComparison.OrdinalIgnoreCase)) return text;
        if (size >= 1e15) return number.ToString("0.##############E+0", CultureInfo.InvariantCulture);
        return size is > 0 and < 1e-5 ? text : number.ToString("0.###############", CultureInfo.InvariantCulture);
    }

    private string? Date(double number)
    {
        if (_workbook.Is1904) number += 1_462;
        if (number is < 0 or >= 2_958_466) return null;
        // Excel counts a 29 February 1900 that never was.
        var at = DateTime.UnixEpoch.AddDays(-25_569 + (number is >= 1 and < 60 ? 1 : 0)).AddSeconds(Math.Round(number * 86_400));
        var time = at.TimeOfDay == TimeSpan.Zero ? "" : at.Second == 0 ? "HH:mm" : "HH:mm:ss";
        if (number < 1) return at.ToString(time.Length == 0 ? "HH:mm" : time, CultureInfo.InvariantCulture);
        return at.ToString(time.Length == 0 ? "yyyy-MM-dd" : $"yyyy-MM-dd {time}", CultureInfo.InvariantCulture);
    }

    private static int ColumnOf(string place)
    {
        var column = 0;
        foreach (var c in place)
        {
            if (c is < 'A' or > 'Z' || column > MostColumns) break;
            column = column * 26 + (c - 'A' + 1);
        }

        return column - 1;
    }

    private bool Next()
    {
        var hasMore = _reader.Read();
        _source.NextNode(_reader.Depth);
        return hasMore;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _reader.Dispose();
            _workbook.Dispose();
            _file.Dispose();
        }

        base.Dispose(disposing);
    }
}
