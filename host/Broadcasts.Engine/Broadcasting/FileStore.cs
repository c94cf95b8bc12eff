using System.Security.Cryptography;
using Broadcasts.Security;
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
internal sealed partial class FileStore(Database database, TimeProvider time)
{
    /// <summary>The largest file taken, in bytes.</summary>
    public const int MostBytes = 25 * 1024 * 1024;

    private const string InsertSql = """
        INSERT INTO files (name, media_type, size, sha256, content, created_by, created_at)
        VALUES (@name, @mediaType, @size, @sha256, @content, @actor, @now)
        RETURNING id
        """;

    public Task<long> AddAsync(string name, string mediaType, byte[] content, string actor) => database.WriteAsync(async t =>
    {
        var id = await t.Connection!.QuerySingleAsync<long>(InsertSql, new
        {
            name, mediaType, size = (long)content.Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(content)), content, actor, now = time.GetUtcNow().ToUnixTimeMilliseconds(),
        }, t);
        Audit(t, actor, "file.added", id, AuditDiff.Between(null, new { name, mediaType, size = content.Length }));
        return id;
    });

    private const string ListSql = "SELECT id, name, media_type, size, created_at FROM files ORDER BY id DESC LIMIT 500";

    public Task<IReadOnlyList<FileRow>> ListAsync() => database.ReadAsync(async c => (IReadOnlyList<FileRow>)[.. await c.QueryAsync<FileRow>(ListSql)]);

    private const string PageSql = """
        SELECT id, name, media_type, size, created_at
          FROM files
         WHERE (@before = 0 OR id < @before){0}
         ORDER BY id DESC
         LIMIT @limit
        """;

    /// <summary>A page of files, newest first, below an id.</summary>
    public Task<IReadOnlyList<FileRow>> PageAsync(string? search, long? before, int limit) => database.ReadAsync(async c =>
    {
        var text = (search ?? "").Trim().Replace("\0", "", StringComparison.Ordinal);
        var sql = PageSql.Replace("{0}", text.Length == 0 ? "" : $" AND {database.Dialect.Contains("name", "@text")}", StringComparison.Ordinal);
        return (IReadOnlyList<FileRow>)[.. await c.QueryAsync<FileRow>(sql, new { before = before ?? 0, limit, text = SqlDialect.LikePattern(text) })];
    });

    private readonly string _namesSql = $"SELECT id, name, media_type FROM files WHERE {database.Dialect.InList("id", "@ids")}";

    /// <summary>The files that parts attach, without their bytes.</summary>
    public async Task<IReadOnlyDictionary<long, UploadedFile>> NamesAsync(IEnumerable<BroadcastPart> parts)
    {
        long[] ids = [.. parts.OfType<FilePart>().Select(f => f.FileId).Distinct()];
        if (ids.Length == 0) return new Dictionary<long, UploadedFile>();
        return await database.ReadAsync(async c => (await c.QueryAsync<UploadedFile>(_namesSql, new { ids = database.Dialect.List(ids) })).ToDictionary(f => f.Id));
    }

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
