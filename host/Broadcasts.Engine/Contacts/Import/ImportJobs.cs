using System.Collections.Concurrent;
using Broadcasts.Broadcasting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Contacts.Import;

/// <summary>Imports of uploaded files in this process: awaited or in the background, and on again after a stop.</summary>
internal sealed partial class ImportJobs(ImportService service, ImportStore imports, ImportUploads uploads, IHostApplicationLifetime lifetime, ILogger<ImportJobs> log) : IDisposable
{
    // Each holds the writer for short turns; many of them would starve the rest.
    private const int Most = 2;

    private readonly SemaphoreSlim _turns = new(Most, Most);
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    /// <summary>A turn to import, given back by disposing it; null when so many run that another one has to wait.</summary>
    public IDisposable? TryEnter() => _turns.Wait(0) ? new Turn(_turns) : null;

    /// <summary>Why there is no turn.</summary>
    public static Problem Busy { get; } = new("", "tooManyImports", "Two imports are running. Start this one when one of them is done.");

    /// <summary>Imports the file and answers at the end. The caller has a turn.</summary>
    public async Task<ImportResult> RunAsync(ImportUpload upload, ImportOptions options, CancellationToken cancellationToken) =>
        (await FollowAsync(WithFileAsync(upload.File, async content => await service.RunAsync(content, Of(upload, options), null, cancellationToken, lifetime.ApplicationStopping))))!;

    /// <summary>Imports the file in the background and answers as soon as the import has a number, or was refused.</summary>
    public async Task<ImportResult> StartAsync(ImportUpload upload, ImportOptions options) => TryEnter() is { } turn
        ? (await BeginAsync(turn, begun => WithFileAsync(upload.File, async content => await service.RunAsync(content, Of(upload, options), begun, CancellationToken.None, lifetime.ApplicationStopping))))!
        : ImportResult.Refused(Busy);

    /// <summary>Lets an import that ended early go on in the background.</summary>
    public async Task<CommandResult> ContinueAsync(long id, string actor, CancellationToken cancellationToken = default)
    {
        if (await imports.GetAsync(id, cancellationToken) is not { } import) return CommandResult.NotFound($"Import {id}");
        if (await WhyNotAsync(import, cancellationToken) is { } refusal) return CommandResult.Refused(refusal);
        if (TryEnter() is not { } turn) return CommandResult.Refused(Busy);

        var result = await BeginAsync(turn, begun => GoOnAsync(import, actor, begun));
        if (result is null) return CommandResult.Refused(Ended);
        return result is { Status: ImportStatus.Failed, Error: { } error } ? CommandResult.Refused(error) : new CommandResult();
    }

    /// <summary>Goes on with what an earlier process left, one import after the other, where its file is here.</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        foreach (var id in await imports.WaitingAsync(cancellationToken))
        {
            if (await imports.GetAsync(id, cancellationToken) is not { } import || await WhyNotAsync(import, cancellationToken) is not null) continue;
            await _turns.WaitAsync(cancellationToken);
            using var turn = new Turn(_turns);
            LogResumed(id, import.Rows);
            await FollowAsync(GoOnAsync(import, null, null));
        }
    }

    /// <summary>Waits for those that run: after a stop they record that they were interrupted.</summary>
    public Task IdleAsync(CancellationToken cancellationToken) => Task.WhenAll(_running.Keys.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default))).WaitAsync(cancellationToken);

    public void Dispose() => _turns.Dispose();

    private static Problem Ended => new("", "importEnded", "This import is running, complete or taken back: there is nothing to continue.");

    /// <summary>Why an import can't go on in this process; null when it can.</summary>
    public async Task<Problem?> WhyNotAsync(ImportDetails import, CancellationToken cancellationToken = default)
    {
        if (import.Status is ImportStatus.Running or ImportStatus.Completed || import.UndoneAt is not null) return Ended;
        if (await uploads.GetAsync(import.Upload, cancellationToken) is not { } upload)
            return new Problem("", "uploadGone", "The file of this import is no longer here. Import the same file again: rows that are in stay as they are.");
        return uploads.IsHere(upload)
            ? null
            : Elsewhere(upload);
    }

    /// <summary>Why a file can't be read in this process.</summary>
    public static Problem Elsewhere(ImportUpload upload) => new("", "uploadElsewhere", $"The file of this import is with another process: {upload.HeldBy}. It goes on when that one runs again, or by Continue in the console of that one.", upload.HeldBy);

    private Task<ImportResult?> GoOnAsync(ImportDetails import, string? actor, IProgress<ImportProgress>? begun) =>
        WithFileAsync(import.Upload!, content => service.ContinueAsync(import, content, actor, begun, lifetime.ApplicationStopping));

    private static ImportOptions Of(ImportUpload upload, ImportOptions options) => options with { TotalBytes = upload.Bytes, Upload = upload.File };

    // Null, here and below: an import that can't go on.
    private async Task<ImportResult?> WithFileAsync(string file, Func<Stream, Task<ImportResult?>> import)
    {
        ImportResult? result;
        await using (var content = uploads.Open(file)) result = await import(content);
        // It holds personal data. A process that dies here leaves it to the next look (SweepAsync).
        if (result is { Status: ImportStatus.Completed, IsTrial: false }) await uploads.DropAsync(file);
        return result;
    }

    private async Task<ImportResult?> BeginAsync(IDisposable turn, Func<Begun, Task<ImportResult?>> import)
    {
        var begun = new Begun();
        // Not on the request's thread: the page answers while rows are read.
        var running = FollowAsync(Task.Run(async () =>
        {
            using (turn) return await import(begun);
        }));
        await Task.WhenAny(running, begun.Id);
        return running.IsCompleted ? await running : new ImportResult { Id = await begun.Id, Status = ImportStatus.Running };
    }

    private async Task<ImportResult?> FollowAsync(Task<ImportResult?> import)
    {
        _running[import] = true;
        try
        {
            return await import;
        }
        catch (Exception e)
        {
            LogBroken(e);
            throw;
        }
        finally
        {
            _running.TryRemove(import, out _);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Import {Id} goes on behind its row {Rows}")]
    private partial void LogResumed(long id, long rows);

    [LoggerMessage(Level = LogLevel.Error, Message = "An import ended with an error.")]
    private partial void LogBroken(Exception e);

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        private int _isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isOver, 1) == 0) turns.Release();
        }
    }

    private sealed class Begun : IProgress<ImportProgress>
    {
        private readonly TaskCompletionSource<long> _id = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<long> Id => _id.Task;

        public void Report(ImportProgress value) => _id.TrySetResult(value.Id);
    }
}
