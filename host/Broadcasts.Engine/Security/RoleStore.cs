using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Security;

/// <summary>The roles: six built in, the rest made by people.</summary>
internal sealed class RoleStore(Database database, AuditStore audit, Sessions sessions, TimeProvider time)
{
    private const int LongestName = 50;

    private const string ListSql = "SELECT id, name, permissions FROM roles WHERE deleted_at IS NULL ORDER BY name_key";

    private const string CountSql = "SELECT role, count(*) FROM users GROUP BY role";

    /// <summary>All roles with how many people have them, the built-in ones first.</summary>
    public async Task<IReadOnlyList<Role>> ListAsync(CancellationToken cancellationToken = default)
    {
        var (made, users) = await database.ReadAsync(async c => (
            await c.QueryAsync<(int Id, string Name, string Permissions)>(new CommandDefinition(ListSql, cancellationToken: cancellationToken)),
            (await c.QueryAsync<(int Role, int Users)>(new CommandDefinition(CountSql, cancellationToken: cancellationToken))).ToDictionary(r => r.Role, r => r.Users)), cancellationToken);
        return [.. Role.BuiltIn.Concat(made.Select(r => new Role { Id = r.Id, Name = r.Name, Permissions = PermissionSet.Read(r.Permissions) })).Select(r => r with { Users = users.GetValueOrDefault(r.Id) })];
    }

    private const string FindSql = "SELECT id, name, permissions FROM roles WHERE id = @id AND deleted_at IS NULL";

    /// <summary>One of them; null when it is not there.</summary>
    public async Task<Role?> FindAsync(int id, CancellationToken cancellationToken = default)
    {
        if (Role.FindBuiltIn(id) is { } builtIn) return builtIn;
        var row = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<(int Id, string Name, string Permissions)>(new CommandDefinition(FindSql, new { id }, cancellationToken: cancellationToken)), cancellationToken);
        return row.Id == 0 ? null : new Role { Id = row.Id, Name = row.Name, Permissions = PermissionSet.Read(row.Permissions) };
    }

    /// <summary>One of them by its name, without regard to case.</summary>
    public async Task<Role?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        (await ListAsync(cancellationToken)).FirstOrDefault(r => KeyOf(r.Name) == KeyOf(name));

    private const string CreateSql = """
        INSERT INTO roles (id, name, name_key, permissions, created_at)
        SELECT COALESCE(MAX(r.id), @before) + 1, @name, @key, @permissions, @now
          FROM roles r
        RETURNING id
        """;

    /// <summary>Makes a role of permissions that its maker has.</summary>
    public async Task<(int Id, CommandResult Result)> CreateAsync(string name, PermissionSet permissions, Caller caller, CancellationToken cancellationToken = default)
    {
        if (Check(name, permissions, caller) is { } problem) return (0, CommandResult.Invalid(problem));
        try
        {
            var id = await database.WriteAsync(async t =>
            {
                var made = await t.Connection!.QuerySingleAsync<int>(CreateSql, new { before = Role.FirstCustom - 1, name = name.Trim(), key = KeyOf(name), permissions = permissions.Write(), now = time.Now() }, t);
                await audit.AppendAsync(t, caller.Actor, "role.create", SubjectOf(made), name.Trim(), AuditDiff.Between(null, StateOf(name, permissions)));
                return made;
            }, cancellationToken);
            return (id, new CommandResult());
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return (0, CommandResult.Invalid(NameTaken(name)));
        }
    }

    private const string UpdateSql = "UPDATE roles SET name = @name, name_key = @key, permissions = @permissions WHERE id = @id AND deleted_at IS NULL";

    /// <summary>Changes a role that people made. Whoever has it may do the new at their next request.</summary>
    public async Task<CommandResult> UpdateAsync(int id, string name, PermissionSet permissions, Caller caller, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(id, cancellationToken) is not { } role) return CommandResult.NotFound($"Role {id}");
        if (role.IsBuiltIn) return CommandResult.Refused(BuiltIn(role.Name));
        // Taking away is giving less: nobody weakens a role that can do more than he can.
        if (!caller.May.Covers(role.Permissions)) return CommandResult.Refused(UserAccounts.NotYours(role.Permissions, caller));
        if (Check(name, permissions, caller) is { } problem) return CommandResult.Invalid(problem);
        try
        {
            await database.WriteAsync(async t =>
            {
                await t.Connection!.ExecuteAsync(UpdateSql, new { id, name = name.Trim(), key = KeyOf(name), permissions = permissions.Write() }, t);
                await audit.AppendAsync(t, caller.Actor, "role.edit", SubjectOf(id), name.Trim(), AuditDiff.Between(StateOf(role.Name, role.Permissions), StateOf(name, permissions)));
            }, cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsUniqueViolation(e))
        {
            return CommandResult.Invalid(NameTaken(name));
        }

        sessions.ForgetWhatWasRead();
        return new CommandResult();
    }

    // Compare-and-set: a role that somebody gets at this moment stays.
    private const string DeleteSql = "UPDATE roles SET deleted_at = @now WHERE id = @id AND deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.role = @id)";

    /// <summary>Deletes a role that nobody has.</summary>
    public async Task<CommandResult> DeleteAsync(int id, Caller caller, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(id, cancellationToken) is not { } role) return CommandResult.NotFound($"Role {id}");
        if (role.IsBuiltIn) return CommandResult.Refused(BuiltIn(role.Name));
        if (!caller.May.Covers(role.Permissions)) return CommandResult.Refused(UserAccounts.NotYours(role.Permissions, caller));
        var isGone = await database.WriteAsync(async t =>
        {
            await t.Connection!.ExecuteAsync($"SELECT id FROM roles WHERE id = @id {database.Dialect.ForUpdate}", new { id }, t);
            if (await t.Connection!.ExecuteAsync(DeleteSql, new { id, now = time.Now() }, t) == 0) return false;
            await audit.AppendAsync(t, caller.Actor, "role.delete", SubjectOf(id), role.Name, AuditDiff.Between(StateOf(role.Name, role.Permissions), null));
            return true;
        }, cancellationToken);
        return isGone ? new CommandResult() : CommandResult.Refused(new Problem("", "roleInUse", $"Somebody has the role '{role.Name}'. Give these people another role first.", role.Name));
    }

    private static Problem? Check(string name, PermissionSet permissions, Caller caller)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Trim().Length > LongestName) return new Problem("name", "roleName", $"A role's name has 1 to {LongestName} characters.", $"{LongestName}");
        if (Role.BuiltIn.Any(r => KeyOf(r.Name) == KeyOf(name))) return NameTaken(name);
        if (permissions == PermissionSet.None) return new Problem("permissions", "rolePermissions", "A role has at least one permission.");
        return caller.May.Covers(permissions) ? null : UserAccounts.NotYours(permissions, caller) with { Path = "permissions" };
    }

    private static Problem NameTaken(string name) => new("name", "roleTaken", $"There is a role '{name.Trim()}' already. Choose another name.", name.Trim());

    private static Problem BuiltIn(string name) => new("", "roleBuiltIn", $"The role '{name}' is built in and stays as it is. Make a role of your own beside it.", name);

    private static string SubjectOf(int id) => $"role:{id}";

    private static string KeyOf(string name) => name.Trim().ToUpperInvariant();

    private static object StateOf(string name, PermissionSet permissions) => new { name = name.Trim(), permissions = permissions.ToString() };
}

/// <summary>Who asks for something, and what he may do: nobody gives what he does not have.</summary>
internal sealed record Caller(string Actor, PermissionSet May);
