using System.Data.Common;
using System.Globalization;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Import;

/// <summary>Brings a delimited file or a workbook in, in bounded memory.</summary>
internal sealed partial class ImportService(Database database, TimeProvider time, TagStore tags, ImportStore imports, AuditStore audit, ILogger<ImportService> log)
{
    private const int LongestSource = 200;

    /// <summary>Marks imports that a dead process left behind. Call once at start.</summary>
    public Task MarkInterruptedAsync(CancellationToken cancellationToken = default) => imports.MarkInterruptedAsync(cancellationToken);

    /// <summary>
    /// Imports the file. A fault of the file as a whole (no address column, empty, no text) fails before anything is written; a fault of a row costs
    /// that row; whatever ends the import in the middle leaves the rows that were counted, and the same file again brings the rest.
    /// </summary>
    /// <param name="content">The file.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told before the first row and after each batch.</param>
    /// <param name="cancellationToken">Somebody cancels it.</param>
    /// <param name="stopping">The process ends: the import is interrupted, not cancelled.</param>
    public async Task<ImportResult> RunAsync(
        Stream content, ImportOptions options, IProgress<ImportProgress>? progress = null, CancellationToken cancellationToken = default, CancellationToken stopping = default)
    {
        if (Check(options) is { } wrong) return ImportResult.Refused(wrong);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        await using var source = new ImportStream(content);
        try
        {
            var (csv, mapping, problem) = await OpenAsync(source, options, ending.Token);
            if (mapping is null) return ImportResult.Refused(problem!);

            options = options with { Mapping = mapping.Words(isMade: !options.IsTrial) };
            var id = await BeginAsync(mapping, options, ending.Token);
            if (id == 0) return ImportResult.Refused(new Problem("file", "uploadTaken", "This file is being imported already, or was."));
            await using var alive = await ImportLock.TryTakeAsync(database, id, ending.Token);
            var run = new ImportRun(database, time, tags, source, options, new ImportProgress(id, 0, options.TotalBytes, 0, 0, 0, 0, 0), progress);
            return await EndAsync(run, options, ReadAsync, ending.Token, stopping);

            async Task<(string? Sha256, Problem? Problem)> ReadAsync()
            {
                await run.ReadAndWriteAsync(csv!, mapping, ending.Token);
                return (source.Hash(), null);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return new ImportResult { Status = ImportStatus.Cancelled };
        }
        catch (Exception e) when (Expected(e, database.Dialect) is { } reason)
        {
            return ImportResult.Refused(reason);
        }
    }

    /// <summary>
    /// Goes on with an import that ended early, behind the rows that were counted: they are read over and not written again, so that the totals and
    /// the numbers of rows are those of an import that nothing disturbed.
    /// </summary>
    /// <param name="import">The import.</param>
    /// <param name="content">Its file, from the beginning.</param>
    /// <param name="actor">Who lets it go on; null for the process itself.</param>
    /// <param name="progress">Told before the first row and after each batch.</param>
    /// <param name="stopping">The process ends.</param>
    /// <returns>Null when it was not possible: another one got it, or it went on by itself too often.</returns>
    public async Task<ImportResult?> ContinueAsync(ImportDetails import, Stream content, string? actor, IProgress<ImportProgress>? progress = null, CancellationToken stopping = default)
    {
        await using var alive = await ImportLock.TryTakeAsync(database, import.Id, stopping);
        if (alive is null || !await database.WriteAsync(transaction => AgainAsync(transaction, import, actor), stopping)) return null;

        import = (await imports.GetAsync(import.Id, CancellationToken.None))!;
        var options = ImportStore.OptionsOf(import);
        await using var source = new ImportStream(content);
        var start = new ImportProgress(import.Id, import.DoneBytes, import.TotalBytes, import.Created, import.Updated, import.Unchanged, import.Duplicate, import.Invalid);
        var run = new ImportRun(database, time, tags, source, options, start, progress);
        return await EndAsync(run, options, ReadAsync, stopping, stopping);

        async Task<(string? Sha256, Problem? Problem)> ReadAsync()
        {
            var (csv, mapping, problem) = await OpenAsync(source, options, stopping);
            if (mapping is null) return (null, problem);

            // A field that was deleted meanwhile is made again: the rows behind it are like those before it.
            if (!options.IsTrial) await database.WriteAsync(transaction => MakeFieldsAsync(transaction, mapping, options.Actor), stopping);
            await run.ReadAndWriteAsync(csv!, mapping, stopping);
            return (source.Hash(), null);
        }
    }

    private async Task<bool> AgainAsync(DbTransaction transaction, ImportDetails import, string? actor)
    {
        if (!await ImportStore.ContinueAsync(transaction, import.Id, import.Upload!, byItself: actor is null)) return false;
        await audit.AppendAsync(transaction, actor ?? "system", "import.continued", Subject(import.Id), string.Create(CultureInfo.InvariantCulture, $"{import.Rows} rows were counted"));
        return true;
    }

    // Reads to the end, and records how it came to one.
    private async Task<ImportResult> EndAsync(ImportRun run, ImportOptions options, Func<Task<(string? Sha256, Problem? Problem)>> readAsync, CancellationToken ending, CancellationToken stopping)
    {
        try
        {
            var (sha256, problem) = await readAsync();
            if (!options.IsTrial) await AnalyzeAsync();
            return await FinishAsync(run, options, problem is null ? ImportStatus.Completed : ImportStatus.Failed, problem, sha256);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return await FinishAsync(run, options, ImportStatus.Interrupted, ImportStore.Interrupted(options.Upload, 0), null);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return await FinishAsync(run, options, ImportStatus.Cancelled, null, null);
        }
        catch (Exception e) when (Expected(e, database.Dialect) is { } reason)
        {
            return await FinishAsync(run, options, ImportStatus.Failed, reason, null);
        }
    }

    // Much was added: the questions that follow are planned for what is there now.
    private async Task AnalyzeAsync()
    {
        foreach (var table in (string[])["contacts", "addresses", "contact_tags"])
        {
            if (database.Dialect.Analyze(table) is { } sql) await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(sql, transaction: transaction));
        }
    }

