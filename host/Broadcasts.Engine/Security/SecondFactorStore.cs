using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>Second factors: secrets of authenticators, encrypted, and recovery codes, of which only hashes are kept.</summary>
internal sealed class SecondFactorStore(Database database, ISecretProtector protector, Sessions sessions, AuditStore audit, TimeProvider time)
{
    /// <summary>How many recovery codes somebody gets.</summary>
    public const int RecoveryCodes = 10;

    private const int HalfLength = 8;
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    private const string PendingSql = "SELECT totp_secret FROM users WHERE id = @id AND totp_since IS NULL";

    private const string PrepareSql = "UPDATE users SET totp_secret = @secret, totp_step = 0 WHERE id = @id AND totp_since IS NULL AND totp_secret IS NULL";

    /// <summary>The secret that somebody is about to put into an authenticator, the same until a code of it came. Null when the second factor is on.</summary>
    public async Task<string?> PrepareAsync(long userId, CancellationToken cancellationToken = default)
    {
        var made = protector.Protect(Totp.NewSecret());
        var secret = await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync(PrepareSql, new { id = userId, secret = made }, t);
            return await t.Connection!.QuerySingleOrDefaultAsync<string?>(PendingSql, new { id = userId }, t);
        }, cancellationToken);
        return secret is null ? null : protector.Unprotect(secret);
    }

    private const string TurnOnSql = "UPDATE users SET totp_since = @now, totp_step = @step WHERE id = @id AND totp_since IS NULL AND totp_secret = @secret";

    /// <summary>Asks for the second factor from now on, when the code is right; other sessions than the one end.</summary>
    /// <returns>The recovery codes, which nobody can read again; null when the code is wrong.</returns>
    public async Task<IReadOnlyList<string>?> TurnOnAsync(long userId, string code, string session, CancellationToken cancellationToken = default)
    {
        var stored = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(PendingSql, new { id = userId }, cancellationToken: cancellationToken)), cancellationToken);
        if (stored is null || Totp.StepOf(protector.Unprotect(stored), code, time.GetUtcNow()) is not { } step) return null;
        var codes = NewCodes();
        var isOn = await database.WriteAsync(async t =>
        {
            if (await t.Connection!.ExecuteAsync(TurnOnSql, new { id = userId, now = time.Now(), step, secret = stored }, t) == 0) return false;
            await ReplaceCodesAsync(t, userId, codes);
            await Sessions.EndAllAsync(t, userId, session);
            await audit.AppendAsync(t, UserAccounts.SubjectOf(userId), "user.secondFactorOn", UserAccounts.SubjectOf(userId));
            return true;
        }, cancellationToken);
        sessions.ForgetWhatWasRead();
        return isOn ? codes : null;
    }

    private const string SecretSql = "SELECT totp_secret FROM users WHERE id = @id AND totp_since IS NOT NULL";

    // Compare-and-set: a code that was seen over a shoulder or sent twice is of a step that was taken.
    private const string TakeStepSql = "UPDATE users SET totp_step = @step WHERE id = @id AND totp_since IS NOT NULL AND totp_step < @step";

    private const string TakeCodeSql = "UPDATE recovery_codes SET used_at = @now WHERE user_id = @id AND code_hash = @hash AND used_at IS NULL";

    /// <summary>True when the code is of the authenticator, or a recovery code; neither is taken twice.</summary>
    public async Task<bool> TakeAsync(long userId, string code, CancellationToken cancellationToken = default)
    {
        var stored = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(new CommandDefinition(SecretSql, new { id = userId }, cancellationToken: cancellationToken)), cancellationToken);
        if (stored is null) return false;
        if (Totp.StepOf(protector.Unprotect(stored), code, time.GetUtcNow()) is { } step)
            return await database.WriteAsync(t => t.Connection!.ExecuteAsync(TakeStepSql, new { id = userId, step }, t), cancellationToken) == 1;
        return await database.WriteAsync(async t =>
        {
            if (await t.Connection!.ExecuteAsync(TakeCodeSql, new { id = userId, hash = HashOf(code), now = time.Now() }, t) == 0) return false;
            await audit.AppendAsync(t, UserAccounts.SubjectOf(userId), "user.recoveryCode", UserAccounts.SubjectOf(userId));
            return true;
        }, cancellationToken);
    }

    private const string LeftSql = "SELECT count(*) FROM recovery_codes WHERE user_id = @userId AND used_at IS NULL";

    /// <summary>How many recovery codes are left.</summary>
    public Task<int> CodesLeftAsync(long userId, CancellationToken cancellationToken = default) =>
        database.ReadAsync(c => c.ExecuteScalarAsync<int>(new CommandDefinition(LeftSql, new { userId }, cancellationToken: cancellationToken)), cancellationToken);

    /// <summary>New recovery codes in place of the old ones.</summary>
    public async Task<IReadOnlyList<string>> RenewCodesAsync(long userId, CancellationToken cancellationToken = default)
    {
        var codes = NewCodes();
        await database.WriteAsync(async t =>
        {
            await ReplaceCodesAsync(t, userId, codes);
            await audit.AppendAsync(t, UserAccounts.SubjectOf(userId), "user.recoveryCodesNew", UserAccounts.SubjectOf(userId));
        }, cancellationToken);
        return codes;
    }

    /// <summary>The second factor is not asked for any more.</summary>
    public Task TurnOffAsync(long userId, CancellationToken cancellationToken = default) => database.WriteAsync(async t =>
    {
        await RemoveAsync(t, userId);
        await audit.AppendAsync(t, UserAccounts.SubjectOf(userId), "user.secondFactorOff", UserAccounts.SubjectOf(userId));
    }, cancellationToken);

    private const string RemoveSql = "UPDATE users SET totp_secret = NULL, totp_since = NULL, totp_step = 0 WHERE id = @id";

    private const string RemoveCodesSql = "DELETE FROM recovery_codes WHERE user_id = @id";

    /// <summary>Removes it in the transaction of the reason.</summary>
    public static async Task RemoveAsync(DbTransaction transaction, long userId)
    {
        await transaction.Connection!.ExecuteAsync(RemoveSql, new { id = userId }, transaction);
        await transaction.Connection!.ExecuteAsync(RemoveCodesSql, new { id = userId }, transaction);
    }

    private const string AddCodeSql = "INSERT INTO recovery_codes (user_id, code_hash) VALUES (@id, @hash)";

    private static async Task ReplaceCodesAsync(DbTransaction transaction, long userId, IReadOnlyList<string> codes)
    {
        await transaction.Connection!.ExecuteAsync(RemoveCodesSql, new { id = userId }, transaction);
        foreach (var code in codes) await transaction.Connection!.ExecuteAsync(AddCodeSql, new { id = userId, hash = HashOf(code) }, transaction);
    }

    private static List<string> NewCodes() => [.. Enumerable.Range(0, RecoveryCodes).Select(_ => $"{RandomNumberGenerator.GetString(Letters, HalfLength)}-{RandomNumberGenerator.GetString(Letters, HalfLength)}")];

    // 80 random bits: a plain hash is enough, as it is for keys of the API.
    private static string HashOf(string code) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(code.Where(char.IsLetterOrDigit)).ToUpperInvariant())));
}
