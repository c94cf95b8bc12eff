using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>A key of the HTTP API. The key itself is shown once; only its hash is kept.</summary>
internal sealed record ApiKey
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    /// <summary>How the key begins, to tell it from others.</summary>
    public required string Prefix { get; init; }

    /// <summary>What it was made for.</summary>
    public required PermissionSet Scopes { get; init; }

    /// <summary>What it may do now: of what it was made for, what its maker still may.</summary>
    public PermissionSet May { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public ApiKeyState StateAt(DateTimeOffset now) => RevokedAt is not null ? ApiKeyState.Revoked : ExpiresAt <= now ? ApiKeyState.Expired : ApiKeyState.Usable;
}

/// <summary>Whether a key opens anything.</summary>
internal enum ApiKeyState
{
    Usable,
    Expired,
    Revoked,
}

/// <summary>Keys of the HTTP API.</summary>
internal sealed class ApiKeyStore(Database database, AuditStore audit, TimeProvider time)
{
    private const string Mark = "bcs_";
    private const int PrefixLength = 10;
    private const int LongestName = 100;
    private const long LastUsedStepMs = 60_000;

    private const string InsertSql = """
        INSERT INTO api_keys (name, key_hash, prefix, scopes, created_by, created_at, expires_at)
        VALUES (@name, @hash, @prefix, @scopes, @createdBy, @now, @expiresAt)
        RETURNING id
        """;

    private const string Columns = """
        id AS Id, name AS Name, prefix AS Prefix, scopes AS Scopes, created_by AS CreatedBy, created_at AS CreatedAt, expires_at AS ExpiresAt,
        revoked_at AS RevokedAt, last_used_at AS LastUsedAt
        """;

    private const string FindSql = $"""
        SELECT {Columns}
          FROM api_keys
         WHERE key_hash = @hash
        """;

    // A key that was made by a key follows the person behind that one. Keys of this machine's commands have nobody behind them.
    private const string MakerSql = """
        WITH RECURSIVE makers (maker) AS (
            SELECT created_by FROM api_keys WHERE id = @id
            UNION
            SELECT k.created_by FROM makers m JOIN api_keys k ON m.maker = 'key:' || k.id
        )
        SELECT u.role AS Role, r.permissions AS Permissions
          FROM makers m
          JOIN users u ON m.maker = 'user:' || u.id
          LEFT JOIN roles r ON r.id = u.role AND r.deleted_at IS NULL
        """;

    private const string ListSql = $"SELECT {Columns} FROM api_keys ORDER BY id LIMIT 1000";

    private const string RevokeSql = "UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL";

    private const string TouchSql = "UPDATE api_keys SET last_used_at = @now WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @before)";

    /// <summary>Makes a key of permissions that its maker has. The second value is the key: nobody can read it again.</summary>
    public async Task<(ApiKey? Key, string Secret, CommandResult Result)> CreateAsync(string name, PermissionSet scopes, Caller caller, DateTimeOffset? expiresAt = null, CancellationToken cancellationToken = default)
    {
        var now = time.Now();
        if (Check(name, scopes, caller, expiresAt, now) is { Count: > 0 } problems) return (null, "", CommandResult.Invalid([.. problems]));
        var secret = Mark + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var key = new ApiKey { Id = 0, Name = name.Trim(), Prefix = secret[..PrefixLength], Scopes = scopes, CreatedBy = caller.Actor, CreatedAt = Times.Of(now), ExpiresAt = expiresAt };
        var values = new { name = key.Name, hash = Hash(secret), prefix = key.Prefix, scopes = scopes.Write(), createdBy = caller.Actor, now, expiresAt = expiresAt?.ToUnixTimeMilliseconds() };
        var id = await database.WriteAsync(async t =>
        {
            var made = await t.Connection!.ExecuteScalarAsync<long>(InsertSql, values, t);
            await audit.AppendAsync(t, caller.Actor, "key.create", $"key:{made}", key.Name, AuditDiff.Between(null, new { name = key.Name, scopes = scopes.ToString(), expiresAt = key.ExpiresAt }));
            return made;
        }, cancellationToken);
        return (key with { Id = id }, secret, new CommandResult());
    }

