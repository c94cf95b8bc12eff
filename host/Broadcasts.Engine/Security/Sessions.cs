using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>A sign-in of somebody in one browser.</summary>
internal sealed class Session
{
    public required string Id { get; init; }

    public long UserId { get; init; }

    public long CreatedAt { get; init; }

    /// <summary>To the minute.</summary>
    public long LastSeenAt { get; init; }

    public string UserAgent { get; init; } = "";

    public string Address { get; init; } = "";
}

/// <summary>A session that holds, and what its person may do now.</summary>
internal sealed record SessionState(long UserId, int Role, PermissionSet May);

/// <summary>Who is signed in where. What is ended here is over at once; other processes notice within <see cref="Freshness"/>.</summary>
internal sealed class Sessions(Database database, TimeProvider time)
{
    /// <summary>How long a process believes what it read.</summary>
    public static TimeSpan Freshness { get; } = TimeSpan.FromSeconds(2);

    /// <summary>A session that nobody used for so long is over.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromDays(7);

    private const long SeenStepMs = 60_000;
    private const int LongestText = 300;
    private const int MostKept = 10_000;

    private readonly ConcurrentDictionary<string, (SessionState? State, long ReadAt)> _read = new(StringComparer.Ordinal);
    private int _epoch;

    private const string StartSql = """
        INSERT INTO sessions (id, user_id, created_at, last_seen_at, user_agent, address)
        VALUES (@id, @userId, @now, @now, @agent, @address)
        """;

    // Old ones go when somebody comes: there are never many.
    private const string TidySql = "DELETE FROM sessions WHERE last_seen_at <= @oldest";

    /// <summary>Begins one; returns its id.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="userAgent">What the browser calls itself.</param>
    /// <param name="address">Where it comes from.</param>
    /// <param name="how">How the person came in, for the audit; null for by password.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string> StartAsync(long userId, string userAgent, string address, Problem? how = null, CancellationToken cancellationToken = default)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(TidySql, new { oldest = Oldest() }, t);
            await t.Connection!.ExecuteAsync(StartSql, new { id, userId, now = time.Now(), agent = Cut(userAgent), address = Cut(address) }, t);
            Audit(t, userId, "user.signedIn", how);
        }, cancellationToken);
        return id;
    }

    private const string FindSql = """
        SELECT s.user_id AS UserId, s.last_seen_at AS LastSeenAt, u.role AS Role, r.permissions AS Permissions
          FROM sessions s
          JOIN users u ON u.id = s.user_id
          LEFT JOIN roles r ON r.id = u.role AND r.deleted_at IS NULL
         WHERE s.id = @id AND s.last_seen_at > @oldest AND u.disabled_at IS NULL
        """;

    private const string SeenSql = "UPDATE sessions SET last_seen_at = @now WHERE id = @id AND last_seen_at < @before";

    /// <summary>What a session is good for; null when it is over.</summary>
    public async Task<SessionState?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        var now = time.Now();
        if (_read.TryGetValue(id, out var known) && now - known.ReadAt < Freshness.TotalMilliseconds && now >= known.ReadAt) return known.State;
        var epoch = Volatile.Read(ref _epoch);
        var row = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<Row>(new CommandDefinition(FindSql, new { id, oldest = Oldest() }, cancellationToken: cancellationToken)), cancellationToken);
        var state = row is null ? null : new SessionState(row.UserId, row.Role, Role.PermissionsOf(row.Role, row.Permissions));
        if (_read.Count > MostKept) _read.Clear();
        _read[id] = (state, now);
        // What was read before something ended must not be believed after it.
        if (epoch != Volatile.Read(ref _epoch)) _read.TryRemove(id, out _);
        if (row is not null && row.LastSeenAt < now - SeenStepMs)
            await database.WriteAsync(t => t.Connection!.ExecuteAsync(SeenSql, new { id, now, before = now - SeenStepMs }, t), cancellationToken);
        return state;
    }

    private const string ListSql = """
        SELECT id AS Id, user_id AS UserId, created_at AS CreatedAt, last_seen_at AS LastSeenAt, user_agent AS UserAgent, address AS Address
          FROM sessions
         WHERE user_id = @userId AND last_seen_at > @oldest
         ORDER BY last_seen_at DESC, id
         LIMIT 200
        """;

    /// <summary>Where somebody is signed in, the last used first.</summary>
    public async Task<IReadOnlyList<Session>> ListAsync(long userId, CancellationToken cancellationToken = default) =>
        [.. await database.ReadAsync(c => c.QueryAsync<Session>(new CommandDefinition(ListSql, new { userId, oldest = Oldest() }, cancellationToken: cancellationToken)), cancellationToken)];

    private const string EndSql = "DELETE FROM sessions WHERE id = @id AND user_id = @userId";

    /// <summary>Signs somebody out.</summary>
    public async Task SignOutAsync(string id, long userId)
    {
        await database.WriteAsync(async t =>
        {
            if (await EndAsync(t, id, userId)) Audit(t, userId, "user.signedOut");
        });
        ForgetWhatWasRead();
    }

    /// <summary>Ends one of somebody's in the transaction of the reason; false when there is none. Call <see cref="ForgetWhatWasRead"/> after it.</summary>
    public static async Task<bool> EndAsync(DbTransaction transaction, string id, long userId) =>
        await transaction.Connection!.ExecuteAsync(EndSql, new { id, userId }, transaction) == 1;

    private const string EndAllSql = "DELETE FROM sessions WHERE user_id = @userId AND id <> @except";

    /// <summary>Ends somebody's, all but one, in the transaction of the reason. Call <see cref="ForgetWhatWasRead"/> after it.</summary>
    public static Task<int> EndAllAsync(DbTransaction transaction, long userId, string except = "") =>
        transaction.Connection!.ExecuteAsync(EndAllSql, new { userId, except }, transaction);

    /// <summary>What this process read is asked for anew: something ended, or a role changed.</summary>
    public void ForgetWhatWasRead()
    {
        Interlocked.Increment(ref _epoch);
        _read.Clear();
    }

    private void Audit(DbTransaction transaction, long userId, string action, Problem? said = null) => AuditChain.Append(transaction, new AuditAct
    {
        At = time.Now(), Actor = UserAccounts.SubjectOf(userId), Action = action, Subject = UserAccounts.SubjectOf(userId), Detail = said?.Message, Told = Told.Write(said),
    });

    private long Oldest() => time.Now() - (long)Lifetime.TotalMilliseconds;

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText];

    private sealed class Row
    {
        public long UserId { get; init; }

        public long LastSeenAt { get; init; }

        public int Role { get; init; }

        public string? Permissions { get; init; }
    }
}
