using System.Buffers.Text;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>What a one-time link is good for. The numbers are stored.</summary>
public enum SignInLinkPurpose
{
    /// <summary>Creates the first owner.</summary>
    FirstOwner = 0,

    /// <summary>Signs its user in once.</summary>
    SignIn = 1,
}

/// <summary>A link that can still be used.</summary>
internal sealed class SignInLink
{
    public SignInLinkPurpose Purpose { get; init; }

    /// <summary>Whom it signs in; null for the first owner, who does not exist yet.</summary>
    public long? UserId { get; init; }

    public long ExpiresAt { get; init; }
}

/// <summary>One-time links. The database keeps hashes only: who reads it can't sign in with what he finds.</summary>
internal sealed class SignInLinkStore(Database database, TimeProvider time)
{
    /// <summary>How long a link can be used.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(24);

    private const string WithdrawSql = """
        UPDATE sign_in_links
           SET used_at = @now
         WHERE purpose = @purpose AND used_at IS NULL AND (user_id = @userId OR (user_id IS NULL AND CAST(@userId AS BIGINT) IS NULL))
        """;

    private const string CreateSql = """
        INSERT INTO sign_in_links (token_hash, purpose, user_id, created_at, expires_at)
        VALUES (@hash, @purpose, @userId, @now, @expiresAt)
        """;

    /// <summary>Makes a link's token and withdraws earlier ones of the same purpose and user: only the newest printed link works.</summary>
    public Task<string> CreateAsync(SignInLinkPurpose purpose, long? userId = null, CancellationToken cancellationToken = default) =>
        database.WriteAsync(t => CreateAsync(t, purpose, userId), cancellationToken);

    /// <summary>The same in the transaction of what it belongs to.</summary>
    public async Task<string> CreateAsync(DbTransaction transaction, SignInLinkPurpose purpose, long? userId)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var now = time.GetUtcNow();
        var values = new
        {
            hash = HashOf(token),
            purpose = (int)purpose,
            userId,
            now = now.ToUnixTimeMilliseconds(),
            expiresAt = (now + Lifetime).ToUnixTimeMilliseconds(),
        };
        await transaction.Connection!.ExecuteAsync(WithdrawSql, values, transaction);
        await transaction.Connection!.ExecuteAsync(CreateSql, values, transaction);
        return token;
    }

    /// <summary>Makes somebody's links void.</summary>
    public Task WithdrawAsync(DbTransaction transaction, SignInLinkPurpose purpose, long? userId) =>
        transaction.Connection!.ExecuteAsync(WithdrawSql, new { purpose = (int)purpose, userId, now = time.Now() }, transaction);

    private const string FindSql = """
        SELECT purpose AS Purpose, user_id AS UserId, expires_at AS ExpiresAt
          FROM sign_in_links
         WHERE token_hash = @hash AND used_at IS NULL AND expires_at > @now
        """;

    /// <summary>The link of a token without using it up; null when it is unknown, used or expired.</summary>
    public Task<SignInLink?> FindAsync(string token, CancellationToken cancellationToken = default) =>
        database.ReadAsync(
            c => c.QuerySingleOrDefaultAsync<SignInLink>(
                new CommandDefinition(FindSql, new { hash = HashOf(token), now = time.GetUtcNow().ToUnixTimeMilliseconds() }, cancellationToken: cancellationToken)),
            cancellationToken);

    // Compare-and-set: of two clicks at the same moment one finds the link used.
    private const string UseSql = """
        UPDATE sign_in_links
           SET used_at = @now
         WHERE token_hash = @hash AND used_at IS NULL AND expires_at > @now
        """;

    /// <summary>Uses the link up. False when it is unknown, used or expired.</summary>
    public async Task<bool> UseAsync(string token, CancellationToken cancellationToken = default) =>
        await database.WriteAsync(
            t => t.Connection!.ExecuteAsync(UseSql, new { hash = HashOf(token), now = time.GetUtcNow().ToUnixTimeMilliseconds() }, t),
            cancellationToken) == 1;

    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
