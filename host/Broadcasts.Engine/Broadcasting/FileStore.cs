using System.Security.Cryptography;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>A file with its bytes.</summary>
internal sealed class UploadedFile
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string MediaType { get; init; } = "";

    public byte[] Content { get; init; } = [];
}

/// <summary>A file as a list shows it.</summary>
internal sealed class FileRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string MediaType { get; init; } = "";

    public long Size { get; init; }

    public long CreatedAt { get; init; }
}

/// <summary>Files and images that parts attach. In the database, so that every process of a cluster has them.</summary>
internal sealed class FileStore(Database database, TimeProvider time)
{
    /// <summary>The largest file taken, in bytes.</summary>
    public const int MostBytes = 25 * 1024 * 1024;

    private const string InsertSql = """
        INSERT INTO files (name, media_type, size, sha256, content, created_by, created_at)
        VALUES (@name, @mediaType, @size, @sha256, @content, @actor, @now)
        RETURNING id
        """;

    public Task<long> AddAsync(string name, string mediaType, byte[] content, string actor) => database.WriteAsync(t => t.Connection!.QuerySingleAsync<long>(InsertSql, new
    {
        name, mediaType, size = (long)content.Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(content)), content, actor, now = time.GetUtcNow().ToUnixTimeMilliseconds(),
    }, t));

    private const string ListSql = "SELECT id, name, media_type, size, created_at FROM files ORDER BY id DESC LIMIT 500";

    public Task<IReadOnlyList<FileRow>> ListAsync() => database.ReadAsync(async c => (IReadOnlyList<FileRow>)[.. await c.QueryAsync<FileRow>(ListSql)]);

    private const string GetSql = "SELECT id, name, media_type, content FROM files WHERE id = @id";

    public Task<UploadedFile?> GetAsync(long id) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<UploadedFile>(GetSql, new { id }));

    /// <summary>The files that a broadcast's parts attach.</summary>
    public async Task<IReadOnlyDictionary<long, UploadedFile>> LoadAsync(IEnumerable<BroadcastPart> parts)
    {
        var files = new Dictionary<long, UploadedFile>();
        foreach (var part in parts.OfType<FilePart>())
        {
            if (!files.ContainsKey(part.FileId) && await GetAsync(part.FileId) is { } file) files[part.FileId] = file;
        }

        return files;
    }
}
