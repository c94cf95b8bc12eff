using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcasts.Security;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Signing in, staying in and being put out, by the console's own forms against the built program.</summary>
public sealed partial class SignInTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    private const string Password = "a long enough sentence";

    private readonly string _email = $"{Guid.NewGuid():N}@example.com";

    [Fact]
    public async Task SecondFactor_IsAskedForAtTheNextSignInAndTakesACodeOnce()
    {
        using var console = await InviteAsync();
        var (secret, codes) = await TurnOnAsync(console);

        using var next = new ConsoleClient(service.Http.BaseAddress!);
        Assert.Equal("/sign-in/code?To=%2Fcontacts", await PasswordAsync(next, "/contacts"));
        // Half a sign-in is none.
        Assert.Equal(HttpStatusCode.Redirect, (await next.GetAsync("/contacts")).Status);
        var code = NextCode(secret);
        using (var right = await next.PostAsync("/sign-in/code?To=%2Fcontacts", ("Code", code))) Assert.Equal("/contacts", right.Headers.Location?.ToString());
        Assert.Equal(HttpStatusCode.OK, (await next.GetAsync("/contacts")).Status);

        using var replay = new ConsoleClient(service.Http.BaseAddress!);
        await PasswordAsync(replay);
        Assert.Contains("This code is not right, or was used already", await WrongAsync(replay, code), StringComparison.Ordinal);
        using (var recovered = await replay.PostAsync("/sign-in/code", ("Code", codes[0]))) Assert.Equal("/broadcasts", recovered.Headers.Location?.ToString());
        using var again = new ConsoleClient(service.Http.BaseAddress!);
        await PasswordAsync(again);
        Assert.Contains("This code is not right", await WrongAsync(again, codes[0]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongCodes_LockTheAccountHoweverOftenThePasswordIsRight()
    {
        using var console = await InviteAsync();
        var (secret, codes) = await TurnOnAsync(console);
        using var guesser = new ConsoleClient(service.Http.BaseAddress!);
        await PasswordAsync(guesser);
        for (var i = 0; i < 3; i++) await WrongAsync(guesser, "000000");
        // The right password in between must not give five guesses more.
        await PasswordAsync(guesser);
        await WrongAsync(guesser, "000000");
        Assert.Contains("Too many wrong codes", await WrongAsync(guesser, "000000"), StringComparison.Ordinal);

        Assert.Contains("Too many wrong codes", await WrongAsync(guesser, codes[0]), StringComparison.Ordinal);
        Assert.NotEmpty(secret);
        var user = await UserAsync();
        Assert.Equal("locked", user.GetProperty("state").GetString());
        using var enabled = await service.Http.PatchAsJsonAsync($"/api/v1/users/{user.GetProperty("id")}", new { disabled = false }, TestContext.Current.CancellationToken);
        using var freed = await guesser.PostAsync("/sign-in/code", ("Code", codes[0]));
        Assert.Equal("/broadcasts", freed.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Link_OfSomebodyWithASecondFactor_AsksForIt()
    {
        using var console = await InviteAsync();
        var (_, codes) = await TurnOnAsync(console);
        using var next = new ConsoleClient(service.Http.BaseAddress!);
        var made = await service.PostAsync($"/api/v1/users/{(await UserAsync()).GetProperty("id")}/link");
        await next.OpenLinkAsync(new Uri(made.GetProperty("link").GetString()!).AbsolutePath, "/sign-in/code");
        using var finished = await next.PostAsync("/sign-in/code", ("Code", codes[1]));
        Assert.Equal("/broadcasts", finished.Headers.Location?.ToString());
    }

    [Fact]
    public async Task Password_Changed_EndsTheOtherSessionsAndKeepsThisOne()
    {
        using var here = await InviteAsync();
        using var there = new ConsoleClient(service.Http.BaseAddress!);
        await PasswordAsync(there);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), ((await here.GetAsync("/contacts")).Status, (await there.GetAsync("/contacts")).Status));

        using (var changed = await here.PostFromAsync("/account", "/account?handler=Password", ("present", Password), ("next", "another long sentence"))) Assert.Equal("/account", changed.Headers.Location?.ToString());

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Redirect), ((await here.GetAsync("/contacts")).Status, (await there.GetAsync("/contacts")).Status));
        // The API goes by the same session.
        using var answer = await there.Http.GetAsync(new Uri("/api/v1/contacts", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Sessions_AreShownAndEndedOneByOneOrByTheirUserManager()
    {
        using var here = await InviteAsync();
        using var there = new ConsoleClient(service.Http.BaseAddress!);
        await PasswordAsync(there);
        var (_, page) = await here.GetAsync("/account");
        Assert.Contains("Firefox · Linux", page, StringComparison.Ordinal);
        var id = (await UserAsync()).GetProperty("id").GetInt64();
        var sessions = (await service.GetAsync($"/api/v1/users/{id}/sessions")).GetProperty("items");
        Assert.Equal(2, sessions.GetArrayLength());

        var theirs = EndForm().Match(page).Groups[1].Value;
        using (await here.PostFromAsync("/account", "/account?handler=End", ("id", theirs))) Assert.Equal(HttpStatusCode.Redirect, (await there.GetAsync("/contacts")).Status);
        Assert.Equal(HttpStatusCode.OK, (await here.GetAsync("/contacts")).Status);
        using var unknown = await service.Http.DeleteAsync(new Uri($"/api/v1/users/{id}/sessions/{theirs}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var ended = await service.Http.DeleteAsync(new Uri($"/api/v1/users/{id}/sessions", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        Assert.Equal(HttpStatusCode.Redirect, (await here.GetAsync("/contacts")).Status);
    }

    [Fact]
    public async Task SignOut_TakesTheSessionSoThatItsCookieIsWorthNothing()
    {
        using var console = await InviteAsync();
        var cookie = console.Cookies.Single(c => c.Name == "broadcasts.session").Value;
        using (await console.PostFromAsync("/account", "/sign-out")) Assert.Equal(HttpStatusCode.Redirect, (await console.GetAsync("/contacts")).Status);

        using var handler = new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false };
        using var thief = new HttpClient(handler) { BaseAddress = service.Http.BaseAddress };
        thief.DefaultRequestHeaders.Add("Cookie", $"broadcasts.session={cookie}");
        using var answer = await thief.GetAsync(new Uri("/contacts", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Fact]
    public async Task Forms_WithoutTheirToken_AreRefused()
    {
        using var console = await InviteAsync();
        using var content = new FormUrlEncodedContent([KeyValuePair.Create("name", "Forged"), KeyValuePair.Create("zone", "Etc/UTC")]);
        using var answer = await console.Http.PostAsync(new Uri("/account", UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        stranger.DefaultRequestHeaders.Add("Cookie", string.Join("; ", console.Cookies.Select(c => $"{c.Name}={c.Value}")));
        using var api = await stranger.PostAsJsonAsync("/api/v1/broadcasts", new { name = "Forged" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);
    }

    private async Task<JsonElement> UserAsync() =>
        (await service.GetAsync("/api/v1/users?limit=200")).GetProperty("items").EnumerateArray().Single(u => u.GetProperty("email").GetString() == _email);

    // Invited, signed in by the link, with a password of their own.
    private async Task<ConsoleClient> InviteAsync()
    {
        var user = await service.PostAsync("/api/v1/users", new { email = _email, name = "Ana", role = "Sender" });
        var console = new ConsoleClient(service.Http.BaseAddress!);
        await console.OpenLinkAsync(new Uri(user.GetProperty("link").GetString()!).AbsolutePath);
        using var set = await console.PostFromAsync("/account", "/account?handler=Password", ("next", Password));
        Assert.Equal("/account", set.Headers.Location?.ToString());
        return console;
    }

    // Where it leads.
    private async Task<string?> PasswordAsync(ConsoleClient console, string to = "/broadcasts")
    {
        using var answer = await console.PostAsync("/sign-in", ("Email", _email), ("Password", Password), ("To", to));
        return answer.Headers.Location?.ToString();
    }

    private static async Task<string> WrongAsync(ConsoleClient console, string code)
    {
        using var answer = await console.PostAsync("/sign-in/code", ("Code", code));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<(string Secret, IReadOnlyList<string> Codes)> TurnOnAsync(ConsoleClient console)
    {
        var (_, page) = await console.GetAsync("/account/second-factor");
        var secret = Secret().Match(page).Groups[1].Value.Replace(" ", "", StringComparison.Ordinal);
        using var answer = await console.PostFromAsync("/account/second-factor", "/account/second-factor?handler=On", ("Code", CodeNow(secret)));
        var shown = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        IReadOnlyList<string> codes = [.. RecoveryCode().Matches(shown).Select(m => m.Groups[1].Value)];
        Assert.Equal(SecondFactorStore.RecoveryCodes, codes.Count);
        return (secret, codes);
    }

    private static string CodeNow(string secret) => Totp.CodeOf(secret, Step());

    // The present one turned it on and is used. The next one is taken, as from a clock that is a little ahead.
    private static string NextCode(string secret) => Totp.CodeOf(secret, Step() + 1);

    private static long Step() => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / Totp.StepMs;

    [GeneratedRegex("<code class=\"secret\">([A-Z2-7 ]+)</code>")]
    private static partial Regex Secret();

    [GeneratedRegex("<li>([A-Z2-9]{8}-[A-Z2-9]{8})</li>")]
    private static partial Regex RecoveryCode();

    [GeneratedRegex("name=\"id\" value=\"([0-9a-f]{32})\"")]
    private static partial Regex EndForm();
}
