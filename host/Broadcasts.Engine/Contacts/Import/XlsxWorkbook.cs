using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace Broadcasts.Contacts.Import;

/// <summary>The workbook is broken, or larger than any that people make.</summary>
internal sealed class XlsxException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>The parts of a workbook that its first visible sheet needs: shared texts and which styles are dates. The sheet itself is read as a stream.</summary>
/// <remarks>Our own, because a hostile archive must cost nothing: what is unpacked, what one element holds and what is kept are each limited.</remarks>
internal sealed class XlsxWorkbook : IDisposable
{
    private const long LeastUnpacked = 64L << 20;
    private const long MostUnpacked = 8L << 30;
    private const int MostRatio = 200;
    private const long MostTexts = 256L << 20;
    private const int ChunkLength = 1 << 20;
    private const int MostParts = 10_000;

    private static readonly XmlReaderSettings Settings = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreProcessingInstructions = true };

    private readonly ZipArchive _archive;
    private readonly List<byte[]> _chunks = [];
    private readonly List<(int Chunk, int Start, int Length)> _texts = [];
    private readonly List<bool> _dateStyles = [];
    private string _sheet = "";
    private long _left;
    private int _used = ChunkLength;
    private long _kept;

    private XlsxWorkbook(Stream file)
    {
        _left = Math.Min(MostUnpacked, Math.Max(LeastUnpacked, file.Length * MostRatio));
        _archive = new ZipArchive(file, ZipArchiveMode.Read);
    }

    /// <summary>Days count from 1904.</summary>
    public bool Is1904 { get; private set; }

    /// <exception cref="XlsxException">It is no workbook that can be read.</exception>
    public static XlsxWorkbook Open(Stream file)
    {
        XlsxWorkbook? workbook = null;
        try
        {
            workbook = new XlsxWorkbook(file);
            workbook.Load();
            return workbook;
        }
        catch (Exception e) when (e is InvalidDataException or XmlException or XlsxException or FormatException or NotSupportedException)
        {
            workbook?.Dispose();
            throw e as XlsxException ?? new XlsxException(e.Message, e);
        }
    }

    public (XmlReader Reader, LimitedStream Source) OpenSheet() => OpenPart(_sheet) ?? throw new XlsxException("Its sheet is missing.");

    public string Text(int index)
    {
        if (index < 0 || index >= _texts.Count) throw new XlsxException("A cell names a text that does not exist.");
        var (chunk, start, length) = _texts[index];
        return Encoding.UTF8.GetString(_chunks[chunk], start, length);
    }

    public bool IsDate(int style) => style >= 0 && style < _dateStyles.Count && _dateStyles[style];

    public void Dispose() => _archive.Dispose();

    private void Load()
    {
        if (_archive.Entries.Count > MostParts) throw new XlsxException($"It has more than {MostParts} parts.");
        var (sheets, relations) = (new List<(string Id, bool IsHidden)>(), Relations());
        Read("xl/workbook.xml", reader =>
        {
            if (reader.LocalName == "workbookPr") Is1904 = reader.GetAttribute("date1904") is "1" or "true";
            if (reader.LocalName == "sheet") sheets.Add((reader.GetAttribute("id", "http://schemas.openxmlformats.org/officeDocument/2006/relationships") ?? reader.GetAttribute("id", "http://purl.oclc.org/ooxml/officeDocument/relationships") ?? "", reader.GetAttribute("state") is "hidden" or "veryHidden"));
        });
        if (sheets.Count == 0) throw new XlsxException("It has no sheet.");
        var first = sheets.FirstOrDefault(s => !s.IsHidden, sheets[0]);
        _sheet = relations.GetValueOrDefault(first.Id).Target ?? throw new XlsxException("Its first sheet can't be found.");
        if (relations.Values.FirstOrDefault(r => r.Type.EndsWith("/styles", StringComparison.Ordinal)).Target is { } styles) ReadStyles(styles);
        if (relations.Values.FirstOrDefault(r => r.Type.EndsWith("/sharedStrings", StringComparison.Ordinal)).Target is { } texts) ReadTexts(texts);
    }

    private Dictionary<string, (string Type, string Target)> Relations()
    {
        var relations = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        Read("xl/_rels/workbook.xml.rels", reader =>
        {
            if (reader.LocalName != "Relationship" || reader.GetAttribute("Id") is not { } id || reader.GetAttribute("Target") is not { } target) return;
            relations[id] = (reader.GetAttribute("Type") ?? "", target.StartsWith('/') ? target[1..] : "xl/" + target);
        });
        return relations;
    }

    private void ReadStyles(string part)
    {
        var dates = new HashSet<int>([14, 15, 16, 17, 18, 19, 20, 21, 22, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 45, 46, 47, 50, 51, 52, 53, 54, 55, 56, 57, 58]);
        var isCell = false;
        Read(part, reader =>
        {
            if (reader.LocalName == "numFmt" && IsDateFormat(reader.GetAttribute("formatCode") ?? "") && Number(reader, "numFmtId") is { } id) dates.Add(id);
            else if (reader.LocalName is "cellXfs" or "cellStyleXfs" or "cellStyles") isCell = reader.LocalName == "cellXfs";
            else if (reader.LocalName == "xf" && isCell && _dateStyles.Count < ushort.MaxValue) _dateStyles.Add(dates.Contains(Number(reader, "numFmtId") ?? 0));
        });
    }

    // A format with day, month, year, hour or second outside of quotes, brackets and escapes.
    private static bool IsDateFormat(string format)
    {
        var end = '\0';
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (end != '\0') end = c == end ? '\0' : end;
            else if (c is '"' or '[') end = c == '"' ? '"' : ']';
            else if (c is '\\' or '_' or '*') i++;
            else if (char.ToLowerInvariant(c) is 'd' or 'm' or 'y' or 'h' or 's') return true;
        }

        return false;
    }

    private void ReadTexts(string part)
    {
        if (OpenPart(part) is not var (reader, source)) return;
        using (reader)
        {
            var text = new StringBuilder();
            var isSpoken = false;
            while (reader.Read())
            {
                source.NextNode(reader.Depth);
                // How a name is spoken, in Japanese files: not a part of the text.
                if (reader.LocalName == "rPh") isSpoken = reader is { NodeType: XmlNodeType.Element, IsEmptyElement: false };
                if (reader is { NodeType: XmlNodeType.Element, LocalName: "si", IsEmptyElement: true }) Keep("");
                else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.SignificantWhitespace or XmlNodeType.CDATA) text.Append(isSpoken ? "" : reader.Value);
                else if (reader is { NodeType: XmlNodeType.Element, LocalName: "si" }) text.Clear();
                else if (reader is { NodeType: XmlNodeType.EndElement, LocalName: "si" })
                {
                    Keep(text.ToString());
                    text.Clear();
                }

                if (text.Length > CsvReader.LongestRow) throw new XlsxException("A text in it is longer than any cell may be.");
            }
        }
    }

    private void Keep(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        _kept += length + 12;
        if (_kept > MostTexts) throw new XlsxException($"Its texts need more than {MostTexts >> 20} MB. Save it as CSV and import that.");
        if (_used + length > ChunkLength || _chunks.Count == 0)
        {
            _chunks.Add(new byte[Math.Max(ChunkLength, length)]);
            _used = 0;
        }

        Encoding.UTF8.GetBytes(text, _chunks[^1].AsSpan(_used));
        _texts.Add((_chunks.Count - 1, _used, length));
        _used += length;
    }

    private void Read(string part, Action<XmlReader> element)
    {
        if (OpenPart(part) is not var (reader, source)) throw new XlsxException($"It has no part '{part}'.");
        using (reader)
        {
            while (reader.Read())
            {
                source.NextNode(reader.Depth);
                if (reader.NodeType == XmlNodeType.Element) element(reader);
            }
        }
    }

    private (XmlReader Reader, LimitedStream Source)? OpenPart(string name)
    {
        if (_archive.Entries.FirstOrDefault(e => e.FullName.Equals(name, StringComparison.OrdinalIgnoreCase)) is not { } entry) return null;
        var source = new LimitedStream(entry.Open(), entry.Length, () => _left, read => _left -= read);
        return (XmlReader.Create(source, Settings), source);
    }

    private static int? Number(XmlReader reader, string attribute) =>
        int.TryParse(reader.GetAttribute(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Unpacks no more than is left for the whole workbook, and not much for one element.</summary>
internal sealed class LimitedStream(Stream inner, long length, Func<long> left, Action<int> take) : Stream
{
    private const long MostPerNode = 16L << 20;
    private const int MostDepth = 64;

    private long _node;
    private long _read;

    /// <summary>How much was read, from 0 to 1, if the archive tells its own lengths rightly.</summary>
    public double Share => length <= 0 ? 1 : Math.Min(1, (double)_read / length);

    /// <summary>The reader is at its next node.</summary>
    public void NextNode(int depth)
    {
        _node = 0;
        if (depth > MostDepth) throw new XlsxException("Its elements are nested deeper than any workbook's.");
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = inner.Read(buffer, offset, count);
        take(read);
        _read += read;
        _node += read;
        if (left() < 0 || _node > MostPerNode) throw new XlsxException("It unpacks to far more than it holds: it is not a workbook that a person made.");
        return read;
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
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
