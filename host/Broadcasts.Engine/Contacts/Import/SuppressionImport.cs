using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Contacts.Import;

/// <summary>How a list of addresses is to be read.</summary>
internal sealed record SuppressionListOptions
{
    public const int LongestName = 200;

    /// <summary>The file's name: where its entries came from.</summary>
    public required string Name { get; init; }

    /// <summary>Who imports.</summary>
    public required string Actor { get; init; }

    public required AddressKind Kind { get; init; }

    /// <summary>The channel on which these addresses get nothing; 0 for all.</summary>
    public long ChannelId { get; init; }

    /// <summary>ISO code of the country whose national telephone numbers are meant.</summary>
    public string? Country { get; init; }
}

/// <summary>A line of a list that was not taken.</summary>
internal sealed record SuppressionListError(long Line, string? Value, string Code, string Reason);

/// <summary>What became of a list: its lines = added + already + invalid.</summary>
internal sealed record SuppressionListResult
{
    public long Added { get; init; }

    /// <summary>On the list before, or more than once in the file.</summary>
    public long Already { get; init; }

    public long Invalid { get; init; }

    /// <summary>The first of the invalid ones.</summary>
    public IReadOnlyList<SuppressionListError> Errors { get; init; } = [];

    /// <summary>Why it ended before the end of the file; what was counted is on the list.</summary>
    public Problem? Error { get; init; }
}

/// <summary>Brings a list of addresses onto the suppression list while it is read: one address per line, or the address column of delimited text.</summary>
internal sealed class SuppressionImport(Database database, SuppressionStore suppressions, AuditStore audit)
{
    public const int MostErrors = 100;

    private const int AddressesPerBatch = 500;
    private const int MostAtOnce = 2;

    // Names of the columns of an export of the list, and of the address where the kind's own name does not say it.
    private static readonly string[] AddressNames = ["address", "addresses", "value", "direccion", "direcciones"];

    private const string KindName = "kind";

    private int _running;

