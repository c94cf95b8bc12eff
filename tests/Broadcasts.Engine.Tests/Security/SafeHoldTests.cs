using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Security;

public sealed class SafeHoldTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CheckAsync_SameDataAgain_IsFree(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();

        for (var start = 0; start < 3; start++)
        {
            var hold = Of(test, folder);
            await hold.CheckAsync();
            Assert.Null(await hold.GetAsync());
        }
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CheckAsync_DatabaseOlderThanThisMachineSaw_IsHeldUntilReleased(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();
        await Of(test, folder).CheckAsync();
        var backup = await test.Database.ReadAsync(c => c.QuerySingleAsync<long>("SELECT beat FROM incarnations"));
        await Of(test, folder).BeatAsync();
        await ExecuteAsync(test.Database, "UPDATE incarnations SET beat = @backup", new { backup });

        var hold = Of(test, folder);
        await hold.CheckAsync();
        Assert.Equal("restored", (await hold.GetAsync())?.Reason);
        await Of(test, folder).CheckAsync();
        Assert.Equal("restored", (await hold.GetAsync())?.Reason);

        Assert.True(await hold.ReleaseAsync("test"));
        Assert.False(await hold.ReleaseAsync("test"));
        await Of(test, folder).CheckAsync();
        Assert.Null(await hold.GetAsync());
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CheckAsync_MadeAnewWhereOtherDataWas_IsFree(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        using var folder = new TempFolder();
        await Of(test, folder).CheckAsync();
        await ExecuteAsync(test.Database, "DELETE FROM incarnations");
        await ExecuteAsync(test.Database, "DELETE FROM settings WHERE name = 'fingerprint'");

        for (var start = 0; start < 2; start++)
        {
            await Of(test, folder).CheckAsync();
            Assert.Null(await Of(test, folder).GetAsync());
        }
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CheckAsync_OpenedElsewhereBefore_IsHeldAsACopy(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        await Of(test, null).CheckAsync();
        await ExecuteAsync(test.Database, "UPDATE settings SET value = 'another' WHERE name = 'fingerprint'", new { });

        var hold = Of(test, null);
        await hold.CheckAsync();

        Assert.Equal("copied", (await hold.GetAsync())?.Reason);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ClaimAsync_Held_TakesNothing(string provider)
    {
        await using var kit = await LedgerKit.CreateAsync(provider);
        await kit.AddPeopleAsync(3);
        var (_, slices) = await kit.StartFrozenAsync();
        await kit.ExecuteAsync("INSERT INTO settings (name, value) VALUES ('safeHold', '{}')");

        Assert.Empty((await kit.ClaimAsync(slices[0], 3)).Rows);
        await kit.ExecuteAsync("DELETE FROM settings WHERE name = 'safeHold'");
        Assert.Equal(3, (await kit.ClaimAsync(slices[0], 3)).Rows.Count);
    }

    private static SafeHold Of(TestDatabase test, TempFolder? folder)
    {
        var time = new FakeTimeProvider();
        var options = new EngineOptions { DataDirectory = "/data", HostDirectory = folder?.Path, Database = new() { Provider = test.Provider, ConnectionString = test.ConnectionString } };
        return new SafeHold(test.Database, options, new AuditStore(test.Database, time), time);
    }

    private static Task<int> ExecuteAsync(Database database, string sql, object? parameters = null) => database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, parameters, t));
}
