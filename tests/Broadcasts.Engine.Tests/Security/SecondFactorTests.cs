using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.Engine.Tests.Security;

/// <summary>Codes of authenticators and recovery codes: right ones once, others never.</summary>
public sealed class SecondFactorTests
{
    // RFC 6238, appendix B, SHA-1: the last six of its eight digits.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void CodeOf_TheVectorsOfTheRfc_IsTheirs(long second, string code)
    {
        // "12345678901234567890" in Base32.
        const string Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        Assert.Equal(code, Totp.CodeOf(Secret, second / 30));
        Assert.Equal(second / 30, Totp.StepOf(Secret, code, DateTimeOffset.FromUnixTimeSeconds(second)));
    }

    [Fact]
    public void StepOf_ACodeOfAClockThatDiffers_IsTakenWithinAStep()
    {
        var (secret, now) = (Totp.NewSecret(), new DateTimeOffset(2026, 11, 22, 12, 0, 15, TimeSpan.Zero));
        var step = now.ToUnixTimeMilliseconds() / Totp.StepMs;
        Assert.Equal([null, step - 1, step, step + 1, null], new[] { -2, -1, 0, 1, 2 }.Select(d => Totp.StepOf(secret, Totp.CodeOf(secret, step + d), now)));
        Assert.Null(Totp.StepOf(secret, "", now));
        Assert.Null(Totp.StepOf(secret, "12345", now));
        Assert.Equal(step, Totp.StepOf(secret, string.Join(' ', Totp.CodeOf(secret, step).Chunk(3).Select(c => new string(c))), now));
        Assert.Equal((32, 160), (secret.Length, secret.Length * 5));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task TakeAsync_TheSameCodeTwice_IsTakenOnce(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (user, secret, _) = await TurnOnAsync(kit);
        Assert.False(await kit.Factors.TakeAsync(user, Now(kit, secret)));
        kit.Time.Advance(TimeSpan.FromSeconds(30));

        var code = Now(kit, secret);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => kit.Factors.TakeAsync(user, code))));
        Assert.Single(taken, t => t);
        kit.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(await kit.Factors.TakeAsync(user, code));
        Assert.True(await kit.Factors.TakeAsync(user, Now(kit, secret)));
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task RecoveryCodes_AreTenKeptAsHashesAndTakenOnceEach(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var (user, _, codes) = await TurnOnAsync(kit);
        Assert.Equal((10, 10), (codes.Distinct().Count(), await kit.Factors.CodesLeftAsync(user)));
        Assert.True(await kit.Factors.TakeAsync(user, codes[3].ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal)));
        Assert.False(await kit.Factors.TakeAsync(user, codes[3]));
        Assert.Equal(9, await kit.Factors.CodesLeftAsync(user));
        foreach (var code in codes)
            Assert.Equal(0, await kit.ReadAsync<long>($"SELECT count(*) FROM recovery_codes WHERE code_hash LIKE '%{code}%' OR code_hash LIKE '%{code.Replace("-", "", StringComparison.Ordinal)}%'"));

        var renewed = await kit.Factors.RenewCodesAsync(user);
        Assert.False(await kit.Factors.TakeAsync(user, codes[4]));
        Assert.True(await kit.Factors.TakeAsync(user, renewed[4]));
        Assert.Contains((await kit.Audit.ListAsync(new AuditFilter { Subject = $"user:{user}" })).Select(e => e.Action), a => a == "user.recoveryCode");
    }

    [Theory, MemberData(nameof(TestDatabase.Providers), MemberType = typeof(TestDatabase))]
    public async Task TurnOnAsync_WrongCode_LeavesItOffAndTheSecretStaysTheSame(string provider)
    {
        await using var kit = await AccessKit.CreateAsync(provider);
        var user = await kit.AddAsync("ana@example.com");
        var secret = await kit.Factors.PrepareAsync(user);
        Assert.Equal(secret, await kit.Factors.PrepareAsync(user));
        Assert.Null(await kit.Factors.TurnOnAsync(user, "000000" == Now(kit, secret!) ? "000001" : "000000", ""));
        Assert.False((await kit.Users.FindAsync(user))!.HasSecondFactor);
        Assert.False(await kit.Factors.TakeAsync(user, Now(kit, secret!)));
        var (other, mine) = (await kit.Sessions.StartAsync(user, "a", "b"), await kit.Sessions.StartAsync(user, "a", "b"));

        Assert.NotNull(await kit.Factors.TurnOnAsync(user, Now(kit, secret!), mine));
        Assert.Null(await kit.Factors.PrepareAsync(user));
        Assert.Equal((false, true), (await kit.Sessions.FindAsync(other) is not null, await kit.Sessions.FindAsync(mine) is not null));
        // What a copy of the database shows is not the secret.
        Assert.DoesNotContain(secret!, await kit.ReadAsync<string>($"SELECT totp_secret FROM users WHERE id = {user}"), StringComparison.Ordinal);
        await kit.Factors.TurnOffAsync(user);
        Assert.False((await kit.Users.FindAsync(user))!.HasSecondFactor);
        Assert.NotEqual(secret, await kit.Factors.PrepareAsync(user));
        Assert.Equal(0, await kit.Factors.CodesLeftAsync(user));
    }

    private static string Now(AccessKit kit, string secret) => Totp.CodeOf(secret, kit.Time.GetUtcNow().ToUnixTimeMilliseconds() / Totp.StepMs);

    private static async Task<(long User, string Secret, IReadOnlyList<string> Codes)> TurnOnAsync(AccessKit kit)
    {
        var user = await kit.AddAsync("ana@example.com");
        var secret = (await kit.Factors.PrepareAsync(user))!;
        return (user, secret, (await kit.Factors.TurnOnAsync(user, Now(kit, secret), ""))!);
    }
}
