using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>What is done to people and roles, on both databases: nobody gives what he does not have, and one owner stays.</summary>
public sealed class UserAccountsTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SetRoleAsync_OfTheLastOwner_IsRefusedAndOfOneOfTwoIsNot(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (first, second) = (await kit.AddAsync("first@example.com"), await kit.AddAsync("second@example.com"));
        Assert.True((await kit.Accounts.SetRoleAsync(second, Role.BuiltIn[(int)UserRole.Viewer], AccessKit.Owner)).IsDone);

        Assert.Equal("lastOwner", CodeOf(await kit.Accounts.SetRoleAsync(first, Role.BuiltIn[(int)UserRole.Manager], AccessKit.Owner)));
        Assert.Equal("lastOwner", CodeOf(await kit.Accounts.DisableAsync(first, withKeys: true, AccessKit.Owner)));
        Assert.Equal(((int)UserRole.Owner, (long?)null), ((await kit.Users.FindAsync(first))!.Role, (await kit.Users.FindAsync(first))!.DisabledAt));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SetRoleAsync_TwoOwnersAtOnce_OneStays(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        for (var round = 0; round < 10; round++)
        {
            var (a, b) = (await kit.AddAsync($"a{round}@example.com"), await kit.AddAsync($"b{round}@example.com"));
            var viewer = Role.BuiltIn[(int)UserRole.Viewer];
            var results = await Task.WhenAll(Task.Run(() => kit.Accounts.SetRoleAsync(a, viewer, AccessKit.Owner)), Task.Run(() => kit.Accounts.SetRoleAsync(b, viewer, AccessKit.Owner)));
            Assert.Single(results, r => r.IsDone);
            var left = (await kit.Users.ListAsync()).Single(u => u.Role == (int)UserRole.Owner);
            // Room for the next round: somebody else has to be an owner first.
            var next = await kit.AddAsync($"next{round}@example.com");
            Assert.True((await kit.Accounts.SetRoleAsync(left.Id, viewer, AccessKit.Owner)).IsDone);
            await kit.ExecuteAsync($"UPDATE users SET role = 5 WHERE id = {next}");
        }
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Anything_BeyondTheCallersOwnPermissions_IsRefused(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var owner = await kit.AddAsync("owner@example.com");
        await kit.AddAsync("other@example.com");
        var helper = new Caller("user:99", PermissionSet.Of(Permission.ManageUsers, Permission.ManageKeys, Permission.EditContacts));

        Assert.Equal("notYours", CodeOf((await kit.Accounts.InviteAsync("new@example.com", null, Role.BuiltIn[(int)UserRole.Sender], helper)).Result));
        Assert.Equal("notYours", CodeOf(await kit.Accounts.DisableAsync(owner, withKeys: true, helper)));
        Assert.Equal("notYours", CodeOf(await kit.Accounts.ResetSecondFactorAsync(owner, helper)));
        Assert.Equal("notYours", CodeOf((await kit.Accounts.MakeLinkAsync(owner, helper)).Result));
        Assert.Equal("notYours", CodeOf((await kit.Roles.CreateAsync("Mighty", PermissionSet.Of(Permission.SendBroadcasts), helper)).Result));
        Assert.Equal("notYours", CodeOf((await kit.Keys.CreateAsync("mighty", PermissionSet.Everything, helper)).Result));
        var (viewer, _, invited) = await kit.Accounts.InviteAsync("viewer@example.com", "Vera", Role.BuiltIn[(int)UserRole.Viewer], helper);
        Assert.True(invited.IsDone);
        Assert.Equal("notYours", CodeOf(await kit.Accounts.SetRoleAsync(viewer, Role.BuiltIn[(int)UserRole.Owner], helper)));
        Assert.True((await kit.Keys.CreateAsync("own", PermissionSet.Of(Permission.EditContacts), helper)).Result.IsDone);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task DisableAsync_EndsSessionsLinksAndKeysOfThePersonAlone(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        await kit.AddAsync("owner@example.com");
        var (id, path, _) = await kit.Accounts.InviteAsync("ana@example.com", "Ana", Role.BuiltIn[(int)UserRole.Manager], AccessKit.Owner);
        var session = await kit.Sessions.StartAsync(id, "agent", "::1");
        var (hers, _, _) = await kit.Keys.CreateAsync("hers", PermissionSet.Of(Permission.Read), new Caller($"user:{id}", PermissionSet.Everything));
        var (others, _, _) = await kit.Keys.CreateAsync("others", PermissionSet.Of(Permission.Read), AccessKit.Owner);
        Assert.NotNull(await kit.Sessions.FindAsync(session));

        Assert.True((await kit.Accounts.DisableAsync(id, withKeys: true, AccessKit.Owner)).IsDone);

        Assert.Null(await kit.Sessions.FindAsync(session));
        Assert.Null(await kit.Links.FindAsync(path!.Split('/')[^1]));
        var keys = (await kit.Keys.ListAsync()).ToDictionary(k => k.Id, k => k.StateAt(kit.Time.GetUtcNow()));
        Assert.Equal((ApiKeyState.Revoked, ApiKeyState.Usable), (keys[hers!.Id], keys[others!.Id]));
        Assert.Equal("userDisabled", CodeOf((await kit.Accounts.MakeLinkAsync(id, AccessKit.Owner)).Result));
        Assert.Equal(["user.disable", "user.signedIn", "user.invite"], (await kit.Audit.ListAsync(new AuditFilter { Subject = $"user:{id}" })).Select(e => e.Action));
        await kit.Accounts.EnableAsync(id, AccessKit.Owner);
        Assert.False((await kit.Users.FindAsync(id))!.IsDisabled);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Roles_OfPeople_AreMadeChangedAndKeptWhileSomebodyHasThem(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        await kit.AddAsync("owner@example.com");
        var (id, made) = await kit.Roles.CreateAsync(" Support ", PermissionSet.Of(Permission.EditContacts), AccessKit.Owner);
        Assert.True(made.IsDone);
        Assert.InRange(id, Role.FirstCustom, 1000);
        Assert.Equal("roleTaken", CodeOf((await kit.Roles.CreateAsync("SUPPORT", PermissionSet.Of(Permission.Read), AccessKit.Owner)).Result));
        Assert.Equal("roleTaken", CodeOf((await kit.Roles.CreateAsync("owner", PermissionSet.Of(Permission.Read), AccessKit.Owner)).Result));
        Assert.Equal("rolePermissions", CodeOf((await kit.Roles.CreateAsync("Nobody", PermissionSet.None, AccessKit.Owner)).Result));
        Assert.Equal("roleBuiltIn", CodeOf(await kit.Roles.UpdateAsync((int)UserRole.Viewer, "Viewer", PermissionSet.Everything, AccessKit.Owner)));
        var (user, _, _) = await kit.Accounts.InviteAsync("ana@example.com", "Ana", (await kit.Roles.FindAsync(id))!, AccessKit.Owner);
        var session = await kit.Sessions.StartAsync(user, "agent", "::1");
        Assert.False((await kit.Sessions.FindAsync(session))!.May.Has(Permission.ExportContacts));

        Assert.True((await kit.Roles.UpdateAsync(id, "Support", PermissionSet.Of(Permission.ExportContacts), AccessKit.Owner)).IsDone);
        var may = (await kit.Sessions.FindAsync(session))!.May;
        Assert.Equal((true, false, true), (may.Has(Permission.ExportContacts), may.Has(Permission.EditContacts), may.Has(Permission.Read)));
        Assert.Equal("roleInUse", CodeOf(await kit.Roles.DeleteAsync(id, AccessKit.Owner)));
        await kit.Accounts.SetRoleAsync(user, Role.BuiltIn[(int)UserRole.Viewer], AccessKit.Owner);
        Assert.True((await kit.Roles.DeleteAsync(id, AccessKit.Owner)).IsDone);
        Assert.Null(await kit.Roles.FindAsync(id));
        // The number is not given again: the audit names it.
        Assert.Equal(id + 1, (await kit.Roles.CreateAsync("Support", PermissionSet.Of(Permission.Read), AccessKit.Owner)).Id);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task InviteAsync_KnownOrWrongAddress_IsAProblem(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        await kit.AddAsync("ana@example.com");
        var viewer = Role.BuiltIn[(int)UserRole.Viewer];
        Assert.Equal("userExists", CodeOf((await kit.Accounts.InviteAsync("ANA@example.com", null, viewer, AccessKit.Owner)).Result));
        Assert.Equal("userEmail", CodeOf((await kit.Accounts.InviteAsync("nobody", null, viewer, AccessKit.Owner)).Result));
        Assert.Equal("tooLong", CodeOf((await kit.Accounts.InviteAsync("b@example.com", new string('x', 101), viewer, AccessKit.Owner)).Result));
    }

    private static string? CodeOf(CommandResult result) => result.Problems.SingleOrDefault()?.Code;
}
