using System.Collections.Concurrent;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Import;

/// <summary>A file that was given for an import, and who has it.</summary>
internal sealed record ImportUpload
{
    /// <summary>Its name in the folder, and its number for everybody else: made up, so that nobody guesses it.</summary>
    public required string File { get; init; }

    /// <summary>Its name where it came from.</summary>
    public required string Name { get; init; }

    public required long Bytes { get; init; }

    /// <summary>The machine and data folder of the process that took it.</summary>
    public required string HeldBy { get; init; }

    public required string CreatedBy { get; init; }

    public required long CreatedAt { get; init; }

    /// <summary>The import that took it; null while it waits.</summary>
    public long? ImportId { get; init; }
}

/// <summary>
/// The files of imports. Each lies in the data folder of the process that took it until its import is complete or was taken back, and no longer than
/// <see cref="KeptFor"/>; the table says where. A file without its row belongs to nobody and is deleted.
/// </summary>
internal sealed class ImportUploads(Database database, EngineOptions options, TimeProvider time)
{
    /// <summary>From Friday evening to Monday morning: nobody goes on with a file that is older, and it holds personal data.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(72);

    private readonly ConcurrentDictionary<string, bool> _coming = new(StringComparer.Ordinal);

    private const string InsertSql = """
        INSERT INTO import_uploads (file, name, bytes, held_by, created_by, created_at)
        VALUES (@File, @Name, @Bytes, @HeldBy, @CreatedBy, @CreatedAt)
        """;

    /// <summary>Keeps a file; or why it could not be kept.</summary>
    public async Task<(ImportUpload? Upload, Problem? Problem)> KeepAsync(Stream content, string name, string actor, CancellationToken cancellationToken = default)
    {
        var file = Guid.NewGuid().ToString("N");
        _coming[file] = true;
        var isKept = false;
        try
        {
            var (bytes, problem) = await WriteAsync(content, file, cancellationToken);
            if (problem is not null) return (null, problem);
            var upload = new ImportUpload { File = file, Name = name, Bytes = bytes, HeldBy = $"{Environment.MachineName}:{Path.GetFullPath(options.DataDirectory)}", CreatedBy = actor, CreatedAt = time.Now() };
            await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(InsertSql, upload, transaction), cancellationToken);
            isKept = true;
            return (upload, null);
        }
        finally
        {
            if (!isKept) Delete(file);
            _coming.TryRemove(file, out _);
        }
    }

    private const string GetSql = """
        SELECT file AS File, name AS Name, bytes AS Bytes, held_by AS HeldBy, created_by AS CreatedBy, created_at AS CreatedAt, import_id AS ImportId
          FROM import_uploads
         WHERE file = @file
        """;

    /// <summary>Null when it is gone.</summary>
    public Task<ImportUpload?> GetAsync(string? file, CancellationToken cancellationToken = default) => string.IsNullOrEmpty(file)
        ? Task.FromResult<ImportUpload?>(null)
        : database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<ImportUpload>(new CommandDefinition(GetSql, new { file }, cancellationToken: cancellationToken)), cancellationToken);

    /// <summary>True when this process has all of it: a power cut may have taken its end, which nobody waited to see on the disk.</summary>
    public bool IsHere(ImportUpload upload) => new FileInfo(PathOf(upload.File)) is { Exists: true } file && file.Length == upload.Bytes;

    /// <summary>The file, to be read from its beginning.</summary>
    /// <exception cref="IOException">It is not here.</exception>
    public FileStream Open(string file) => new(PathOf(file), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 128 * 1024, FileOptions.SequentialScan | FileOptions.Asynchronous);

    private const string ForgetSql = "UPDATE imports SET upload = NULL WHERE upload = @file";

    private const string DeleteSql = "DELETE FROM import_uploads WHERE file = @file";

    /// <summary>Deletes it. Where another process has it, that one deletes it at its next look.</summary>
    public async Task DropAsync(string file)
    {
        await database.WriteAsync(async transaction =>
        {
            await transaction.Connection!.ExecuteAsync(ForgetSql, new { file }, transaction);
            await transaction.Connection!.ExecuteAsync(DeleteSql, new { file }, transaction);
        });
        Delete(file);
    }

    // What a running import reads stays, however old it is.
    private const string OverSql = """
        SELECT u.file
          FROM import_uploads u
         WHERE (u.created_at < @before OR EXISTS (SELECT 1 FROM imports i WHERE i.id = u.import_id AND (i.status = 1 OR i.undone_at IS NOT NULL)))
           AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.upload = u.file AND i.status = 0)
        """;

    private const string FilesSql = "SELECT file FROM import_uploads";

    private const string LostSql = "UPDATE imports SET upload = NULL WHERE upload IS NOT NULL AND NOT EXISTS (SELECT 1 FROM import_uploads u WHERE u.file = imports.upload)";

    /// <summary>Deletes what is too old or was left behind: by a process that died, or by an import that another process took back.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken = default)
    {
        var before = (time.GetUtcNow() - KeptFor).ToUnixTimeMilliseconds();
        foreach (var file in await database.ReadAsync(connection => connection.QueryAsync<string>(OverSql, new { before }), cancellationToken)) await DropAsync(file);
        await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(LostSql, transaction: transaction), cancellationToken);

        // Looked at before the rows are: a file that comes in between has its row by then, or is known to be coming.
        if (!Directory.Exists(Folder)) return;
        string[] here = [.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)).Where(file => !_coming.ContainsKey(file))];
        var known = (await database.ReadAsync(connection => connection.QueryAsync<string>(FilesSql), cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in here)
            if (!known.Contains(file)) Delete(file);
    }

    // What goes wrong with the reading goes up: whoever gives the file knows what it means.
    private async Task<(long Bytes, Problem? Problem)> WriteAsync(Stream content, string file, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            await using var kept = new FileStream(PathOf(file), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            var buffer = new byte[128 * 1024];
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                try
                {
                    await kept.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
                catch (IOException e)
                {
                    return (0, NotKept(e));
                }
            }

            return (kept.Length, null);
        }
        catch (UnauthorizedAccessException e)
        {
            return (0, NotKept(e));
        }
    }

    private static Problem NotKept(Exception e) => new("file", "uploadNotKept", $"The file can't be kept in the data folder: {e.Message} Make room there, or give the service the right to write in it.", e.Message);

    // Another process may have it, and this one no folder yet.
    private void Delete(string file)
    {
        if (File.Exists(PathOf(file))) File.Delete(PathOf(file));
    }

    private string Folder => Path.Combine(options.DataDirectory, "uploads");

    private string PathOf(string file) => Path.Combine(Folder, Path.GetFileName(file));
}
