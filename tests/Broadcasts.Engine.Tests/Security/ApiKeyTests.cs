using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>Keys of the API, and permissions as they are stored.</summary>
public sealed class ApiKeyTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Keys_AreKeptAsHashesEndAndAreRevoked(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (key, secret, _) = await kit.Keys.CreateAsync("shop", PermissionSet.Of(Permission.SendBroadcasts), AccessKit.Owner, kit.Time.GetUtcNow().AddHours(1));
        Assert.Equal(["read", "broadcasts.send"], (await kit.Keys.FindAsync(secret))!.Scopes.Names);
        Assert.Equal(0, await kit.ReadAsync<long>($"SELECT count(*) FROM api_keys WHERE key_hash LIKE '%{secret[4..]}%'"));
        Assert.Null(await kit.Keys.FindAsync(secret + "x"));

        kit.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(ApiKeyState.Expired, (await kit.Keys.FindAsync(secret))!.StateAt(kit.Time.GetUtcNow()));
        Assert.True(await kit.Keys.RevokeAsync(key!.Id, "user:0"));
        Assert.False(await kit.Keys.RevokeAsync(key.Id, "user:0"));
        Assert.Equal(ApiKeyState.Revoked, (await kit.Keys.FindAsync(secret))!.StateAt(kit.Time.GetUtcNow()));
        Assert.Equal(["key.revoke", "key.create"], (await kit.Audit.ListAsync(new AuditFilter { Subject = $"key:{key.Id}" })).Select(e => e.Action));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CreateAsync_WithoutNameOrPermissionOrWithAnEndInThePast_IsAProblem(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (_, _, result) = await kit.Keys.CreateAsync(" ", PermissionSet.None, AccessKit.Owner, kit.Time.GetUtcNow());
        Assert.Equal(["keyName", "keyScopes", "keyEndPast"], result.Problems.Select(p => p.Code));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FindAsync_MakerMayLessNow_SoMayTheKeyAndThoseThatItMade(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var user = await kit.AddAsync("ana@example.com", UserRole.Manager);
        await kit.AddAsync("eva@example.com");
        var scopes = PermissionSet.Of(Permission.SendBroadcasts, Permission.ManageKeys, Permission.EditContacts);
        var (key, secret, made) = await kit.Keys.CreateAsync("shop", scopes, new Caller($"user:{user}", Role.BuiltIn[(int)UserRole.Manager].Permissions));
        Assert.True(made.IsDone);
        var (_, second, _) = await kit.Keys.CreateAsync("till", scopes, new Caller($"key:{key!.Id}", scopes));
        var (_, machine, _) = await kit.Keys.CreateAsync("cron", scopes, new Caller("cli", PermissionSet.Everything));
        Assert.Equal(scopes, (await kit.Keys.FindAsync(second))!.May);

        Assert.True((await kit.Accounts.SetRoleAsync(user, Role.BuiltIn[(int)UserRole.Editor], AccessKit.Owner)).IsDone);

        Assert.Equal(PermissionSet.Of(Permission.EditContacts), (await kit.Keys.FindAsync(secret))!.May);
        Assert.Equal(PermissionSet.Of(Permission.EditContacts), (await kit.Keys.FindAsync(second))!.May);
        Assert.Equal(scopes, (await kit.Keys.FindAsync(machine))!.May);
        Assert.Equal(scopes, (await kit.Keys.FindAsync(secret))!.Scopes);
    }

    // What the scopes of before this step become: each as much as it was, and nothing more.
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task Migration_OfScopes_GivesThePermissionsThatTheyWere(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var step = await File.ReadAllTextAsync(Repository.File("host", "Broadcasts.Engine", "Storage", "Migrations", "0020_access.sql"));
        var update = step[step.IndexOf("UPDATE api_keys", StringComparison.Ordinal)..];
        string[][] scopes = [["read"], ["contacts"], ["export"], ["broadcasts", "send"], ["channels"], ["admin"]];
        foreach (var (old, i) in scopes.Select((s, i) => (s, i)))
            await kit.ExecuteAsync($"INSERT INTO api_keys (name, key_hash, prefix, scopes, created_by, created_at) VALUES ('{i}', '{i}', '', '{System.Text.Json.JsonSerializer.Serialize(old)}', 'cli', 0)");

        await kit.ExecuteAsync(update);

        var now = (await kit.Keys.ListAsync()).ToDictionary(k => k.Name, k => k.Scopes);
        Assert.Equal(PermissionSet.Of(Permission.ExportReports), now["0"]);
        Assert.Equal(PermissionSet.Of(Permission.ExportReports, Permission.EditContacts, Permission.EraseContacts, Permission.EditSegments, Permission.EditContent), now["1"]);
        Assert.Equal(PermissionSet.Of(Permission.ExportReports, Permission.ExportContacts), now["2"]);
        Assert.Equal(PermissionSet.Of(Permission.ExportReports, Permission.EditBroadcasts, Permission.SendBroadcasts, Permission.ApproveBroadcasts), now["3"]);
        Assert.Equal(PermissionSet.Of(Permission.ExportReports, Permission.ManageChannels, Permission.PauseChannels, Permission.SetSecrets), now["4"]);
        Assert.Equal(PermissionSet.Everything, now["5"]);
    }

    [Fact]
    public void Sets_ReadOneAnotherBackAndReadWithAnything()
    {
        Assert.Equal(PermissionSet.Everything, PermissionSet.Read(PermissionSet.Everything.Write()));
        Assert.Equal(Permissions.All.Count, Permissions.All.Select(Permissions.NameOf).Distinct().Count());
        Assert.All(Permissions.All, p => Assert.True(PermissionSet.Of(p).Has(Permission.Read)));
        Assert.Equal(PermissionSet.None, PermissionSet.Read("""["no.such"]"""));
        Assert.False(PermissionSet.None.Has(Permission.Read));
        Assert.False(PermissionSet.TryParse(["read", "no.such"], out _, out var unknown));
        Assert.Equal("no.such", unknown);
        Assert.True(PermissionSet.Everything.Covers(PermissionSet.Of(Permission.Read)));
        Assert.False(PermissionSet.Of(Permission.EditContacts).Covers(PermissionSet.Of(Permission.EditContacts, Permission.EraseContacts)));
    }
}
