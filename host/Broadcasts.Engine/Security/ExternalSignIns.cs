using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>What an OpenID provider says of somebody.</summary>
internal sealed record ExternalIdentity
{
    public required string Issuer { get; init; }

    /// <summary>What the issuer calls the person, for good.</summary>
    public required string Subject { get; init; }

    public string? Email { get; init; }

    public bool IsEmailVerified { get; init; }

    public string? Name { get; init; }

    /// <summary>Values of the claim that gives roles.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];
}

/// <summary>Who somebody is here that comes by an OpenID provider. Known by issuer and subject; the address counts at the first time alone, and only when the provider has verified it.</summary>
internal sealed class ExternalSignIns(Database database, UserStore users, RoleStore roles, UserAccounts accounts, AuditStore audit, EngineOptions options, TimeProvider time)
{
    private const string Actor = "openid";

    private static readonly Caller Provider = new(Actor, PermissionSet.Everything);

    /// <summary>The person, or why nobody gets in.</summary>
    public async Task<(User? User, Problem? Refusal)> FindAsync(ExternalIdentity identity, CancellationToken cancellationToken = default)
    {
        var (user, refusal) = await KnownAsync(identity, cancellationToken) is { } known ? (known, null) : await MeetAsync(identity, cancellationToken);
        if (user is null) return (null, refusal);
        if (user.IsDisabled) return (null, new Problem("", "openIdDisabled", "This account is disabled. Ask whoever manages the users."));
        // What the provider gives, it also takes away; without a value that fits, the role stays what people made it.
        if (await GivenRoleAsync(identity, cancellationToken) is { } role && role.Id != user.Role && (await accounts.SetRoleAsync(user.Id, role, Provider, cancellationToken)).IsDone) user.Role = role.Id;
        return (user, null);
    }

    private const string KnownSql = "SELECT user_id FROM external_logins WHERE issuer = @Issuer AND subject = @Subject";

    private async Task<User?> KnownAsync(ExternalIdentity identity, CancellationToken cancellationToken) =>
        await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(KnownSql, new { identity.Issuer, identity.Subject }, cancellationToken: cancellationToken)), cancellationToken) is { } id
            ? await users.FindAsync(id, cancellationToken)
            : null;

    private async Task<(User? User, Problem? Refusal)> MeetAsync(ExternalIdentity identity, CancellationToken cancellationToken)
    {
        if (identity is not { Email: { Length: > 0 } email, IsEmailVerified: true }) return (null, new Problem("", "openIdUnverified", "The provider does not say that your e-mail address is verified. Verify it there and try again."));
        if (await users.FindByEmailAsync(email, cancellationToken) is { } invited) return (await LinkAsync(identity, invited, isNew: false, cancellationToken), null);
        if (!options.OpenId.AllowedDomains.Contains(email.Split('@')[^1].ToLowerInvariant()))
            return (null, new Problem("", "openIdStranger", $"Nobody here has the address {email}. Ask whoever manages the users for an invitation.", email));
        // There at the start; somebody may have deleted it since.
        if ((await GivenRoleAsync(identity, cancellationToken) ?? await roles.FindAsync(options.OpenId.DefaultRole, cancellationToken)) is not { } role)
            return (null, new Problem("", "openIdNoRole", "The role of newcomers does not exist any more. Ask whoever runs this installation (OpenId:DefaultRole)."));
        var name = string.IsNullOrWhiteSpace(identity.Name) ? email : identity.Name.Trim()[..Math.Min(identity.Name.Trim().Length, 100)];
        return (await LinkAsync(identity, new User { Email = email, Name = name, Role = role.Id }, isNew: true, cancellationToken), null);
    }

    private const string LinkSql = "INSERT INTO external_logins (issuer, subject, user_id, created_at) VALUES (@Issuer, @Subject, @userId, @now)";

    private async Task<User?> LinkAsync(ExternalIdentity identity, User user, bool isNew, CancellationToken cancellationToken)
    {
        try
        {
            await database.WriteAsync(async t =>
            {
                if (isNew) await users.CreateAsync(t, user);
                await t.Connection!.ExecuteAsync(LinkSql, new { identity.Issuer, identity.Subject, userId = user.Id, now = time.Now() }, t);
                await audit.AppendAsync(t, Actor, isNew ? "user.add" : "user.linked", UserAccounts.SubjectOf(user.Id), $"{user.Email} {identity.Issuer}");
            }, cancellationToken);
            return user;
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            // The same person in a second window was a moment earlier, or was invited in that moment.
            return await KnownAsync(identity, cancellationToken) ?? (await MeetAsync(identity, cancellationToken)).User;
        }
    }

    private async Task<Role?> GivenRoleAsync(ExternalIdentity identity, CancellationToken cancellationToken) =>
        options.OpenId.Roles.FirstOrDefault(r => identity.Groups.Contains(r.Value, StringComparer.Ordinal)).Role is { } name ? await roles.FindAsync(name, cancellationToken) : null;
}
