using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>Sessions are rows: what is ended is over, here at once and elsewhere within seconds.</summary>
public sealed class SessionsTests
{
    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task EndAsync_IsOverHereAtOnceAndElsewhereWhenItsMemoryIsOld(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var user = await kit.AddAsync("ana@example.com", UserRole.Sender);
        var elsewhere = kit.OfAnotherProcess();
        var id = await kit.Sessions.StartAsync(user, "Firefox", "192.0.2.1");
        Assert.Equal((user, true, false), ((await kit.Sessions.FindAsync(id))!.UserId, (await elsewhere.FindAsync(id))!.May.Has(Permission.SendBroadcasts), (await elsewhere.FindAsync(id))!.May.Has(Permission.ManageUsers)));

        await kit.Sessions.SignOutAsync(id, user + 1);
        Assert.NotNull(await kit.Sessions.FindAsync(id));
        await kit.Sessions.SignOutAsync(id, user);

        Assert.Null(await kit.Sessions.FindAsync(id));
        Assert.NotNull(await elsewhere.FindAsync(id));
        kit.Time.Advance(Sessions.Freshness);
        Assert.Null(await elsewhere.FindAsync(id));
        Assert.InRange(Sessions.Freshness, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task ListAsync_ShowsWhereAndWhenTheLastUsedFirst(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var user = await kit.AddAsync("ana@example.com");
        var first = await kit.Sessions.StartAsync(user, "Firefox", "192.0.2.1");
        kit.Time.Advance(TimeSpan.FromMinutes(5));
        var second = await kit.Sessions.StartAsync(user, new string('x', 1000), "192.0.2.2");
        Assert.Equal([second, first], (await kit.Sessions.ListAsync(user)).Select(s => s.Id));
        kit.Time.Advance(TimeSpan.FromMinutes(5));
        await kit.Sessions.FindAsync(first);

        var listed = await kit.Sessions.ListAsync(user);
        Assert.Equal([first, second], listed.Select(s => s.Id));
        Assert.Equal(("Firefox", "192.0.2.1", kit.Time.GetUtcNow().ToUnixTimeMilliseconds()), (listed[0].UserAgent, listed[0].Address, listed[0].LastSeenAt));
        Assert.True((await kit.Accounts.EndSessionsAsync(user, AccessKit.Owner, except: first)).IsDone);
        Assert.Equal([first], (await kit.Sessions.ListAsync(user)).Select(s => s.Id));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FindAsync_NotUsedForAWeek_IsOverAndItsRowGoesWithTheNextSignIn(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var user = await kit.AddAsync("ana@example.com");
        var id = await kit.Sessions.StartAsync(user, "Firefox", "192.0.2.1");
        kit.Time.Advance(Sessions.Lifetime - TimeSpan.FromMinutes(1));
        Assert.NotNull(await kit.Sessions.FindAsync(id));
        kit.Time.Advance(Sessions.Lifetime);
        Assert.Null(await kit.Sessions.FindAsync(id));
        Assert.Empty(await kit.Sessions.ListAsync(user));
        await kit.Sessions.StartAsync(user, "Firefox", "192.0.2.1");
        Assert.Equal(1, await kit.ReadAsync<long>("SELECT count(*) FROM sessions"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task SetRoleAsync_EndsTheSessionsOfThePerson(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (owner, user) = (await kit.AddAsync("owner@example.com"), await kit.AddAsync("ana@example.com", UserRole.Sender));
        var (hers, owners) = (await kit.Sessions.StartAsync(user, "a", "b"), await kit.Sessions.StartAsync(owner, "a", "b"));
        Assert.True((await kit.Accounts.SetRoleAsync(user, Role.BuiltIn[(int)UserRole.Viewer], AccessKit.Owner)).IsDone);
        Assert.Null(await kit.Sessions.FindAsync(hers));
        Assert.NotNull(await kit.Sessions.FindAsync(owners));
    }
}
