using System.Data.Common;
using System.Text;
using System.Threading.Channels;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Import;

/// <summary>Brings a delimited file in, in bounded memory: one task reads and checks rows, the other writes them in transactions of some thousand.</summary>
internal sealed partial class ImportService(Database database, TimeProvider time, TagStore tags, ImportStore imports, ILogger<ImportService> log)
{
    private const int RowsPerBatch = 5_000;
    private const int CharactersPerBatch = 8 << 20;
    private const int MostTries = 5;
    private const int LongestSource = 200;

    /// <summary>Marks imports that a dead process left behind. Call once at start.</summary>
    public Task MarkInterruptedAsync(CancellationToken cancellationToken = default) => imports.MarkInterruptedAsync(cancellationToken);

    /// <summary>
    /// Imports the file. A fault of the file as a whole (no address column, empty, no text) fails before anything is written; a fault of a row costs
    /// that row; whatever ends the import in the middle leaves the rows that were counted, and the same file again brings the rest.
    /// </summary>
    public async Task<ImportResult> RunAsync(Stream content, ImportOptions options, IProgress<ImportProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        await using var source = new ImportStream(content);
        long id = 0;
        try
        {
            if (Check(options) is { } wrong) return Refused(wrong);
            var (csv, mapping, problem) = await OpenAsync(source, options, cancellationToken);
            if (mapping is null) return Refused(problem!);

            id = await BeginAsync(mapping, options, cancellationToken);
            await using var alive = await ImportLock.TryTakeAsync(database, id, cancellationToken);
            var run = new Run(this, id, source, options, progress);
            try
            {
                await run.ReadAndWriteAsync(csv!, mapping, cancellationToken);
                return await FinishAsync(run, ImportStatus.Completed, null);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return await FinishAsync(run, ImportStatus.Cancelled, null);
            }
            catch (Exception e) when (Expected(e, Dialect) is { } reason)
            {
                return await FinishAsync(run, ImportStatus.Failed, reason);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new ImportResult { Id = id, Status = ImportStatus.Cancelled };
        }
        catch (Exception e) when (Expected(e, Dialect) is { } reason)
        {
            return Refused(reason);
        }
    }

    private static ImportResult Refused(Problem problem) => new() { Status = ImportStatus.Failed, Error = problem };

    private static Problem? Check(ImportOptions options)
    {
        if (options.DefaultCountry is { } country && !PhoneAddress.IsCountry(country))
            return new Problem("defaultCountry", "unknownCountry", $"'{country}' is no country code. Write two letters such as ES.", country);
        if (options.Encoding is { } encoding && CsvFormat.Named(encoding) is null)
            return new Problem("encoding", "unknownEncoding", $"'{encoding}' is no known encoding. Write one such as utf-8 or windows-1252.", encoding);
        if (options.ConsentSource is { Length: > LongestSource } source)
            return new Problem("consentSource", "tooLong", $"Where people agreed is said in at most {LongestSource} characters; this has {source.Length}.", $"{LongestSource}");
        return options.Tags.Select((tag, i) => TagStore.Check(tag, $"tags[{i}]")).FirstOrDefault(p => p is not null);
    }

    private async Task<(CsvReader? Csv, ImportMapping? Mapping, Problem? Problem)> OpenAsync(ImportStream source, ImportOptions options, CancellationToken cancellationToken)
    {
        var (csv, wrong) = await ImportFile.OpenAsync(source, options.Encoding, options.Delimiter, cancellationToken);
        if (csv is null) return (null, null, wrong);
        if (csv.Fault != CsvRowFault.None)
            return (null, null, new Problem("file", "headerUnreadable", $"Row {csv.RowNumber}, which names the columns, can't be read: it is longer than {CsvReader.LongestRow} characters or a quote is not closed.", $"{csv.RowNumber}"));

        var headers = Enumerable.Range(0, csv.FieldCount).Select(i => csv[i].Replace("\0", "", StringComparison.Ordinal)).ToArray();
        var fields = await database.ReadAsync(connection => FieldStore.ListAsync(connection), cancellationToken);
        var mapping = ImportMapping.Create(headers, options, [.. fields], out var problem);
        return (csv, mapping, problem);
    }

    private Task<long> BeginAsync(ImportMapping mapping, ImportOptions options, CancellationToken cancellationToken) => database.WriteAsync(async transaction =>
    {
        foreach (var field in options.IsTrial ? [] : mapping.NewFields) await FieldStore.InsertAsync(transaction, field.Slug, field.Name, field.Type, field.Options, Now);
        return await imports.InsertAsync(transaction, options, mapping.Headers);
    }, cancellationToken);

    private async Task<ImportResult> FinishAsync(Run run, ImportStatus status, Problem? error)
    {
        var sha256 = status == ImportStatus.Completed ? run.Hash() : null;
        try
        {
            await imports.FinishAsync(run.Progress.Id, status, error, sha256);
        }
        catch (DbException e) when (status == ImportStatus.Failed)
        {
            // The disk that ended the import takes this row no more than the others; the next start finds it and marks it Interrupted.
            NotRecorded(log, e, run.Progress.Id);
        }

        if (error is null) Ended(log, run.Progress.Id, status, run.Progress.Rows, run.Progress.Invalid);
        else EndedEarly(log, run.Progress.Id, status, run.Progress.Rows, run.Progress.Invalid, error.Message);
        return new ImportResult
        {
            Id = run.Progress.Id,
            Status = status,
            Created = run.Progress.Created,
            Updated = run.Progress.Updated,
            Unchanged = run.Progress.Unchanged,
            Duplicate = run.Progress.Duplicate,
            Invalid = run.Progress.Invalid,
            Error = error,
            Sha256 = sha256,
        };
    }

    // What the outside world does to an import; anything else is a bug and goes up.
    internal static Problem? Expected(Exception exception, SqlDialect dialect) => exception switch
    {
        DbException e when dialect.IsDiskFull(e) => new Problem("", "diskFull", "The disk of the database is full. What was counted is in; make room and import the same file again for the rest."),
        DbException e => new Problem("", "database", $"The database refused: {e.Message} What was counted is in; import the same file again for the rest.", e.Message),
        IOException e => new Problem("file", "unreadable", $"The file can't be read any further: {e.Message} What was counted is in; import the same file again for the rest.", e.Message),
        DecoderFallbackException => new Problem("file", "encoding", "The file holds bytes that are no text in its encoding. Save it as UTF-8 and import that."),
        _ => null,
    };

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>One import from its first row to its last.</summary>
    private sealed class Run(ImportService service, long id, ImportStream source, ImportOptions options, IProgress<ImportProgress>? report)
    {
        private readonly BatchTrial? _trial = options.IsTrial ? new BatchTrial() : null;

        public ImportProgress Progress { get; private set; } = new(id, 0, options.TotalBytes, 0, 0, 0, 0, 0);

        public string Hash() => source.Hash();

        public async Task ReadAndWriteAsync(CsvReader csv, ImportMapping mapping, CancellationToken cancellationToken)
        {
            report?.Report(Progress);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            // Two batches wait at most: memory stays flat however fast the file is read.
            var batches = Channel.CreateBounded<Batch>(new BoundedChannelOptions(2) { SingleReader = true, SingleWriter = true });
            var reading = Task.Run(() => ReadAsync(csv, new ImportRowReader(mapping, options), batches.Writer, stop.Token), CancellationToken.None);
            try
            {
                await foreach (var batch in batches.Reader.ReadAllAsync(cancellationToken))
                {
                    using (batch.Cells) await (options.IsTrial ? TryAsync(batch, cancellationToken) : WriteAsync(batch, cancellationToken));
                }
            }
            finally
            {
                await stop.CancelAsync();
                await reading;
            }
        }

        // Never throws: the writer hears of a fault through the channel, behind the rows that were read before it.
        private async Task ReadAsync(CsvReader csv, ImportRowReader reader, ChannelWriter<Batch> batches, CancellationToken cancellationToken)
        {
            try
            {
                var rows = new List<ContactBatchRow>(RowsPerBatch);
                var cells = new RowCells();
                long characters = 0;
                while (await csv.ReadAsync(cancellationToken))
                {
                    if (csv.IsEmptyLine) continue;
                    rows.Add(reader.Read(csv, cells));
                    characters += csv.Length;
                    if (rows.Count < RowsPerBatch && characters < CharactersPerBatch) continue;

                    await batches.WriteAsync(new Batch(rows, cells, source.Taken), cancellationToken);
                    rows = new List<ContactBatchRow>(RowsPerBatch);
                    cells = new RowCells();
                    characters = 0;
                }

                if (rows.Count > 0) await batches.WriteAsync(new Batch(rows, cells, source.Taken), cancellationToken);
                batches.Complete();
            }
            catch (Exception e)
            {
                batches.Complete(e);
            }
        }

        // What a trial counts is what a run would count: the same decisions on the same data, and a memory of what earlier rows would have written.
        private async Task TryAsync(Batch rows, CancellationToken cancellationToken)
        {
            var outcomes = await service.Database.ReadAsync(async connection =>
            {
                await using var transaction = connection is SqliteConnection sqlite ? sqlite.BeginTransaction(deferred: true) : await connection.BeginTransactionAsync(cancellationToken);
                return await Decider().ApplyAsync(transaction, rows.Rows, isAgain: false, cancellationToken);
            }, cancellationToken);
            var after = Add(outcomes, rows.Taken);
            await service.Database.WriteAsync(async transaction =>
            {
                ContactBatchSql.RecordErrors(transaction, id, rows.Rows, outcomes);
                await ImportStore.ProgressAsync(transaction, after);
            }, cancellationToken);
            Progress = after;
            report?.Report(Progress);
        }

        private ContactBatch Decider() => new(service.Dialect, service.Tags, new ContactBatchOptions
        {
            MayAdd = options.Purpose != ImportPurpose.Update,
            MayUpdate = options.Purpose != ImportPurpose.Add,
            ImportId = id,
            Tags = options.Tags,
            Identifier = options.Identifier,
            Trial = _trial,
        }, service.Now);

        private async Task WriteAsync(Batch rows, CancellationToken cancellationToken)
        {
            var batch = Decider();
            for (var tries = 1; ; tries++)
            {
                try
                {
                    var isAgain = tries > 1;
                    Progress = await service.Database.WriteAsync(async transaction =>
                    {
                        var after = Add(await batch.ApplyAsync(transaction, rows.Rows, isAgain, cancellationToken), rows.Taken);
                        await ImportStore.ProgressAsync(transaction, after);
                        return after;
                    }, cancellationToken);
                    report?.Report(Progress);
                    return;
                }
                catch (Exception e) when (tries < MostTries && (e is ContactBatchConflictException || (e is DbException db && service.Dialect.IsUniqueViolation(db))))
                {
                    // Another writer got in between with one of these people; looked at again, the row is an update.
                }
            }
        }

        private sealed record Batch(List<ContactBatchRow> Rows, RowCells Cells, long Taken);

        private ImportProgress Add(ContactBatchOutcome[] outcomes, long taken)
        {
            var counts = new long[(int)UpsertKind.Invalid + 1];
            foreach (var outcome in outcomes) counts[(int)outcome.Kind]++;
            return Progress with
            {
                DoneBytes = taken,
                Created = Progress.Created + counts[(int)UpsertKind.Created],
                Updated = Progress.Updated + counts[(int)UpsertKind.Updated],
                Unchanged = Progress.Unchanged + counts[(int)UpsertKind.Unchanged],
                Duplicate = Progress.Duplicate + counts[(int)UpsertKind.Duplicate],
                Invalid = Progress.Invalid + counts[(int)UpsertKind.Invalid],
            };
        }
    }

    private SqlDialect Dialect => database.Dialect;

    private Database Database => database;

    private TagStore Tags => tags;
}