    /// <summary>The key that a caller showed, ended or not; null when it is unknown.</summary>
    public async Task<ApiKey?> FindAsync(string secret, CancellationToken cancellationToken = default)
    {
        // Looked up by its hash: how long that takes says nothing about other keys.
        var now = time.Now();
        var (record, maker) = await database.ReadAsync(async connection =>
        {
            var found = await connection.QuerySingleOrDefaultAsync<KeyRecord>(new CommandDefinition(FindSql, new { hash = Hash(secret) }, cancellationToken: cancellationToken));
            return (found, found is null ? null : await connection.QuerySingleOrDefaultAsync<Maker>(new CommandDefinition(MakerSql, new { id = found.Id }, cancellationToken: cancellationToken)));
        }, cancellationToken);
        if (record?.ToKey() is not { } key) return null;
        key = key with { May = maker is null ? key.Scopes : key.Scopes.And(Role.PermissionsOf(maker.Role, maker.Permissions)) };
        if (key.StateAt(time.GetUtcNow()) == ApiKeyState.Usable && (record.LastUsedAt is null || record.LastUsedAt < now - LastUsedStepMs))
        {
            await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(
                new CommandDefinition(TouchSql, new { id = record.Id, now, before = now - LastUsedStepMs }, transaction, cancellationToken: cancellationToken)), cancellationToken);
        }

        return key;
    }

    /// <summary>All keys, revoked ones too.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken = default)
    {
        var records = await database.ReadAsync(connection => connection.QueryAsync<KeyRecord>(new CommandDefinition(ListSql, cancellationToken: cancellationToken)), cancellationToken);
        return [.. records.Select(r => r.ToKey())];
    }

    /// <summary>Ends a key at once. False when there is none, or when it had been ended before.</summary>
    public Task<bool> RevokeAsync(long id, string actor, CancellationToken cancellationToken = default) =>
        database.WriteAsync(async t =>
        {
            if (await t.Connection!.ExecuteAsync(RevokeSql, new { id, now = time.Now() }, t) == 0) return false;
            await audit.AppendAsync(t, actor, "key.revoke", $"key:{id}", changes: AuditDiff.Between(new { revoked = false }, new { revoked = true }));
            return true;
        }, cancellationToken);

    private static List<Problem> Check(string name, PermissionSet scopes, Caller caller, DateTimeOffset? expiresAt, long now)
    {
        var problems = new List<Problem>();
        if (string.IsNullOrWhiteSpace(name) || name.Trim().Length > LongestName) problems.Add(new Problem("name", "keyName", $"A key's name has 1 to {LongestName} characters.", $"{LongestName}"));
        if (scopes == PermissionSet.None) problems.Add(new Problem("scopes", "keyScopes", "A key needs at least one permission."));
        else if (!caller.May.Covers(scopes)) problems.Add(UserAccounts.NotYours(scopes, caller) with { Path = "scopes" });
        if (expiresAt?.ToUnixTimeMilliseconds() <= now) problems.Add(new Problem("expiresAt", "keyEndPast", "A key's end lies in the future."));
        return problems;
    }

    // The key is 256 random bits: a plain hash is enough, a slow one would only slow every request down.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private sealed class Maker
    {
        public int Role { get; init; }

        public string? Permissions { get; init; }
    }

    private sealed class KeyRecord
    {
        public long Id { get; set; }

        public string Name { get; set; } = "";

        public string Prefix { get; set; } = "";

        public string Scopes { get; set; } = "[]";

        public string CreatedBy { get; set; } = "";

        public long CreatedAt { get; set; }

        public long? ExpiresAt { get; set; }

        public long? RevokedAt { get; set; }

        public long? LastUsedAt { get; set; }

        public ApiKey ToKey() => new()
        {
            Id = Id,
            Name = Name,
            Prefix = Prefix,
            Scopes = PermissionSet.Read(Scopes),
            CreatedBy = CreatedBy,
            CreatedAt = Times.Of(CreatedAt),
            ExpiresAt = Times.Of(ExpiresAt),
            RevokedAt = Times.Of(RevokedAt),
            LastUsedAt = Times.Of(LastUsedAt),
        };
    }
}
