using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>The people who sign in to the console.</summary>
internal sealed class UserStore(Database database, TimeProvider time)
{
    private const string Columns = """
        id AS Id, email AS Email, name AS Name, role AS Role, password_hash AS PasswordHash, security_stamp AS SecurityStamp,
        failed_sign_ins AS FailedSignIns, locked_until AS LockedUntil, language AS Language, time_zone AS TimeZone, theme AS Theme,
        disabled_at AS DisabledAt, created_at AS CreatedAt, last_sign_in_at AS LastSignInAt, totp_since AS TotpSince
        """;

    private const string AnySql = "SELECT count(*) FROM users";

    /// <summary>False before the first owner exists.</summary>
    public async Task<bool> AnyAsync(CancellationToken cancellationToken = default) =>
        await database.ReadAsync(c => c.ExecuteScalarAsync<long>(new CommandDefinition(AnySql, cancellationToken: cancellationToken)), cancellationToken) > 0;

    private const string FindSql = $"SELECT {Columns} FROM users WHERE id = @id";

    public Task<User?> FindAsync(long id, CancellationToken cancellationToken = default) =>
        database.ReadAsync(c => c.QuerySingleOrDefaultAsync<User>(new CommandDefinition(FindSql, new { id }, cancellationToken: cancellationToken)), cancellationToken);

    private const string FindByEmailSql = $"SELECT {Columns} FROM users WHERE email_key = @key";

    public Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken = default) =>
        database.ReadAsync(
            c => c.QuerySingleOrDefaultAsync<User>(new CommandDefinition(FindByEmailSql, new { key = KeyOf(email) }, cancellationToken: cancellationToken)),
            cancellationToken);

    private const string ListSql = $"SELECT {Columns} FROM users ORDER BY name, id";

    public async Task<IReadOnlyList<User>> ListAsync(CancellationToken cancellationToken = default) =>
        [.. await database.ReadAsync(c => c.QueryAsync<User>(new CommandDefinition(ListSql, cancellationToken: cancellationToken)), cancellationToken)];

    private const string PageSql = $"""
        SELECT {Columns}
          FROM users
         WHERE id > @after
         ORDER BY id
         LIMIT @limit
        """;

    /// <summary>People from an id on, the oldest first.</summary>
    public async Task<IReadOnlyList<User>> ListAsync(long after, int limit, CancellationToken cancellationToken = default) =>
        [.. await database.ReadAsync(c => c.QueryAsync<User>(new CommandDefinition(PageSql, new { after, limit }, cancellationToken: cancellationToken)), cancellationToken)];

    private const string CreateSql = """
        INSERT INTO users (email, email_key, name, role, password_hash, security_stamp, language, time_zone, theme, created_at)
        VALUES (@Email, @Key, @Name, @Role, @PasswordHash, @SecurityStamp, @Language, @TimeZone, @Theme, @CreatedAt)
        RETURNING id
        """;

    /// <summary>Adds a person who makes the account himself. False when the e-mail address is taken.</summary>
    /// <param name="user">Who.</param>
    /// <param name="said">How it came about, for the audit; null for nothing to say.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<bool> CreateAsync(User user, Problem? said = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await database.WriteAsync(async t =>
            {
                await CreateAsync(t, user);
                Audit(t, user, "user.created", said: said);
            }, cancellationToken);
            return true;
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return false;
        }
    }

    /// <summary>Adds a person in the transaction of what belongs to it. The database refuses an address that is taken.</summary>
    public async Task CreateAsync(DbTransaction transaction, User user)
    {
        user.CreatedAt = time.Now();
        if (user.SecurityStamp.Length == 0) user.SecurityStamp = Guid.NewGuid().ToString("N");
        user.Id = await transaction.Connection!.ExecuteScalarAsync<long>(CreateSql, Values(user), transaction);
    }

    // Role and state are changed by UserAccounts alone: a row that was read before such a change can't take it back.
    // The count of wrong passwords is set back to zero or grows: a row that was read before a guess can't take the guess back.
    private const string UpdateSql = """
        UPDATE users
           SET email = @Email, email_key = @Key, name = @Name, password_hash = @PasswordHash, security_stamp = @SecurityStamp,
               failed_sign_ins = CASE WHEN @FailedSignIns = 0 OR @FailedSignIns > failed_sign_ins THEN @FailedSignIns ELSE failed_sign_ins END, locked_until = @LockedUntil, language = @Language, time_zone = @TimeZone, theme = @Theme,
               last_sign_in_at = @LastSignInAt
         WHERE id = @Id
        """;

    /// <summary>Writes everything but the id, the role, the state and the time of creation: what people change of themselves. False when the person is gone or the address is someone else's.</summary>
    public async Task<bool> UpdateAsync(User user, CancellationToken cancellationToken = default)
    {
        try
        {
            return await database.WriteAsync(async t =>
            {
                if (await t.Connection!.QuerySingleOrDefaultAsync<User>($"{FindSql} {database.Dialect.ForUpdate}", new { id = user.Id }, t) is not { } before) return false;
                await t.Connection!.ExecuteAsync(UpdateSql, Values(user), t);
                if (AuditDiff.Between(Shown(before), Shown(user)) is { Count: > 0 } changes) Audit(t, user, "user.edit", changes);
                if (before.PasswordHash != user.PasswordHash) Audit(t, user, "user.password", [new AuditChange("password")]);
                return true;
            }, cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return false;
        }
    }

    private const string CountFailureSql = """
        UPDATE users
           SET failed_sign_ins = failed_sign_ins + 1
         WHERE id = @id
        RETURNING users.failed_sign_ins
        """;

    /// <summary>Counts a wrong password and returns how many there were. Counted by the database: guesses that come side by side all count.</summary>
    public Task<int> CountFailedSignInAsync(long id, CancellationToken cancellationToken = default) =>
        database.WriteAsync(t => t.Connection!.ExecuteScalarAsync<int>(CountFailureSql, new { id }, t), cancellationToken);

    private static object Shown(User user) => new { email = user.Email.Trim(), user.Name, user.Language, user.TimeZone, user.Theme };

    private void Audit(DbTransaction transaction, User user, string action, IReadOnlyCollection<AuditChange>? changes = null, Problem? said = null) => AuditChain.Append(transaction, new AuditAct
    {
        At = time.Now(), Actor = UserAccounts.SubjectOf(user.Id), Action = action, Subject = UserAccounts.SubjectOf(user.Id), Detail = said?.Message, Told = Told.Write(said), Changes = AuditChange.Write(changes),
    });

    private static string KeyOf(string email) => email.Trim().ToUpperInvariant();

    private static object Values(User user) => new
    {
        user.Id,
        Email = user.Email.Trim(),
        Key = KeyOf(user.Email),
        user.Name,
        user.Role,
        user.PasswordHash,
        user.SecurityStamp,
        user.FailedSignIns,
        user.LockedUntil,
        user.Language,
        user.TimeZone,
        user.Theme,
        user.CreatedAt,
        user.LastSignInAt,
    };
}
