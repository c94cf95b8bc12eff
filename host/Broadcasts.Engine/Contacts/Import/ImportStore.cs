using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Import;

/// <summary>An import as a page shows it.</summary>
internal sealed record ImportDetails
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public ImportStatus Status { get; init; }

    public string? FileSha256 { get; init; }

    public long? TotalBytes { get; init; }

    public long DoneBytes { get; init; }

    public long Created { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Duplicate { get; init; }

    public long Invalid { get; init; }

    public string? Error { get; init; }

    public string? ErrorCode { get; init; }

    public string CreatedBy { get; init; } = "";

    public long StartedAt { get; init; }

    public long? FinishedAt { get; init; }

    public string? ConsentSource { get; init; }

    /// <summary>Only counted; nobody was written.</summary>
    public bool IsTrial { get; init; }

    /// <summary>The file that waits for its real run.</summary>
    public string? Upload { get; init; }

    public long? UndoneAt { get; init; }

    public string? UndoneBy { get; init; }

    /// <summary>How the import was asked for, as JSON.</summary>
    public string Options { get; init; } = "{}";

    /// <summary>The columns' names as JSON; null for imports of older versions.</summary>
    public string? Headers { get; init; }

    public long Rows => Created + Updated + Unchanged + Duplicate + Invalid;
}

/// <summary>One thing that was wrong in a file.</summary>
internal sealed record ImportErrorRow
{
    public long RowNumber { get; init; }

    public string Field { get; init; } = "";

    public string? Value { get; init; }

    public string Code { get; init; } = "";

    public string Reason { get; init; } = "";

    /// <summary>The row as JSON; null when it could not be read.</summary>
    public string? Cells { get; init; }
}

/// <summary>The imports and what was wrong in them.</summary>
internal sealed class ImportStore(Database database, TimeProvider time)
{
    private const string Columns = """
        id AS Id, name AS Name, status AS Status, file_sha256 AS FileSha256, total_bytes AS TotalBytes, done_bytes AS DoneBytes, created AS Created, updated AS Updated,
        unchanged AS Unchanged, duplicate AS Duplicate, invalid AS Invalid, error AS Error, error_code AS ErrorCode, created_by AS CreatedBy, started_at AS StartedAt, finished_at AS FinishedAt,
        consent_source AS ConsentSource, is_trial AS IsTrial, upload AS Upload, undone_at AS UndoneAt, undone_by AS UndoneBy, options AS Options, headers AS Headers
        """;

    private const string GetSql = $"SELECT {Columns} FROM imports WHERE id = @id";

