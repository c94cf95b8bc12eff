using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Jobs;

// What moves a job on: each change names the state that it leaves, so that a second process, or one that was thought dead, changes nothing.
internal sealed partial class JobStore
{
    private const string OpenSql = "SELECT id FROM jobs WHERE status IN (0, 1, 5) ORDER BY id";

    /// <summary>Those that are not at their end, the oldest first.</summary>
    public Task<IReadOnlyList<long>> OpenAsync(CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<long>>(async connection =>
        (await connection.QueryAsync<long>(new CommandDefinition(OpenSql, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string BeginSql = """
        UPDATE jobs
           SET status = 1, started_at = COALESCE(started_at, @now)
         WHERE id = @id AND status IN (0, 1, 5)
        """;

    private const string ContactsSql = "SELECT contacts FROM jobs WHERE id = @id";

    /// <summary>Begins it or goes on with it; null when it has ended meanwhile.</summary>
    public async Task<(Job Job, long[]? Contacts)?> BeginAsync(long id, CancellationToken cancellationToken)
    {
        if (await database.WriteAsync(t => t.Connection!.ExecuteAsync(BeginSql, new { id, now = time.Now() }, t), cancellationToken) == 0) return null;
        var contacts = await database.ReadAsync(connection => connection.ExecuteScalarAsync<string?>(ContactsSql, new { id }), cancellationToken);
        return await GetAsync(id, cancellationToken) is { } job ? (job, contacts is null ? null : JsonSerializer.Deserialize<long[]>(contacts)) : null;
    }

    private const string LockSql = "SELECT status FROM jobs WHERE id = @Id AND position = @Position";

    private const string AdvanceSql = """
        UPDATE jobs
           SET position = @next, done = @Done, changed = @Changed, unchanged = @Unchanged, refused = @Refused, written = @Written, bytes = bytes + @bytes
         WHERE id = @id
        """;

    private const string RefuseSql = "INSERT INTO job_refusals (job_id, contact_id, code, reason) VALUES (@job, @ContactId, @Code, @Reason)";

    private const string ChunkSql = """
        INSERT INTO job_chunks (job_id, number, body)
        VALUES (@id, (SELECT COALESCE(MAX(number), 0) + 1 FROM job_chunks WHERE job_id = @id), @body)
        """;

    /// <summary>Does a piece and writes down how far the job is, in one transaction: after a crash the piece is done and counted, or neither.</summary>
    /// <returns>The job behind the piece; null when it is not this process's any more: it was cancelled, or somebody else went on with it.</returns>
    public Task<Job?> AdvanceAsync(Job job, JobPiece piece, CancellationToken cancellationToken) => database.WriteAsync(async transaction =>
    {
        var connection = transaction.Connection!;
        // Locked before anything is done: whoever cancels waits for the piece, and hears what it did.
        var status = await connection.ExecuteScalarAsync<int?>($"{LockSql} {database.Dialect.ForUpdate}", new { job.Id, job.Position }, transaction);
        if (status != (int)JobStatus.Running) return null;

        var refusals = new List<JobRefusal>();
        var counts = job.Counts.Plus(piece.Apply is null ? piece.Counts : await piece.Apply(transaction, refusals, cancellationToken));
        foreach (var refusal in refusals) await connection.ExecuteAsync(RefuseSql, new { job = job.Id, refusal.ContactId, refusal.Code, refusal.Reason }, transaction);
        if (piece.Lines is { Length: > 0 }) await connection.ExecuteAsync(ChunkSql, new { id = job.Id, body = JobFile.Pack(piece.Lines) }, transaction);
        var bytes = piece.Lines?.Length ?? 0;
        await connection.ExecuteAsync(AdvanceSql, new { id = job.Id, next = piece.Position, counts.Done, counts.Changed, counts.Unchanged, counts.Refused, counts.Written, bytes }, transaction);
        return job with { Position = piece.Position, Counts = counts, Bytes = job.Bytes + bytes };
    }, cancellationToken);

    private const string FinishSql = """
        UPDATE jobs
           SET status = @status, error = @error, told = @told, finished_at = @now, expires_at = @expiresAt
         WHERE id = @id AND status = 1
        """;

    /// <summary>It is at its end, or can't go on.</summary>
    public Task FinishAsync(Job job, Problem? error = null, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        var now = time.Now();
        long? expiresAt = job.Act.IsExport() && error is null ? now + (long)options.JobFileLifetime.TotalMilliseconds : null;
        var status = error is null ? JobStatus.Done : JobStatus.Failed;
        var values = new { id = job.Id, status = (short)status, error = error?.Message, told = Told.Write(error), now, expiresAt };
        if (await transaction.Connection!.ExecuteAsync(FinishSql, values, transaction) == 1) await EndedAsync(transaction, job.Id, job.CreatedBy, now);
    }, cancellationToken);

    private const string InterruptSql = "UPDATE jobs SET status = 5 WHERE id = @id AND status = 1";

    /// <summary>Its process was asked to end: the next one goes on.</summary>
    public Task InterruptAsync(long id) => database.WriteAsync(t => t.Connection!.ExecuteAsync(InterruptSql, new { id }, t));

    private const string DownloadedSql = "SELECT body FROM job_chunks WHERE job_id = @id AND number = @number";

    /// <summary>A piece of the file, from 1; null behind the last.</summary>
    public Task<byte[]?> ChunkAsync(long id, int number, CancellationToken cancellationToken) => database.ReadAsync(connection =>
        connection.ExecuteScalarAsync<byte[]?>(new CommandDefinition(DownloadedSql, new { id, number }, cancellationToken: cancellationToken)), cancellationToken);

    private const string ExpiredSql = "SELECT j.id FROM jobs j WHERE j.expires_at <= @now AND EXISTS (SELECT 1 FROM job_chunks c WHERE c.job_id = j.id) LIMIT 1";

    private const string PurgeSql = """
        DELETE FROM job_chunks
         WHERE job_id = @id AND number IN (SELECT c.number FROM job_chunks c WHERE c.job_id = @id ORDER BY c.number LIMIT 50)
        """;

    /// <summary>Takes away files whose time is over, a few pieces at a time.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        while (await database.ReadAsync(connection => connection.ExecuteScalarAsync<long?>(ExpiredSql, new { now = time.Now() }), cancellationToken) is { } id)
            await database.WriteAsync(t => t.Connection!.ExecuteAsync(PurgeSql, new { id }, t), cancellationToken);
    }
}
