using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;

namespace Broadcasts.Contacts.Import;

/// <summary>A column of a file that waits for its import.</summary>
/// <param name="Number">Its place, the first being 1.</param>
/// <param name="Header">Its name in the file.</param>
/// <param name="Samples">Some of its values.</param>
/// <param name="Word">What it seems to be, as a mapping writes it.</param>
/// <param name="Doubt">Why its name does not tell; null when it does.</param>
internal sealed record PreviewColumn(int Number, string Header, IReadOnlyList<string> Samples, string Word, ColumnDoubt? Doubt);

/// <summary>What a file that waits looks like.</summary>
internal sealed record ImportPreview
{
    public required IReadOnlyList<PreviewColumn> Columns { get; init; }

    /// <summary>Its encoding as it was found, or chosen; null for a workbook.</summary>
    public string? Encoding { get; init; }

    /// <summary>Its separator as it was found, or chosen; null for a workbook.</summary>
    public char? Delimiter { get; init; }

    /// <summary>The last import of a file with the same columns.</summary>
    public ImportDetails? Remembered { get; init; }

    /// <summary>What each column was in an import with the same columns, as far as that can be said again; what it seems to be for the rest.</summary>
    public string[] WordsOf(ImportDetails? import, IEnumerable<ContactField> fields)
    {
        var given = import is null ? new Dictionary<string, string>() : ImportStore.OptionsOf(import).Mapping;
        var known = fields.Select(f => "fields." + f.Slug).ToHashSet(StringComparer.Ordinal);
        return [.. Columns.Select(c => given.TryGetValue(ImportMapping.Number(c.Number), out var word) && (!word.StartsWith("fields.", StringComparison.Ordinal) || known.Contains(word)) ? word : c.Word)];
    }
}

/// <summary>Looks into files that wait for their import.</summary>
internal sealed class ImportPreviews(Database database, ImportUploads uploads, ImportStore imports)
{
    private const int RowsLookedAt = 100;
    private const int SamplesShown = 3;
    private const int LongestSample = 60;

    /// <summary>What it looks like; or why it can't be read.</summary>
    public async Task<(ImportPreview? Preview, Problem? Problem)> ReadAsync(ImportUpload upload, string? encoding = null, char? delimiter = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var content = uploads.Open(upload.File);
            await using var source = new ImportStream(content);
            var (csv, headers, problem) = await ImportFile.OpenWithHeadersAsync(source, encoding, delimiter, cancellationToken);
            if (csv is null) return (null, problem);

            var samples = await SamplesAsync(csv, headers.Count, cancellationToken);
            return (new ImportPreview
            {
                Columns = await ColumnsAsync(headers, samples, cancellationToken),
                Encoding = source.IsWorkbook ? null : csv.Encoding.WebName,
                Delimiter = source.IsWorkbook ? null : csv.Delimiter,
                Remembered = await imports.RememberedAsync(headers, cancellationToken),
            }, null);
        }
        catch (Exception e) when (e is not DbException && ImportService.Expected(e, database.Dialect) is { } reason)
        {
            return (null, reason);
        }
    }

    private async Task<PreviewColumn[]> ColumnsAsync(IReadOnlyList<string> headers, List<string>[] samples, CancellationToken cancellationToken)
    {
        var fields = await database.ReadAsync(connection => FieldStore.ListAsync(connection), cancellationToken);
        var guess = ImportMapping.Guess(headers, [.. fields]);
        var words = guess.Words(isMade: false);
        // More new fields than there may be: somebody has to say which of them are wanted.
        var isTooMany = fields.Count + guess.NewFields.Count() > FieldStore.Most;
        return [.. headers.Select((header, i) =>
        {
            var doubt = guess.Doubts.TryGetValue(i, out var found) ? found : (ColumnDoubt?)null;
            var word = words[ImportMapping.Number(i + 1)];
            return new PreviewColumn(i + 1, AddressNormalizer.Trim(header), samples[i], isTooMany && doubt is not null && ColumnWords.Read(word) is { NewType: not null } ? ColumnWords.Ignore : word, doubt);
        })];
    }

    private static async Task<List<string>[]> SamplesAsync(CsvReader csv, int columns, CancellationToken cancellationToken)
    {
        var samples = new List<string>[columns];
        for (var i = 0; i < columns; i++) samples[i] = [];
        for (var rows = 0; rows < RowsLookedAt && await csv.ReadAsync(cancellationToken); rows++)
        {
            for (var i = 0; i < Math.Min(columns, csv.FieldCount); i++)
            {
                if (samples[i].Count == SamplesShown || csv.IsBlank(i)) continue;
                var text = AddressNormalizer.Trim(csv[i]).Replace('\0', '\uFFFD');
                if (text.Length > LongestSample) text = text[..LongestSample] + "…";
                if (!samples[i].Contains(text)) samples[i].Add(text);
            }
        }

        return samples;
    }
}
