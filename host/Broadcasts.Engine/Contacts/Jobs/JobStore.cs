using System.Data.Common;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Jobs;

/// <summary>The jobs and how far they are.</summary>
internal sealed partial class JobStore(Database database, AuditStore audit, EngineOptions options, TimeProvider time)
{
    private const string Columns = """
        id AS Id, act AS Act, status AS Status, spec AS Spec, CASE WHEN contacts IS NULL THEN 0 ELSE 1 END AS Picked, mark AS Mark, position AS Position, total AS Total, done AS Done, changed AS Changed,
        unchanged AS Unchanged, refused AS Refused, written AS Written, bytes AS Bytes, error AS Error, told AS Told, created_by AS CreatedBy, created_at AS CreatedAt, started_at AS StartedAt,
        finished_at AS FinishedAt, cancelled_by AS CancelledBy, expires_at AS ExpiresAt
        """;

    private const string GetSql = $"SELECT {Columns} FROM jobs WHERE id = @id";

    public Task<Job?> GetAsync(long id, CancellationToken cancellationToken = default) => database.ReadAsync(async connection =>
        (await connection.QuerySingleOrDefaultAsync<JobRow>(new CommandDefinition(GetSql, new { id }, cancellationToken: cancellationToken)))?.ToJob(), cancellationToken);

    private const string ListSql = $"SELECT {Columns} FROM jobs WHERE (@before = 0 OR id < @before) ORDER BY id DESC LIMIT @limit";

    /// <summary>Newest first, behind the cursor.</summary>
    public Task<IReadOnlyList<Job>> ListAsync(long? cursor = null, int limit = 50, CancellationToken cancellationToken = default) => database.ReadAsync<IReadOnlyList<Job>>(async connection =>
        [.. (await connection.QueryAsync<JobRow>(new CommandDefinition(ListSql, new { before = cursor ?? 0, limit }, cancellationToken: cancellationToken))).Select(r => r.ToJob())], cancellationToken);

    private const string RefusalsSql = """
        SELECT contact_id AS ContactId, code AS Code, reason AS Reason
          FROM job_refusals
         WHERE job_id = @id AND contact_id > @after
         ORDER BY contact_id
         LIMIT @limit
        """;

