using Broadcasts.Contacts.Import;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Admin.Web;

/// <summary>Imports that people start: the uploaded file is kept beside the data until it is in, so that nobody has to wait on an open page.</summary>
internal sealed partial class ImportJobs(ImportService imports, EngineOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ImportJobs> log)
{
    private const int Most = 2;

    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private int _running;

    /// <summary>False when so many run that another one has to wait.</summary>
    public bool HasRoom => Volatile.Read(ref _running) < Most;

    /// <summary>Takes the file and answers as soon as the import has a number, or was refused.</summary>
    public async Task<ImportResult> StartAsync(Stream upload, ImportOptions import, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        Sweep();
        var name = $"{Guid.NewGuid():N}.csv";
        var path = Path.Combine(Folder, name);
        Interlocked.Increment(ref _running);
        try
        {
            await using (var file = File.Create(path)) await upload.CopyToAsync(file, cancellationToken);
        }
        catch
        {
            File.Delete(path);
            Interlocked.Decrement(ref _running);
            throw;
        }

        return await BeginAsync(path, import with { TotalBytes = new FileInfo(path).Length, Upload = import.IsTrial ? name : null });
    }

    /// <summary>Imports the file of a trial; null when it is no longer here.</summary>
    public async Task<ImportResult?> RunKeptAsync(string upload, ImportOptions import)
    {
        var path = Path.Combine(Folder, Path.GetFileName(upload));
        if (!File.Exists(path)) return null;
        Interlocked.Increment(ref _running);
        return await BeginAsync(path, import with { IsTrial = false, Upload = null });
    }

    private string Folder => Path.Combine(options.DataDirectory, "uploads");

    private async Task<ImportResult> BeginAsync(string path, ImportOptions import)
    {
        var begun = new Begun();
        var run = RunAsync(path, import, begun);
        await Task.WhenAny(run, begun.Id);
        return run.IsCompleted ? await run : new ImportResult { Id = await begun.Id, Status = ImportStatus.Running };
    }

    private async Task<ImportResult> RunAsync(string path, ImportOptions import, Begun begun)
    {
        // Not on the request's thread: the page answers while rows are read.
        await Task.Yield();
        var isKept = false;
        try
        {
            await using var file = File.OpenRead(path);
            var result = await imports.RunAsync(file, import, begun, lifetime.ApplicationStopping);
            isKept = import.IsTrial && result.Status == ImportStatus.Completed;
            return result;
        }
        catch (Exception e)
        {
            LogBroken(e, import.Name);
            throw;
        }
        finally
        {
            if (!isKept) File.Delete(path);
            Interlocked.Decrement(ref _running);
        }
    }

    // Files of trials that nobody followed up, and of processes that died.
    private void Sweep()
    {
        foreach (var file in new DirectoryInfo(Folder).EnumerateFiles("*.csv"))
            if (time.GetUtcNow() - file.LastWriteTimeUtc > KeptFor) file.Delete();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The import of {Name} ended with an error.")]
    private partial void LogBroken(Exception e, string name);

    private sealed class Begun : IProgress<ImportProgress>
    {
        private readonly TaskCompletionSource<long> _id = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<long> Id => _id.Task;

        public void Report(ImportProgress value) => _id.TrySetResult(value.Id);
    }
}
