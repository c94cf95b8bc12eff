using System.Text;
using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts.Import;

/// <summary>A file that somebody gives: text of any encoding and delimiter, or a workbook.</summary>
internal static class ImportFile
{
    /// <summary>Its reader, at the first row that holds anything; or why there is none.</summary>
    public static async Task<(CsvReader? Csv, Problem? Problem)> OpenAsync(ImportStream source, string? encoding, char? delimiter, CancellationToken cancellationToken)
    {
        var head = await source.PeekAsync(CsvFormat.HeadLength, cancellationToken);
        if (head.IsEmpty) return (null, new Problem("file", "empty", "The file is empty."));
        if (CsvFormat.IsZip(head.Span)) return await OpenWorkbookAsync(source, cancellationToken);
        if (CsvFormat.BinaryKind(head.Span) is { } kind)
            return (null, new Problem("file", "notText", $"The file is {kind}, not delimited text. Export it as CSV and import that.", kind));

        var format = CsvFormat.Detect(head.Span, encoding is null ? null : CsvFormat.Named(encoding), delimiter);
        source.Skip(format.Skip);
        var csv = new CsvReader(source, format.Encoding, format.Delimiter);
        if (format.SkipsLine) await csv.ReadAsync(cancellationToken);
        return await BeginAsync(csv, cancellationToken);
    }

    /// <summary>Its reader behind the row that names the columns, and the names.</summary>
    public static async Task<(CsvReader? Csv, IReadOnlyList<string> Headers, Problem? Problem)> OpenWithHeadersAsync(ImportStream source, string? encoding, char? delimiter, CancellationToken cancellationToken)
    {
        var (csv, wrong) = await OpenAsync(source, encoding, delimiter, cancellationToken);
        if (csv is null) return (null, [], wrong);
        if (csv.Fault != CsvRowFault.None)
            return (null, [], new Problem("file", "headerUnreadable", $"Row {csv.RowNumber}, which names the columns, can't be read: it is longer than {CsvReader.LongestRow} characters or a quote is not closed.", $"{csv.RowNumber}"));
        return (csv, [.. Enumerable.Range(0, csv.FieldCount).Select(i => csv[i].Replace("\0", "", StringComparison.Ordinal))], null);
    }

    // An archive is read from its end, so all of it has to be here.
    private static async Task<(CsvReader? Csv, Problem? Problem)> OpenWorkbookAsync(ImportStream source, CancellationToken cancellationToken)
    {
        var file = await source.WholeAsync(cancellationToken);
        try
        {
            var sheet = XlsxStream.Open(file);
            source.Follow(sheet, () => sheet.Share);
            return await BeginAsync(new CsvReader(sheet, Encoding.UTF8, ','), cancellationToken);
        }
        catch (XlsxException e)
        {
            return (null, new Problem("file", "workbook", $"The file is an archive, but no Excel workbook that can be read: {e.Message} Save it as CSV and import that.", e.Message));
        }
    }

    private static async Task<(CsvReader? Csv, Problem? Problem)> BeginAsync(CsvReader csv, CancellationToken cancellationToken)
    {
        do
        {
            if (!await csv.ReadAsync(cancellationToken)) return (null, new Problem("file", "empty", "The file holds no text."));
        }
        while (csv.IsEmptyLine);
        return (csv, null);
    }
}