    /// <summary>With whom it could not be done, behind the contact of the given id.</summary>
    public Task<IReadOnlyList<JobRefusal>> RefusalsAsync(long id, long after, int limit, CancellationToken cancellationToken = default) => database.ReadAsync<IReadOnlyList<JobRefusal>>(async connection =>
        (await connection.QueryAsync<JobRefusal>(new CommandDefinition(RefusalsSql, new { id, after, limit }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string OpenCountSql = "SELECT COUNT(*) FROM jobs WHERE status IN (0, 1, 5)";

    /// <summary>How many are not at their end.</summary>
    public Task<long> CountOpenAsync(CancellationToken cancellationToken) => database.ReadAsync(connection =>
        connection.ExecuteScalarAsync<long>(new CommandDefinition(OpenCountSql, cancellationToken: cancellationToken)), cancellationToken);

    private const string InsertSql = """
        INSERT INTO jobs (act, status, spec, contacts, mark, total, once, created_by, created_at)
        VALUES (@act, 0, @spec, @contacts, @mark, @total, @once, @actor, @now)
        ON CONFLICT (once) DO NOTHING
        RETURNING id
        """;

    private const string OnceSql = "SELECT id FROM jobs WHERE once = @once";

    /// <summary>Writes a job down; it begins by itself.</summary>
    public Task<long> AddAsync(JobRequest request, JobSpec spec, long[]? contacts, long mark, long total, string actor, CancellationToken cancellationToken) => database.WriteAsync(async transaction =>
    {
        var values = new
        {
            act = (short)request.Act, spec = JsonSerializer.Serialize(spec, Json), contacts = contacts is null ? null : JsonSerializer.Serialize(contacts), mark, total, once = request.Once, actor, now = time.Now(),
        };
        if (await transaction.Connection!.ExecuteScalarAsync<long?>(InsertSql, values, transaction) is not { } id) return await transaction.Connection!.ExecuteScalarAsync<long>(OnceSql, values, transaction);
        await audit.AppendAsync(transaction, actor, $"job.{Word(request.Act)}", Subject(id), InWords(spec, total, contacts is not null));
        return id;
    }, cancellationToken);

    private const string CancelSql = """
        UPDATE jobs
           SET status = 4, cancelled_by = @actor, finished_at = @now
         WHERE id = @id AND status IN (0, 1, 5)
        """;

    /// <summary>Ends it where it is: what is done stays done.</summary>
    public Task<CommandResult> CancelAsync(long id, string actor, CancellationToken cancellationToken = default) => database.WriteAsync(async transaction =>
    {
        var now = time.Now();
        if (await transaction.Connection!.ExecuteAsync(CancelSql, new { id, actor, now }, transaction) == 1)
        {
            await EndedAsync(transaction, id, actor, now);
            return new CommandResult();
        }

        return (await transaction.Connection!.QuerySingleOrDefaultAsync<JobRow>(GetSql, new { id }, transaction))?.ToJob() is { } job
            ? CommandResult.Refused(new Problem("", "jobEnded", $"Job {id} has ended already: it is {Word(job.Status)}.", $"{id}"))
            : CommandResult.NotFound($"Job {id}");
    }, cancellationToken);

    // The file of a job that did not come to its end is no use to anybody.
    private const string EndedSql = "UPDATE jobs SET expires_at = @now WHERE id = @id AND status IN (3, 4)";

    private async Task EndedAsync(DbTransaction transaction, long id, string actor, long now)
    {
        await transaction.Connection!.ExecuteAsync(EndedSql, new { id, now }, transaction);
        var job = (await transaction.Connection!.QuerySingleAsync<JobRow>(GetSql, new { id }, transaction)).ToJob();
        var (counts, error) = (job.Counts, job.Error is null ? "" : $"; {job.Error}");
        var done = job.Act.IsExport() ? $"{counts.Written} lines" : $"{counts.Changed} changed, {counts.Unchanged} unchanged, {counts.Refused} refused";
        await audit.AppendAsync(transaction, actor, $"job.{Word(job.Status)}", Subject(id), string.Create(CultureInfo.InvariantCulture, $"{counts.Done} of {job.Total}: {done}{error}"));
    }

    private static string InWords(JobSpec spec, long total, bool isPicked)
    {
        var what = spec switch { { Tag: { } tag } => $"; '{tag}'", { Field: { } field } => $"; {field} = '{spec.Value}'", _ => "" };
        var whom = isPicked ? "picked" : spec.Suppressions is { } filter ? Export.SuppressionExport.InWords(filter) : $"{spec.Audience}";
        return string.Create(CultureInfo.InvariantCulture, $"{total}: {whom}{what}");
    }

    private static string Word(Enum value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static string Subject(long id) => string.Create(CultureInfo.InvariantCulture, $"job:{id}");

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private sealed class JobRow
    {
        public long Id { get; init; }

        public int Act { get; init; }

        public int Status { get; init; }

        public string Spec { get; init; } = "{}";

        public int Picked { get; init; }

        public long Mark { get; init; }

        public string Position { get; init; } = "";

        public long Total { get; init; }

        public long Done { get; init; }

        public long Changed { get; init; }

        public long Unchanged { get; init; }

        public long Refused { get; init; }

        public long Written { get; init; }

        public long Bytes { get; init; }

        public string? Error { get; init; }

        public string? Told { get; init; }

        public string CreatedBy { get; init; } = "";

        public long CreatedAt { get; init; }

        public long? StartedAt { get; init; }

        public long? FinishedAt { get; init; }

        public string? CancelledBy { get; init; }

        public long? ExpiresAt { get; init; }

        public Job ToJob() => new()
        {
            Id = Id,
            Act = (JobAct)Act,
            Status = (JobStatus)Status,
            Spec = JsonSerializer.Deserialize<JobSpec>(Spec, Json)!,
            IsPicked = Picked == 1,
            Mark = Mark,
            Position = Position,
            Total = Total,
            Counts = new JobCounts { Done = Done, Changed = Changed, Unchanged = Unchanged, Refused = Refused, Written = Written },
            Bytes = Bytes,
            Error = Error,
            Told = Broadcasting.Told.Read(Told),
            CreatedBy = CreatedBy,
            CreatedAt = CreatedAt,
            StartedAt = StartedAt,
            FinishedAt = FinishedAt,
            CancelledBy = CancelledBy,
            ExpiresAt = ExpiresAt,
        };
    }
}
