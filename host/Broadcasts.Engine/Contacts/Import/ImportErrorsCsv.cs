using System.Globalization;

namespace Broadcasts.Contacts.Import;

/// <summary>What was wrong in a file, as a file.</summary>
internal sealed class ImportErrorsCsv(ImportStore imports)
{
    private const int RowsPerRead = 1_000;

    /// <summary>Writes row, column, value and reason of every invalid row.</summary>
    public async Task WriteAsync(long importId, TextWriter output, CancellationToken cancellationToken = default)
    {
        await output.WriteAsync("row,column,value,reason\r\n");
        for (long after = 0; ;)
        {
            var errors = await imports.ErrorsAsync(importId, after, RowsPerRead, cancellationToken);
            foreach (var error in errors)
                await output.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{error.RowNumber},{Cell(error.Field)},{Cell(error.Value)},{Cell(error.Reason)}\r\n"));
            if (errors.Count < RowsPerRead) return;
            after = errors[^1].RowNumber;
        }
    }

    // The values come from strangers: one that a spreadsheet would run as a formula gets an apostrophe before it.
    private static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text)) return "";
        if (text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : text;
    }
}
