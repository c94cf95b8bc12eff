using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>What is known of a request that came with an Idempotency-Key.</summary>
internal enum IdempotencyState
{
    /// <summary>New: do it, then complete or release it.</summary>
    Fresh,

    /// <summary>It was done: answer the same.</summary>
    Done,

    /// <summary>The key was used for another request.</summary>
    Other,

    /// <summary>The first request is still being worked on.</summary>
    Running,
}

/// <summary>A begun request.</summary>
internal sealed record IdempotencyStart(IdempotencyState State, int StatusCode = 0, string? Response = null);

/// <summary>Answers of requests by their Idempotency-Key, for 24 hours per caller.</summary>
internal sealed class IdempotencyStore(Database database, TimeProvider time)
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private static readonly TimeSpan PurgeEvery = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromSeconds(60);

    private const string PurgeSql = "DELETE FROM idempotency WHERE created_at < @before";

    private const string InsertSql = """
        INSERT INTO idempotency (api_key_id, idempotency_key, request_hash, response, created_at)
        VALUES (@caller, @key, @hash, @owner, @now)
        ON CONFLICT (api_key_id, idempotency_key) DO NOTHING
        """;

    private const string ReadSql = """
        SELECT request_hash AS RequestHash, status_code AS StatusCode, response AS Response, created_at AS CreatedAt
          FROM idempotency
         WHERE api_key_id = @caller AND idempotency_key = @key
        """;

    // The process that began it is gone: this one goes on in its place. The old owner in the condition lets only one take it.
    private const string TakeOverSql = """
        UPDATE idempotency SET response = @owner, created_at = @now
         WHERE api_key_id = @caller AND idempotency_key = @key AND status_code IS NULL AND response = @old
        """;

    private const string CompleteSql = """
        UPDATE idempotency SET status_code = @statusCode, response = @response
         WHERE api_key_id = @caller AND idempotency_key = @key AND status_code IS NULL
        """;

    private const string ReleaseSql = "DELETE FROM idempotency WHERE api_key_id = @caller AND idempotency_key = @key AND status_code IS NULL";

    // While a request runs its answer column names the process that works on it.
    private readonly string _owner = Guid.NewGuid().ToString("N");
    private long _nextPurge;

    /// <summary>Begins a request, or tells what became of the first one with this key.</summary>
    /// <param name="caller">The API key's id; users of the console count below zero.</param>
    /// <param name="key">The header's value.</param>
    /// <param name="requestHash">Hash over method, path and body.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public Task<IdempotencyStart> BeginAsync(long caller, string key, string requestHash, CancellationToken cancellationToken = default) =>
        database.WriteAsync(async transaction =>
        {
            var now = time.Now();
            var values = new { caller, key, hash = requestHash, owner = _owner, now };
            if (now >= Interlocked.Read(ref _nextPurge))
            {
                await ExecuteAsync(transaction, PurgeSql, new { before = now - (long)Lifetime.TotalMilliseconds });
                Interlocked.Exchange(ref _nextPurge, now + (long)PurgeEvery.TotalMilliseconds);
            }

            if (await ExecuteAsync(transaction, InsertSql, values) == 1) return new IdempotencyStart(IdempotencyState.Fresh);

            var row = await transaction.Connection!.QuerySingleAsync<Record>(ReadSql, values, transaction);
            if (row.RequestHash != requestHash) return new IdempotencyStart(IdempotencyState.Other);
            if (row.StatusCode is { } statusCode) return new IdempotencyStart(IdempotencyState.Done, statusCode, row.Response);
            if (!IsAbandoned(row, now)) return new IdempotencyStart(IdempotencyState.Running);
            var taken = await ExecuteAsync(transaction, TakeOverSql, new { caller, key, owner = _owner, old = row.Response, now });
            return new IdempotencyStart(taken == 1 ? IdempotencyState.Fresh : IdempotencyState.Running);
        }, cancellationToken);

    /// <summary>Keeps the answer.</summary>
    public Task CompleteAsync(long caller, string key, int statusCode, string response) =>
        database.WriteAsync(transaction => ExecuteAsync(transaction, CompleteSql, new { caller, key, statusCode, response }));

    /// <summary>Nothing was done: the same key may try again.</summary>
    public Task ReleaseAsync(long caller, string key) =>
        database.WriteAsync(transaction => ExecuteAsync(transaction, ReleaseSql, new { caller, key }));

    private bool IsAbandoned(Record row, long now)
    {
        if (row.Response == _owner) return false;
        // An SQLite directory has one process at a time, so another owner is dead for sure; in a cluster it may be a neighbour.
        return !database.Dialect.IsPostgres || now - row.CreatedAt > AbandonedAfter.TotalMilliseconds;
    }

    private static Task<int> ExecuteAsync(DbTransaction transaction, string sql, object values) => transaction.Connection!.ExecuteAsync(sql, values, transaction);

    private sealed class Record
    {
        public string RequestHash { get; set; } = "";

        public int? StatusCode { get; set; }

        public string? Response { get; set; }

        public long CreatedAt { get; set; }
    }
}
