using Broadcasts.Security;
using Broadcasts.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>Users and one-time links, on both databases.</summary>
public sealed class SignInStoreTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CreateAsync_SameAddressInOtherCase_IsRefused(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var users = new UserStore(test.Database, _time);
        Assert.False(await users.AnyAsync());
        Assert.True(await users.CreateAsync(new User { Email = "Ana@example.com", Name = "Ana", Role = (int)UserRole.Sender }));
        Assert.False(await users.CreateAsync(new User { Email = "ana@EXAMPLE.com", Name = "Another" }));
        var found = await users.FindByEmailAsync(" ana@example.COM ");
        Assert.Equal(("Ana@example.com", "Ana", UserRole.Sender), (found!.Email, found.Name, (UserRole)found.Role));
        Assert.NotEmpty(found.SecurityStamp);
        Assert.True(await users.AnyAsync());
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task UpdateAsync_RowReadBeforeAGuess_DoesNotTakeTheGuessBack(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var users = new UserStore(test.Database, _time);
        var user = new User { Email = "ana@example.com", Name = "Ana" };
        await users.CreateAsync(user);
        Assert.Equal(1, await users.CountFailedSignInAsync(user.Id));
        var stale = await users.FindAsync(user.Id);
        Assert.Equal(2, await users.CountFailedSignInAsync(user.Id));
        stale!.Theme = "dark";
        Assert.True(await users.UpdateAsync(stale));
        var now = await users.FindAsync(user.Id);
        Assert.Equal((2, "dark"), (now!.FailedSignIns, now.Theme));
        now.FailedSignIns = 0;
        await users.UpdateAsync(now);
        Assert.Equal(0, (await users.FindAsync(user.Id))!.FailedSignIns);
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task UseAsync_Twice_WorksOnce(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var links = new SignInLinkStore(test.Database, _time);
        var token = await links.CreateAsync(SignInLinkPurpose.SignIn, 7);
        Assert.Equal((SignInLinkPurpose.SignIn, 7), ((await links.FindAsync(token))!.Purpose, (await links.FindAsync(token))!.UserId));
        Assert.True(await links.UseAsync(token));
        Assert.False(await links.UseAsync(token));
        Assert.Null(await links.FindAsync(token));
        Assert.Null(await links.FindAsync("made up"));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task CreateAsync_NewLink_WithdrawsEarlierOnesOfTheSameUserAlone(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var links = new SignInLinkStore(test.Database, _time);
        var owner = await links.CreateAsync(SignInLinkPurpose.FirstOwner);
        var others = await links.CreateAsync(SignInLinkPurpose.SignIn, 8);
        var first = await links.CreateAsync(SignInLinkPurpose.SignIn, 7);
        var second = await links.CreateAsync(SignInLinkPurpose.SignIn, 7);
        Assert.Null(await links.FindAsync(first));
        Assert.NotNull(await links.FindAsync(second));
        Assert.NotNull(await links.FindAsync(others));
        Assert.NotNull(await links.FindAsync(owner));
        await links.CreateAsync(SignInLinkPurpose.FirstOwner);
        Assert.Null(await links.FindAsync(owner));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task FindAsync_AfterADay_IsGone(string provider)
    {
        await using var test = await TestDatabase.CreateAsync(provider);
        var links = new SignInLinkStore(test.Database, _time);
        var token = await links.CreateAsync(SignInLinkPurpose.FirstOwner);
        _time.Advance(SignInLinkStore.Lifetime);
        Assert.Null(await links.FindAsync(token));
        Assert.False(await links.UseAsync(token));
    }
}
