using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Import;

/// <summary>The imports and what was wrong in them.</summary>
internal sealed class ImportStore(Database database, TimeProvider time)
{
    private const string Columns = """
        id AS Id, name AS Name, status AS Status, file_sha256 AS FileSha256, total_bytes AS TotalBytes, done_bytes AS DoneBytes, created AS Created, updated AS Updated,
        unchanged AS Unchanged, duplicate AS Duplicate, invalid AS Invalid, error AS Error, error_code AS ErrorCode, created_by AS CreatedBy, started_at AS StartedAt, finished_at AS FinishedAt,
        consent_source AS ConsentSource, is_trial AS IsTrial, upload AS Upload, undone_at AS UndoneAt, undone_by AS UndoneBy
        """;

    // Of a file with thousands of columns these two are long: a list leaves them out.
    private const string GetSql = $"SELECT {Columns}, options AS Options, headers AS Headers FROM imports WHERE id = @id";

    public Task<ImportDetails?> GetAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<ImportDetails>(GetSql, new { id }), cancellationToken);

    private const string ListSql = $"SELECT {Columns} FROM imports WHERE (@before = 0 OR id < @before) ORDER BY id DESC LIMIT @limit";

    /// <summary>Newest first, behind the cursor.</summary>
    public Task<IReadOnlyList<ImportDetails>> ListAsync(long? cursor = null, int limit = 50, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ImportDetails>>(async connection =>
            (await connection.QueryAsync<ImportDetails>(ListSql, new { before = cursor ?? 0, limit })).AsList(), cancellationToken);

    private const string WithContactsSql = $"""
        SELECT {Columns} FROM imports i
         WHERE is_trial = 0 AND undone_at IS NULL AND EXISTS (SELECT 1 FROM import_contacts ic WHERE ic.import_id = i.id)
           AND (i.id = @also OR i.id IN (SELECT n.id FROM imports n WHERE n.is_trial = 0 ORDER BY n.id DESC LIMIT 100))
         ORDER BY id DESC
        """;

    /// <summary>The newest imports whose people are still there, and one more that somebody goes by.</summary>
    public Task<IReadOnlyList<ImportDetails>> WithContactsAsync(long also, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<ImportDetails>>(async connection => (await connection.QueryAsync<ImportDetails>(new CommandDefinition(WithContactsSql, new { also }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

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
        INSERT INTO imports (name, status, options, total_bytes, created_by, started_at, consent_source, is_trial, upload, headers, headers_key, must_confirm)
        VALUES (@name, @status, @options, @totalBytes, @actor, @now, @consent, @isTrial, @upload, @headers, @headersKey, @mustConfirm)
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
            consent = string.IsNullOrWhiteSpace(options.ConsentSource) ? null : options.ConsentSource.Trim(),
            isTrial = options.IsTrial ? 1 : 0,
            upload = options.Upload,
            mustConfirm = options.MustConfirm ? 1 : 0,
            headers = headers is null ? null : RowCells.Write(headers),
            headersKey = headers is null ? null : ImportMapping.KeyOf(headers),
        },
        transaction);

    /// <summary>How an import was asked for.</summary>
    internal static ImportOptions OptionsOf(ImportDetails import) => JsonSerializer.Deserialize<ImportOptions>(import.Options, Json)!;

    private const string RememberedSql = $"SELECT {Columns}, options AS Options, headers AS Headers FROM imports WHERE headers_key = @key AND undone_at IS NULL ORDER BY id DESC LIMIT 1";

    /// <summary>The last import of a file with these columns; null when there was none, or it was taken back.</summary>
    public Task<ImportDetails?> RememberedAsync(IReadOnlyList<string> headers, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<ImportDetails>(RememberedSql, new { key = ImportMapping.KeyOf(headers) }), cancellationToken);

    private const string TakeUploadSql = "UPDATE import_uploads SET import_id = 0 WHERE file = @upload AND import_id IS NULL";

    /// <summary>True for the one import that gets the file: of two clicks one imports.</summary>
    internal static async Task<bool> TakeUploadAsync(DbTransaction transaction, string upload) => await transaction.Connection!.ExecuteAsync(TakeUploadSql, new { upload }, transaction) == 1;

    private const string GiveUploadSql = "UPDATE import_uploads SET import_id = @id WHERE file = @upload";

    internal static Task GiveUploadAsync(DbTransaction transaction, string upload, long id) => transaction.Connection!.ExecuteAsync(GiveUploadSql, new { id, upload }, transaction);

    private const string ProgressSql = """
        UPDATE imports
           SET done_bytes = @DoneBytes, created = @Created, updated = @Updated, unchanged = @Unchanged, duplicate = @Duplicate, invalid = @Invalid,
               tries = CASE WHEN is_trial = 1 THEN tries ELSE 0 END
         WHERE id = @Id
        """;

    // In the transaction of the rows that it counts: after a crash the counts are what is there, and the import goes on behind them.
    internal static Task<int> ProgressAsync(DbTransaction transaction, ImportProgress progress) => transaction.Connection!.ExecuteAsync(ProgressSql, progress, transaction);

    private const string FinishSql = """
        UPDATE imports
           SET status = @status, error = @message, error_code = @code, file_sha256 = @sha256, finished_at = @now
         WHERE id = @id
        """;

    internal Task FinishAsync(long id, ImportStatus status, Problem? error, string? sha256) => database.WriteAsync(transaction =>
        transaction.Connection!.ExecuteAsync(FinishSql, new { id, status = (short)status, message = error?.Message, code = error?.Code, sha256, now = Now }, transaction));

    /// <summary>So often in a row an import is begun again by itself without getting further: a file that ends the process does not do so for ever.</summary>
    public const int MostTries = 3;

    /// <summary>Why an import that its process did not end is not complete, and what becomes of it.</summary>
    internal static Problem Interrupted(string? upload, int tries) => (upload, tries) switch
    {
        (null, _) => new Problem("", "interrupted", "The process ended in the middle of it. Import the same file again: rows that are in stay as they are."),
        (_, >= MostTries) => new Problem("", "interruptedOften", $"The process ended in the middle of it, and again each of the {MostTries} times that it went on by itself, without another row. Look into the log of that process, then let it continue."),
        _ => new Problem("", "interruptedKept", "The process ended in the middle of it. It goes on by itself as soon as the process that has its file runs again."),
    };

    private const string RunningSql = "SELECT id, upload, tries FROM imports WHERE status = 0";

    private const string InterruptSql = """
        UPDATE imports
           SET status = 4, finished_at = @now, error_code = @code, error = @message
         WHERE id = @id AND status = 0
        """;

    /// <summary>Marks the imports whose process is gone.</summary>
    internal async Task MarkInterruptedAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, upload, tries) in await database.ReadAsync(connection => connection.QueryAsync<(long, string?, int)>(RunningSql), cancellationToken))
        {
            await using var alive = await ImportLock.TryTakeAsync(database, id, cancellationToken);
            if (alive is null) continue;
            var why = Interrupted(upload, tries);
            await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(InterruptSql, new { id, code = why.Code, message = why.Message, now = Now }, transaction), cancellationToken);
        }
    }

    private const string WaitingSql = """
        SELECT id
          FROM imports
         WHERE status = 4 AND upload IS NOT NULL AND undone_at IS NULL AND tries < @most
         ORDER BY id
        """;

    /// <summary>The imports that go on by themselves where their file is.</summary>
    internal Task<IEnumerable<long>> WaitingAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(connection => connection.QueryAsync<long>(new CommandDefinition(WaitingSql, new { most = MostTries }, cancellationToken: cancellationToken)), cancellationToken);

    private const string ContinueSql = """
        UPDATE imports
           SET status = 0, finished_at = NULL, error = NULL, error_code = NULL, tries = CASE WHEN @byItself THEN tries + 1 ELSE 0 END
         WHERE id = @id AND status IN (2, 3, 4) AND upload = @upload AND undone_at IS NULL AND (tries < @most OR NOT @byItself)
        """;

    // A trial remembers what it would have written, and that is gone: it begins again.
    private const string ForgetTrialSql = "UPDATE imports SET done_bytes = 0, created = 0, updated = 0, unchanged = 0, duplicate = 0, invalid = 0 WHERE id = @id AND is_trial = 1";

    private const string ForgetErrorsSql = "DELETE FROM import_errors WHERE import_id = @id AND EXISTS (SELECT 1 FROM imports WHERE id = @id AND is_trial = 1)";

    /// <summary>Lets an import that ended early run again; false when it is not one, or another got it first.</summary>
    internal static async Task<bool> ContinueAsync(DbTransaction transaction, long id, string upload, bool byItself)
    {
        if (await transaction.Connection!.ExecuteAsync(ContinueSql, new { id, upload, byItself, most = MostTries }, transaction) == 0) return false;
        await transaction.Connection!.ExecuteAsync(ForgetTrialSql, new { id }, transaction);
        await transaction.Connection!.ExecuteAsync(ForgetErrorsSql, new { id }, transaction);
        return true;
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
