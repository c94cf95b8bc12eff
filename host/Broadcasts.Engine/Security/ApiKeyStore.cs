using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
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

    public required string[] Scopes { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>To the minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
}

/// <summary>Keys of the HTTP API.</summary>
internal sealed class ApiKeyStore(Database database, TimeProvider time)
{
    private const string Mark = "bcs_";
    private const int PrefixLength = 10;
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
         WHERE key_hash = @hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @now)
        """;

    private const string ListSql = $"SELECT {Columns} FROM api_keys ORDER BY id LIMIT 1000";

    private const string RevokeSql = "UPDATE api_keys SET revoked_at = @now WHERE id = @id AND revoked_at IS NULL";

    private const string TouchSql = "UPDATE api_keys SET last_used_at = @now WHERE id = @id AND (last_used_at IS NULL OR last_used_at < @before)";

    /// <summary>Makes a key. The second value is the key: nobody can read it again.</summary>
    public async Task<(ApiKey Key, string Secret)> CreateAsync(string name, IReadOnlyCollection<string> scopes, string createdBy, DateTimeOffset? expiresAt = null, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrWhiteSpace(name)) throw new ArgumentException("A key needs a name.", nameof(name));
        if (ApiScopes.Unknown(scopes) is { } unknown) throw new ArgumentException($"There is no scope '{unknown}'. Scopes: {string.Join(", ", ApiScopes.All)}.", nameof(scopes));

        var secret = Mark + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = time.Now();
        var key = new ApiKey
        {
            Id = 0,
            Name = name.Trim(),
            Prefix = secret[..PrefixLength],
            Scopes = [.. scopes.Distinct()],
            CreatedBy = createdBy,
            CreatedAt = Times.Of(now),
            ExpiresAt = expiresAt,
        };
        var id = await database.WriteAsync(transaction => transaction.Connection!.ExecuteScalarAsync<long>(new CommandDefinition(InsertSql, new
        {
            name = key.Name,
            hash = Hash(secret),
            prefix = key.Prefix,
            scopes = JsonSerializer.Serialize(key.Scopes),
            createdBy,
            now,
            expiresAt = expiresAt?.ToUnixTimeMilliseconds(),
        }, transaction, cancellationToken: cancellationToken)), cancellationToken);
        return (key with { Id = id }, secret);
    }

    /// <summary>The key that a caller showed; null when it is unknown, revoked or expired.</summary>
    public async Task<ApiKey?> FindAsync(string secret, CancellationToken cancellationToken = default)
    {
        // Looked up by its hash: how long that takes says nothing about other keys.
        var now = time.Now();
        var record = await database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<KeyRecord>(
            new CommandDefinition(FindSql, new { hash = Hash(secret), now }, cancellationToken: cancellationToken)), cancellationToken);
        if (record is null) return null;
        if (record.LastUsedAt is null || record.LastUsedAt < now - LastUsedStepMs)
        {
            await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(
                new CommandDefinition(TouchSql, new { id = record.Id, now, before = now - LastUsedStepMs }, transaction, cancellationToken: cancellationToken)), cancellationToken);
        }

        return record.ToKey();
    }

    /// <summary>All keys, revoked ones too.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(CancellationToken cancellationToken = default)
    {
        var records = await database.ReadAsync(connection => connection.QueryAsync<KeyRecord>(new CommandDefinition(ListSql, cancellationToken: cancellationToken)), cancellationToken);
        return [.. records.Select(r => r.ToKey())];
    }

    /// <summary>Ends a key at once. False when there is none, or when it had been ended before.</summary>
    public async Task<bool> RevokeAsync(long id, CancellationToken cancellationToken = default) =>
        await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(
            new CommandDefinition(RevokeSql, new { id, now = time.Now() }, transaction, cancellationToken: cancellationToken)), cancellationToken) == 1;

    // The key is 256 random bits: a plain hash is enough, a slow one would only slow every request down.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

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
            Scopes = JsonSerializer.Deserialize<string[]>(Scopes) ?? [],
            CreatedBy = CreatedBy,
            CreatedAt = Times.Of(CreatedAt),
            ExpiresAt = Times.Of(ExpiresAt),
            RevokedAt = Times.Of(RevokedAt),
            LastUsedAt = Times.Of(LastUsedAt),
        };
    }
}

/// <summary>What a key may do.</summary>
internal static class ApiScopes
{
    /// <summary>See everything but secrets.</summary>
    public const string Read = "read";

    /// <summary>Change contacts, imports, fields, tags, segments and files.</summary>
    public const string Contacts = "contacts";

    /// <summary>Take contacts out as a file: a right of its own, which no other but <see cref="Admin"/> holds.</summary>
    public const string Export = "export";

    /// <summary>Write broadcasts and forecast them.</summary>
    public const string Broadcasts = "broadcasts";

    /// <summary>Send, schedule, pause, resume, cancel; test messages; single messages.</summary>
    public const string Send = "send";

    /// <summary>Channels and plugins.</summary>
    public const string Channels = "channels";

    /// <summary>Everything.</summary>
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Read, Contacts, Export, Broadcasts, Send, Channels, Admin];

    /// <summary>The first scope that does not exist; null when all do.</summary>
    public static string? Unknown(IEnumerable<string> scopes) => scopes.FirstOrDefault(s => !All.Contains(s, StringComparer.Ordinal));

    /// <summary>True when these scopes cover one. Every scope that changes something also reads.</summary>
    public static bool Allow(IReadOnlyCollection<string> granted, string needed) =>
        granted.Contains(Admin) || granted.Contains(needed) || (needed == Read && granted.Count > 0);
}
