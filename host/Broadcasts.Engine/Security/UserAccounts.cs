using System.Data.Common;
using System.Globalization;
using System.Net.Mail;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>What is done to people: invited, given a role, disabled. Nobody does to others what would give or take more than he has, and one owner always stays.</summary>
internal sealed class UserAccounts(Database database, UserStore users, RoleStore roles, SignInLinkStore links, Sessions sessions, AuditStore audit, TimeProvider time)
{
    private const int LongestName = 100;
    private const int LongestEmail = 254;

    /// <summary>Adds a person and makes the link that signs in once. Somebody who was invited and has never come gets a new link.</summary>
    /// <returns>The person's id and the path of the link.</returns>
    public async Task<(long Id, string? Path, CommandResult Result)> InviteAsync(string email, string? name, Role role, Caller caller, CancellationToken cancellationToken = default)
    {
        if (CheckEmail(email) is { } wrong) return (0, null, CommandResult.Invalid(wrong));
        if (name is { Length: > LongestName }) return (0, null, CommandResult.Invalid(new Problem("name", "tooLong", $"A name has at most {LongestName} characters; this one has {name.Length}.", $"{LongestName}")));
        if (!caller.May.Covers(role.Permissions)) return (0, null, CommandResult.Refused(NotYours(role.Permissions, caller)));
        if (await users.FindByEmailAsync(email, cancellationToken) is { } known) return (known.Id, null, CommandResult.Invalid(EmailTaken(email)));
        var user = new User { Email = email.Trim(), Name = string.IsNullOrWhiteSpace(name) ? email.Trim() : name.Trim(), Role = role.Id };
        try
        {
            var token = await database.WriteAsync(async t =>
            {
                if (!await IsThereAsync(t, role)) return null;
                await users.CreateAsync(t, user);
                await audit.AppendAsync(t, caller.Actor, "user.invite", SubjectOf(user.Id), user.Email, AuditDiff.Between(null, new { email = user.Email, name = user.Name, role = role.Name }));
                return await links.CreateAsync(t, SignInLinkPurpose.SignIn, user.Id);
            }, cancellationToken);
            return token is null ? (0, null, CommandResult.NotFound($"Role {role.Id}")) : (user.Id, PathOf(token), new CommandResult());
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return (0, null, CommandResult.Invalid(EmailTaken(email)));
        }
    }

    /// <summary>Makes a link that signs somebody in once; earlier ones are void.</summary>
    public async Task<(string? Path, CommandResult Result)> MakeLinkAsync(long id, Caller caller, CancellationToken cancellationToken = default)
    {
        string? token = null;
        var result = await ChangeAsync(id, caller, async (t, user) =>
        {
            if (user.IsDisabled) return CommandResult.Refused(new Problem("", "userDisabled", $"{user.Email} is disabled. Enable the account first.", user.Email));
            token = await links.CreateAsync(t, SignInLinkPurpose.SignIn, id);
            await audit.AppendAsync(t, caller.Actor, "user.link", SubjectOf(id));
            return new CommandResult();
        }, cancellationToken);
        return (token is null ? null : PathOf(token), result);
    }

    private const string SetRoleSql = "UPDATE users SET role = @role WHERE id = @id";