    private static Problem? Check(ImportOptions options)
    {
        if (options.DefaultCountry is { } country && !PhoneAddress.IsCountry(country))
            return new Problem("defaultCountry", "unknownCountry", $"'{country}' is no country code. Write two letters such as ES.", country);
        if (options.Encoding is { } encoding && CsvFormat.Named(encoding) is null)
            return new Problem("encoding", "unknownEncoding", $"'{encoding}' is no known encoding. Write one such as utf-8 or windows-1252.", encoding);
        if (options.ConsentSource is { Length: > LongestSource } source)
            return new Problem("consentSource", "tooLong", $"Where people agreed is said in at most {LongestSource} characters; this has {source.Length}.", $"{LongestSource}");
        // Nobody is written to who did not say yes somewhere: whoever brings people in says where.
        if (!options.IsTrial && string.IsNullOrWhiteSpace(options.ConsentSource))
            return new Problem("consentSource", "noConsentSource", "Say where these people agreed to be written to, such as: web form 2026.");
        return options.Tags.Select((tag, i) => TagStore.Check(tag, $"tags[{i}]")).FirstOrDefault(p => p is not null);
    }

    private async Task<(CsvReader? Csv, ImportMapping? Mapping, Problem? Problem)> OpenAsync(ImportStream source, ImportOptions options, CancellationToken cancellationToken)
    {
        var (csv, headers, wrong) = await ImportFile.OpenWithHeadersAsync(source, options.Encoding, options.Delimiter, cancellationToken);
        if (csv is null) return (null, null, wrong);
        var fields = await database.ReadAsync(connection => FieldStore.ListAsync(connection), cancellationToken);
        var mapping = ImportMapping.Create(headers, options, [.. fields], out var problem);
        return (csv, mapping, problem);
    }

    // 0 when another import has the file already.
    private Task<long> BeginAsync(ImportMapping mapping, ImportOptions options, CancellationToken cancellationToken) => database.WriteAsync(async transaction =>
    {
        var takes = options is { IsTrial: false, Upload: not null };
        if (takes && !await ImportStore.TakeUploadAsync(transaction, options.Upload!)) return 0;

        if (!options.IsTrial) await MakeFieldsAsync(transaction, mapping, options.Actor);
        var id = await imports.InsertAsync(transaction, options, mapping.Headers);
        if (takes) await ImportStore.GiveUploadAsync(transaction, options.Upload!, id);
        await audit.AppendAsync(transaction, options.Actor, options.IsTrial ? "import.checked" : "import.begun", Subject(id), options.Name);
        return id;
    }, cancellationToken);

    private async Task MakeFieldsAsync(DbTransaction transaction, ImportMapping mapping, string actor)
    {
        foreach (var field in mapping.NewFields) await FieldStore.InsertAsync(transaction, field.Slug, field.Name, field.Type, field.Options, actor, time.Now());
    }

    private static string Subject(long id) => string.Create(CultureInfo.InvariantCulture, $"import:{id}");

    private async Task<ImportResult> FinishAsync(ImportRun run, ImportOptions options, ImportStatus status, Problem? error, string? sha256)
    {
        try
        {
            await imports.FinishAsync(run.Progress.Id, status, error, sha256);
        }
        catch (DbException e) when (status is ImportStatus.Failed or ImportStatus.Interrupted)
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
            IsTrial = options.IsTrial,
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
}
