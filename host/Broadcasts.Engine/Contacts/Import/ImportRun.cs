using System.Data.Common;
using System.Threading.Channels;
using Broadcasts.Storage;
using Microsoft.Data.Sqlite;

namespace Broadcasts.Contacts.Import;

/// <summary>
/// One import from its first row, or the first that was not counted yet, to its last: one task reads and checks rows, the other writes them in
/// transactions of some thousand.
/// </summary>
internal sealed class ImportRun(Database database, TimeProvider time, TagStore tags, ImportStream source, ImportOptions options, ImportProgress start, IProgress<ImportProgress>? report)
{
    internal const int RowsPerBatch = 4_000;
    private const int CharactersPerBatch = 8 << 20;
    private const int MostTries = 5;

    private readonly BatchTrial? _trial = options.IsTrial ? new BatchTrial() : null;

    /// <summary>What is committed.</summary>
    public ImportProgress Progress { get; private set; } = start;

    public async Task ReadAndWriteAsync(CsvReader csv, ImportMapping mapping, CancellationToken cancellationToken)
    {
        report?.Report(Progress);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // While one batch is written the next one is read, and no third begun: memory stays flat however fast the file is read.
        using var room = new SemaphoreSlim(2);
        var batches = Channel.CreateUnbounded<Batch>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var reading = Task.Run(() => ReadAsync(csv, new ImportRowReader(mapping, options), Progress.Rows, room, batches.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (var batch in batches.Reader.ReadAllAsync(cancellationToken))
            {
                using (batch.Cells) await (options.IsTrial ? TryAsync(batch, cancellationToken) : WriteAsync(batch, cancellationToken));
                room.Release();
            }
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    // Never throws: the writer hears of a fault through the channel, behind the rows that were read before it.
    private async Task ReadAsync(CsvReader csv, ImportRowReader reader, long counted, SemaphoreSlim room, ChannelWriter<Batch> batches, CancellationToken cancellationToken)
    {
        try
        {
            while (counted > 0 && await csv.ReadAsync(cancellationToken))
            {
                if (csv.IsEmptyLine) continue;
                reader.Skip(csv);
                counted--;
            }

            await room.WaitAsync(cancellationToken);
            var rows = new List<ContactBatchRow>(RowsPerBatch);
            var cells = new RowCells();
            long characters = 0;
            while (await csv.ReadAsync(cancellationToken))
            {
                if (csv.IsEmptyLine) continue;
                rows.Add(reader.Read(csv, cells));
                characters += csv.Length;
                if (rows.Count < RowsPerBatch && characters < CharactersPerBatch) continue;

                var expected = cells.Length + (cells.Length / 16);
                await batches.WriteAsync(new Batch(rows, cells, source.Taken), cancellationToken);
                await room.WaitAsync(cancellationToken);
                rows = new List<ContactBatchRow>(RowsPerBatch);
                cells = new RowCells(expected);
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
        var outcomes = await database.ReadAsync(async connection =>
        {
            await using var transaction = connection is SqliteConnection sqlite ? sqlite.BeginTransaction(deferred: true) : await connection.BeginTransactionAsync(cancellationToken);
            return await Decider().ApplyAsync(transaction, rows.Rows, isAgain: false, cancellationToken);
        }, cancellationToken);
        var after = Add(outcomes, rows.Taken);
        await database.WriteAsync(async transaction =>
        {
            ContactBatchSql.RecordErrors(transaction, Progress.Id, rows.Rows, outcomes);
            await ImportStore.ProgressAsync(transaction, after);
        }, cancellationToken);
        Progress = after;
        report?.Report(Progress);
    }

    private ContactBatch Decider() => new(database.Dialect, tags, new ContactBatchOptions
    {
        MayAdd = options.Purpose != ImportPurpose.Update,
        MayUpdate = options.Purpose != ImportPurpose.Add,
        ImportId = Progress.Id,
        Tags = options.Tags,
        Identifier = options.Identifier,
        Trial = _trial,
        MustConfirm = options.MustConfirm,
    }, time.Now());

    private async Task WriteAsync(Batch rows, CancellationToken cancellationToken)
    {
        var batch = Decider();
        for (var tries = 1; ; tries++)
        {
            try
            {
                var isAgain = tries > 1;
                Progress = await database.WriteAsync(async transaction =>
                {
                    var after = Add(await batch.ApplyAsync(transaction, rows.Rows, isAgain, cancellationToken), rows.Taken);
                    await ImportStore.ProgressAsync(transaction, after);
                    return after;
                }, cancellationToken);
                report?.Report(Progress);
                return;
            }
            catch (Exception e) when (tries < MostTries && (e is ContactBatchConflictException || (e is DbException db && database.Dialect.IsUniqueViolation(db))))
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