    public Task<ImportDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<ImportDetails>(GetSql, new { id }), cancellationToken);

    private const string ListSql = $"SELECT {Columns} FROM imports WHERE (@before = 0 OR id < @before) ORDER BY id DESC LIMIT @limit";

    /// <summary>Newest first, behind the cursor.</summary>
    public Task<IReadOnlyList<ImportDetails>> ListAsync(long? cursor = null, int limit = 50, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ImportDetails>>(async connection =>
            (await connection.QueryAsync<ImportDetails>(ListSql, new { before = cursor ?? 0, limit })).AsList(), cancellationToken);

    private const string ErrorsSql = """
        SELECT row_number AS RowNumber, field AS Field, value AS Value, code AS Code, reason AS Reason, cells AS Cells
          FROM import_errors
         WHERE import_id = @id AND row_number > @after
         ORDER BY row_number, field
         LIMIT @limit
        """;

    /// <summary>What was wrong, behind the row of the given number.</summary>
    public Task<IReadOnlyList<ImportErrorRow>> ErrorsAsync(long id, long afterRow, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ImportErrorRow>>(async connection =>
            (await connection.QueryAsync<ImportErrorRow>(ErrorsSql, new { id, after = afterRow, limit })).AsList(), cancellationToken);

    private const string InsertSql = """
        INSERT INTO imports (name, status, options, total_bytes, created_by, started_at, consent_source, is_trial, upload, headers)
        VALUES (@name, @status, @options, @totalBytes, @actor, @now, @consent, @isTrial, @upload, @headers)
        RETURNING id
        """;

    internal Task<long> InsertAsync(DbTransaction transaction, ImportOptions options, IReadOnlyList<string>? headers = null) => transaction.Connection!.ExecuteScalarAsync<long>(
        InsertSql,
        new
        {
            name = options.Name,
            status = (short)ImportStatus.Running,
            options = JsonSerializer.Serialize(options, Json),
            totalBytes = options.TotalBytes,
            actor = options.Actor,
            now = Now,
            consent = string.IsNullOrWhiteSpace(options.ConsentSource) ? $"file {options.Name}" : options.ConsentSource.Trim(),
            isTrial = options.IsTrial ? 1 : 0,
            upload = options.Upload,
            headers = headers is null ? null : RowCells.Write(headers),
        },
        transaction);

    /// <summary>How an import was asked for.</summary>
    internal static ImportOptions OptionsOf(ImportDetails import) => JsonSerializer.Deserialize<ImportOptions>(import.Options, Json)!;

    private const string TakeUploadSql = "UPDATE imports SET upload = NULL WHERE id = @id AND upload = @upload";

    /// <summary>True for the one caller who gets the waiting file: of two clicks one imports.</summary>
    public async Task<bool> TakeUploadAsync(long id, string upload) =>
        await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(TakeUploadSql, new { id, upload }, transaction)) == 1;

    private const string ProgressSql = """
        UPDATE imports
           SET done_bytes = @DoneBytes, created = @Created, updated = @Updated, unchanged = @Unchanged, duplicate = @Duplicate, invalid = @Invalid
         WHERE id = @Id
        """;

    // In the transaction of the rows that it counts: after a crash the counts are what is there.
    internal static Task<int> ProgressAsync(DbTransaction transaction, ImportProgress progress) => transaction.Connection!.ExecuteAsync(ProgressSql, progress, transaction);

    private const string FinishSql = """
        UPDATE imports
           SET status = @status, error = @message, error_code = @code, file_sha256 = @sha256, finished_at = @now
         WHERE id = @id
        """;

    internal Task FinishAsync(long id, ImportStatus status, Problem? error, string? sha256) => database.WriteAsync(transaction =>
        transaction.Connection!.ExecuteAsync(FinishSql, new { id, status = (short)status, message = error?.Message, code = error?.Code, sha256, now = Now }, transaction));

    /// <summary>Records that its process was asked to end in the middle of it.</summary>
    public Task InterruptAsync(long id) => FinishAsync(id, ImportStatus.Interrupted, new Problem("", "interrupted", "The process was stopped in the middle of it. Import the same file again: rows that are in stay as they are."), null);

    private const string RunningSql = "SELECT id FROM imports WHERE status = 0";

    private const string InterruptSql = """
        UPDATE imports
           SET status = @status, finished_at = @now, error_code = 'interrupted', error = 'The process ended in the middle of it. Import the same file again: rows that are in stay as they are.'
         WHERE id = @id AND status = 0
        """;

    /// <summary>Marks the imports whose process is gone.</summary>
    internal async Task MarkInterruptedAsync(CancellationToken cancellationToken)
    {
        foreach (var id in await database.ReadAsync(connection => connection.QueryAsync<long>(RunningSql), cancellationToken))
        {
            await using var alive = await ImportLock.TryTakeAsync(database, id, cancellationToken);
            if (alive is null) continue;
            await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(InterruptSql, new { id, status = (short)ImportStatus.Interrupted, now = Now }, transaction), cancellationToken);
        }
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>Held while an import runs.</summary>
internal static class ImportLock
{
    private const long Space = 0x696D7000_00000000;

    /// <summary>The lock; null when a living process has it.</summary>
    public static Task<AliveLock?> TryTakeAsync(Database database, long id, CancellationToken cancellationToken) => AliveLock.TryTakeAsync(database, Space + id, cancellationToken);
}