    public async Task<SuppressionListResult> RunAsync(Stream content, SuppressionListOptions options, CancellationToken cancellationToken = default)
    {
        try
        {
            if (Interlocked.Increment(ref _running) > MostAtOnce) return Refused(new Problem("", "tooManyLists", "Two lists are being imported. Send this one again when one of them is done."));
            if (options.Country is { } country && !PhoneAddress.IsCountry(country))
                return Refused(new Problem("country", "unknownCountry", $"'{country}' is no country code. Write two letters such as ES.", country));
            if (await database.ReadAsync(c => SuppressionStore.ChannelFaultAsync(c, null, options.Kind, options.ChannelId), cancellationToken) is { } fault) return Refused(fault);
            await using var source = new ImportStream(content);
            var (csv, problem) = await ImportFile.OpenAsync(source, null, null, cancellationToken);
            return csv is null ? Refused(problem!) : await ReadAsync(csv, options, cancellationToken);
        }
        catch (Exception e) when (ImportService.Expected(e, database.Dialect) is { } reason)
        {
            return Refused(reason);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private static SuppressionListResult Refused(Problem problem) => new() { Error = problem };

    private async Task<SuppressionListResult> ReadAsync(CsvReader csv, SuppressionListOptions options, CancellationToken cancellationToken)
    {
        var run = new Run(database, suppressions, options);
        Problem? error = null;
        var isWhole = false;
        // Before the first of them: whoever brings a list in is on record, also when the process dies here.
        await audit.AppendAsync(options.Actor, "suppressions.import", "suppressions", run.Asked, cancellationToken);
        try
        {
            await run.ReadAsync(csv, cancellationToken);
            isWhole = true;
        }
        catch (Exception e) when (ImportService.Expected(e, database.Dialect) is { } reason)
        {
            error = reason;
        }
        finally
        {
            var counts = string.Create(CultureInfo.InvariantCulture, $"{run.Added} added, {run.Already} already there, {run.Invalid} invalid{(isWhole ? "" : ", broken off")}; {run.Asked}");
            await audit.AppendAsync(options.Actor, "suppressions.imported", "suppressions", counts, CancellationToken.None);
        }

        return new SuppressionListResult { Added = run.Added, Already = run.Already, Invalid = run.Invalid, Errors = run.Errors, Error = error };
    }

    /// <summary>One list from its first line to its last.</summary>
    private sealed class Run(Database database, SuppressionStore suppressions, SuppressionListOptions options)
    {
        private readonly List<string> _batch = new(AddressesPerBatch);
        private readonly string _source = "list:" + Name(options.Name);
        private int _column;
        private int _kindColumn = -1;

        public long Added { get; private set; }

        public long Already { get; private set; }

        public long Invalid { get; private set; }

        public List<SuppressionListError> Errors { get; } = [];

        /// <summary>In words, for the audit.</summary>
        public string Asked => string.Create(CultureInfo.InvariantCulture, $"{options.Kind.Name()}, {_source}, {(options.ChannelId == 0 ? "all channels" : $"channel:{options.ChannelId}")}");

        public async Task ReadAsync(CsvReader csv, CancellationToken cancellationToken)
        {
            var isLine = !TryHeader(csv);
            do
            {
                if (isLine && !csv.IsEmptyLine) Take(csv);
                isLine = true;
                if (_batch.Count == AddressesPerBatch) await WriteAsync(cancellationToken);
            }
            while (await csv.ReadAsync(cancellationToken));
            if (_batch.Count > 0) await WriteAsync(cancellationToken);
        }

        // A first line whose first value is a name that columns have. Anything else is a line of the list, and said when it is no address.
        private bool TryHeader(CsvReader csv)
        {
            if (csv.FieldCount == 0 || !IsName(csv[0])) return false;
            var names = Enumerable.Range(0, csv.FieldCount).Select(i => csv[i]).ToList();
            var own = names.FindIndex(n => HeaderNames.Find(n) is { Kind: ColumnKind.Address } target && target.Address == options.Kind);
            _column = own >= 0 ? own : Math.Max(0, names.FindIndex(n => AddressNames.Contains(HeaderNames.Fold(n))));
            _kindColumn = names.FindIndex(n => HeaderNames.Fold(n) == KindName);
            return true;
        }

        private static bool IsName(string text) => HeaderNames.Find(text) is not null || HeaderNames.Fold(text) is KindName || AddressNames.Contains(HeaderNames.Fold(text));

        private void Take(CsvReader csv)
        {
            var text = _column < csv.FieldCount ? CsvText.Unguard(AddressNormalizer.Trim(csv[_column])) : "";
            if (Fault(csv) is { } fault) Refuse(csv, text, fault);
            else if (AddressNormalizer.TryNormalize(options.Kind, text, options.Country, out var value, out var refusal)) _batch.Add(value);
            else Refuse(csv, text, refusal);
        }

        private ValueRefusal? Fault(CsvReader csv) => csv.Fault switch
        {
            CsvRowFault.TooLong => new ValueRefusal("rowTooLong", $"The row is longer than {CsvReader.LongestRow} characters."),
            CsvRowFault.UnclosedQuote => new ValueRefusal("unclosedQuote", "A quote is opened in this row and not closed."),
            _ when _kindColumn >= 0 && _kindColumn < csv.FieldCount && AddressKindNames.Parse(AddressNormalizer.Trim(csv[_kindColumn])) is { } kind && kind != options.Kind =>
                new ValueRefusal("otherAddressKind", "The row says that it is another kind of address."),
            _ => null,
        };

        private void Refuse(CsvReader csv, string text, ValueRefusal refusal)
        {
            Invalid++;
            if (Errors.Count < MostErrors) Errors.Add(new SuppressionListError(csv.RowNumber, RowError.Shorten(text), refusal.Code, refusal.Message));
        }

        private async Task WriteAsync(CancellationToken cancellationToken)
        {
            var added = await database.WriteAsync(t => suppressions.AddAsync(t, options.Kind, _batch, SuppressionReason.Imported, _source, options.ChannelId), cancellationToken);
            Added += added;
            Already += _batch.Count - added;
            _batch.Clear();
        }

        private static string Name(string name)
        {
            var text = AddressNormalizer.Trim(name).Replace("\0", "", StringComparison.Ordinal);
            return text.Length > SuppressionListOptions.LongestName ? text[..SuppressionListOptions.LongestName] : text;
        }
    }
}
