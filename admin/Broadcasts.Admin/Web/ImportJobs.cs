using Broadcasts.Contacts.Import;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Admin.Web;

/// <summary>Imports that people start: the uploaded file is kept beside the data until it is in, so that nobody has to wait on an open page.</summary>
internal sealed partial class ImportJobs(ImportService imports, EngineOptions options, IHostApplicationLifetime lifetime, ILogger<ImportJobs> log)
{
    private const int Most = 2;

    private int _running;

    /// <summary>False when so many run that another one has to wait.</summary>
    public bool HasRoom => Volatile.Read(ref _running) < Most;

    /// <summary>Takes the file and answers as soon as the import has a number, or was refused.</summary>
    public async Task<ImportResult> StartAsync(Stream upload, ImportOptions import, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(options.DataDirectory, "uploads"));
        var path = Path.Combine(folder.FullName, $"{Guid.NewGuid():N}.csv");
        var begun = new Begun();
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

        var run = RunAsync(path, import with { TotalBytes = new FileInfo(path).Length }, begun);
        await Task.WhenAny(run, begun.Id);
        return run.IsCompleted ? await run : new ImportResult { Id = await begun.Id, Status = ImportStatus.Running };
    }

    private async Task<ImportResult> RunAsync(string path, ImportOptions import, Begun begun)
    {
        // Not on the request's thread: the page answers while rows are read.
        await Task.Yield();
        try
        {
            await using var file = File.OpenRead(path);
            return await imports.RunAsync(file, import, begun, lifetime.ApplicationStopping);
        }
        catch (Exception e)
        {
            LogBroken(e, import.Name);
            throw;
        }
        finally
        {
            File.Delete(path);
            Interlocked.Decrement(ref _running);
        }
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
