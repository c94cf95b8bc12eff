using System.Globalization;
using System.Text;

namespace Broadcasts.Contacts.Import;

/// <summary>What was wrong in a file, as a file.</summary>
internal sealed class ImportErrorsCsv(ImportStore imports)
{
    private const int RowsPerRead = 1_000;

    /// <summary>Writes row, column, value and reason of every invalid row.</summary>
    public async Task WriteAsync(long importId, TextWriter output, CancellationToken cancellationToken = default)
    {
        var lines = new StringBuilder("row,column,value,reason\r\n");
        for (long after = 0; ;)
        {
            var errors = await imports.ErrorsAsync(importId, after, RowsPerRead, cancellationToken);
            foreach (var error in errors)
            {
                lines.Append(CultureInfo.InvariantCulture, $"{error.RowNumber},");
                CsvText.Append(lines, error.Field);
                lines.Append(',');
                CsvText.Append(lines, error.Value);
                lines.Append(',');
                CsvText.Append(lines, error.Reason);
                lines.Append("\r\n");
            }

            await output.WriteAsync(lines, cancellationToken);
            lines.Clear();
            if (errors.Count < RowsPerRead) return;
            after = errors[^1].RowNumber;
        }
    }

    /// <summary>
    /// Writes the rows that were not taken as they were, the reason before each: mended, the file imports, and what begins with "broadcasts." is left out.
    /// A row that could not be read at all stands in the other file alone.
    /// </summary>
    public async Task WriteRowsAsync(ImportDetails import, TextWriter output, CancellationToken cancellationToken = default)
    {
        // Reasons first: a row with more cells than the header has names keeps them behind its own.
        var lines = new StringBuilder(ImportMapping.Ours + "row," + ImportMapping.Ours + "column," + ImportMapping.Ours + "reason");
        Append(lines, import.Headers is { } headers ? RowCells.Read(headers) : []);
        for (long after = 0; ;)
        {
            var errors = await imports.ErrorsAsync(import.Id, after, RowsPerRead, cancellationToken);
            foreach (var error in errors)
            {
                if (error.Cells is null) continue;
                lines.Append(CultureInfo.InvariantCulture, $"{error.RowNumber},");
                CsvText.Append(lines, error.Field);
                lines.Append(',');
                CsvText.Append(lines, error.Reason);
                Append(lines, RowCells.Read(error.Cells));
            }

            await output.WriteAsync(lines, cancellationToken);
            lines.Clear();
            if (errors.Count < RowsPerRead) return;
            after = errors[^1].RowNumber;
        }
    }

    private static void Append(StringBuilder lines, string[] cells)
    {
        foreach (var cell in cells)
        {
            lines.Append(',');
            CsvText.Append(lines, cell);
        }

        lines.Append("\r\n");
    }
}
