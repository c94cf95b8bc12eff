using System.IO.Compression;
using System.Text;

namespace Broadcasts.Contacts;

/// <summary>A small Excel workbook, made by hand.</summary>
internal static class Workbook
{
    private const string Names = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";

    /// <param name="rows">What is in <c>sheetData</c>.</param>
    /// <param name="texts">Shared texts, each the inside of an <c>si</c>.</param>
    /// <param name="is1904">Days count from 1904.</param>
    /// <param name="more">Further parts.</param>
    public static byte[] Of(string rows, string[]? texts = null, bool is1904 = false, params (string Name, Action<Stream> Write)[] more)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("xl/workbook.xml", $"<workbook {Names}><workbookPr{(is1904 ? " date1904=\"1\"" : "")}/><sheets><sheet name=\"Hidden\" sheetId=\"1\" state=\"hidden\" r:id=\"rId1\"/><sheet name=\"People\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>");
            Add("xl/_rels/workbook.xml.rels", """
                <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
                <Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/>
                <Relationship Id="rId3" Type="http://x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId4" Type="http://x/styles" Target="styles.xml"/></Relationships>
                """);
            Add("xl/worksheets/sheet1.xml", $"<worksheet {Names}><sheetData><row><c t=\"inlineStr\"><is><t>hidden</t></is></c></row></sheetData></worksheet>");
            Add("xl/styles.xml", $"<styleSheet {Names}><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\"/><numFmt numFmtId=\"165\" formatCode=\"0.00&quot; days&quot;[Red]\"/></numFmts><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/><xf numFmtId=\"20\"/><xf numFmtId=\"22\"/><xf numFmtId=\"165\"/></cellXfs></styleSheet>");
            if (texts is not null) Add("xl/sharedStrings.xml", $"<sst {Names}>{string.Concat(texts.Select(t => $"<si>{t}</si>"))}</sst>");
            if (!more.Any(m => m.Name == "xl/worksheets/sheet2.xml")) Add("xl/worksheets/sheet2.xml", $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<worksheet {Names}><sheetData>{rows}</sheetData></worksheet>");
            foreach (var (name, write) in more)
            {
                using var part = zip.CreateEntry(name).Open();
                write(part);
            }

            void Add(string name, string text)
            {
                using var part = zip.CreateEntry(name).Open();
                part.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return bytes.ToArray();
    }

    /// <summary>A row of inline texts.</summary>
    public static string Row(params string[] cells) => $"<row>{string.Concat(cells.Select(c => $"<c t=\"inlineStr\"><is><t>{c}</t></is></c>"))}</row>";
}