    /// <summary>Gives somebody another role, and ends his sessions.</summary>
    public Task<CommandResult> SetRoleAsync(long id, Role role, Caller caller, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, user) =>
        {
            if (!caller.May.Covers(role.Permissions)) return CommandResult.Refused(NotYours(role.Permissions, caller));
            if (user.Role == role.Id) return new CommandResult();
            if (await IsLastOwnerAsync(t, user)) return CommandResult.Refused(LastOwner());
            if (!await IsThereAsync(t, role)) return CommandResult.NotFound($"Role {role.Id}");
            await t.Connection!.ExecuteAsync(SetRoleSql, new { id, role = role.Id }, t);
            await Sessions.EndAllAsync(t, id);
            await audit.AppendAsync(t, caller.Actor, "user.role", SubjectOf(id), changes: AuditDiff.Between(new { role = (await roles.FindAsync(user.Role))?.Name }, new { role = role.Name }));
            return new CommandResult();
        }, cancellationToken);

    private const string DisableSql = "UPDATE users SET disabled_at = @now WHERE id = @id AND disabled_at IS NULL";

    private const string RevokeKeysSql = "UPDATE api_keys SET revoked_at = @now WHERE created_by = @actor AND revoked_at IS NULL";

    /// <summary>Keeps somebody out: sessions and links end, and the keys that he made when <paramref name="withKeys"/> says so.</summary>
    public Task<CommandResult> DisableAsync(long id, bool withKeys, Caller caller, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, user) =>
        {
            if (await IsLastOwnerAsync(t, user)) return CommandResult.Refused(LastOwner());
            if (await t.Connection!.ExecuteAsync(DisableSql, new { id, now = time.Now() }, t) == 0) return new CommandResult();
            await Sessions.EndAllAsync(t, id);
            await links.WithdrawAsync(t, SignInLinkPurpose.SignIn, id);
            var keys = withKeys ? await t.Connection!.ExecuteAsync(RevokeKeysSql, new { actor = SubjectOf(id), now = time.Now() }, t) : 0;
            await audit.AppendAsync(t, caller.Actor, "user.disable", SubjectOf(id), keys > 0 ? new Problem("", "keysRevoked", $"API keys revoked: {keys}", $"{keys}") : null, AuditDiff.Between(new { disabled = false }, new { disabled = true }));
            return new CommandResult();
        }, cancellationToken);

    private const string EnableSql = "UPDATE users SET disabled_at = NULL, failed_sign_ins = 0, locked_until = NULL WHERE id = @id AND (disabled_at IS NOT NULL OR locked_until IS NOT NULL)";

    /// <summary>Lets somebody in again who was disabled, or locked out.</summary>
    public Task<CommandResult> EnableAsync(long id, Caller caller, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, user) =>
        {
            if (await t.Connection!.ExecuteAsync(EnableSql, new { id }, t) == 1) await audit.AppendAsync(t, caller.Actor, "user.enable", SubjectOf(id), changes: user.IsDisabled ? AuditDiff.Between(new { disabled = true }, new { disabled = false }) : null);
            return new CommandResult();
        }, cancellationToken);

    /// <summary>Signs somebody out everywhere, or everywhere else.</summary>
    public Task<CommandResult> EndSessionsAsync(long id, Caller caller, string except = "", CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, _) =>
        {
            var ended = await Sessions.EndAllAsync(t, id, except);
            if (ended > 0) await audit.AppendAsync(t, caller.Actor, "user.endSessions", SubjectOf(id), string.Create(CultureInfo.InvariantCulture, $"{ended}"));
            return new CommandResult();
        }, cancellationToken);

    /// <summary>Ends one session of somebody's.</summary>
    public Task<CommandResult> EndSessionAsync(long id, string session, Caller caller, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, _) =>
        {
            if (!await Sessions.EndAsync(t, session, id)) return CommandResult.NotFound($"Session {session} of user {id}");
            await audit.AppendAsync(t, caller.Actor, "user.endSessions", SubjectOf(id), "1");
            return new CommandResult();
        }, cancellationToken);

    /// <summary>Takes somebody's second factor away who lost it. Sessions end: whoever has the password alone is not kept signed in.</summary>
    public Task<CommandResult> ResetSecondFactorAsync(long id, Caller caller, CancellationToken cancellationToken = default) =>
        ChangeAsync(id, caller, async (t, user) =>
        {
            if (!user.HasSecondFactor) return new CommandResult();
            await SecondFactorStore.RemoveAsync(t, id);
            await Sessions.EndAllAsync(t, id);
            await audit.AppendAsync(t, caller.Actor, "user.secondFactorReset", SubjectOf(id));
            return new CommandResult();
        }, cancellationToken);

    /// <summary>What somebody lacks to give or take a set of permissions.</summary>
    public static Problem NotYours(PermissionSet permissions, Caller caller)
    {
        var missing = string.Join(", ", permissions.Items.Where(p => !caller.May.Has(p)).Select(Permissions.NameOf));
        return new Problem("", "notYours", $"You can't give or take what you do not have: {missing}. Ask an owner.", missing);
    }

    public static string SubjectOf(long id) => string.Create(CultureInfo.InvariantCulture, $"user:{id}");

    private async Task<CommandResult> ChangeAsync(long id, Caller caller, Func<DbTransaction, User, Task<CommandResult>> change, CancellationToken cancellationToken)
    {
        if (await users.FindAsync(id, cancellationToken) is not { } user) return CommandResult.NotFound($"User {id}");
        var theirs = (await roles.FindAsync(user.Role, cancellationToken))?.Permissions ?? PermissionSet.None;
        if (!caller.May.Covers(theirs)) return CommandResult.Refused(NotYours(theirs, caller));
        var result = await database.WriteAsync(t => change(t, user), cancellationToken);
        sessions.ForgetWhatWasRead();
        return result;
    }

    private const string OwnersSql = "SELECT id FROM users WHERE role = 0 AND disabled_at IS NULL";

    // The owners' rows are locked: of two owners who demote each other at once, one finds himself the last.
    private async Task<bool> IsLastOwnerAsync(DbTransaction transaction, User user) =>
        (await transaction.Connection!.QueryAsync<long>($"{OwnersSql} {database.Dialect.ForUpdate}", transaction: transaction)).ToList() is [var only] && only == user.Id;

    private const string RoleIsThereSql = "SELECT id FROM roles WHERE id = @id AND deleted_at IS NULL";

    // Locked until the end: a role is not deleted while somebody gets it.
    private async Task<bool> IsThereAsync(DbTransaction transaction, Role role) =>
        role.IsBuiltIn || await transaction.Connection!.QuerySingleOrDefaultAsync<int?>($"{RoleIsThereSql} {database.Dialect.ForUpdate}", new { id = role.Id }, transaction) is not null;

    private static Problem? CheckEmail(string email) =>
        email.Length <= LongestEmail && MailAddress.TryCreate(email, out var address) && address.Address == email.Trim()
            ? null
            : new Problem("email", "userEmail", $"'{email}' is not an e-mail address.", email);

    private static Problem EmailTaken(string email) => new("email", "userExists", $"There is somebody with the address {email.Trim()} already.", email.Trim());

    private static Problem LastOwner() => new("", "lastOwner", "This is the last owner. Make somebody else an owner first.");

    private static string PathOf(string token) => $"/link/{token}";
}
