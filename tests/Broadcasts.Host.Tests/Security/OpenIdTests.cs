using System.Net;
using System.Text.Json;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Signing in by a real OpenID provider on loopback, through the built program.</summary>
public sealed class OpenIdTests : IAsyncLifetime
{
    private OpenIdProvider _provider = null!;
    private Installation _installation = null!;
    private string _address = "";

    public async ValueTask InitializeAsync()
    {
        _provider = await OpenIdProvider.StartAsync();
        _installation = await Installation.CreateAsync("sqlite");
        var process = await _installation.StartAsync(0, new Dictionary<string, string?>
        {
            ["Broadcasts__OpenId__Authority"] = _provider.Address,
            ["Broadcasts__OpenId__ClientId"] = OpenIdProvider.ClientId,
            ["Broadcasts__OpenId__ClientSecret"] = OpenIdProvider.Secret,
            ["Broadcasts__OpenId__Name"] = "Example login",
            ["Broadcasts__OpenId__AllowedDomains"] = "example.org;@Example.COM",
            ["Broadcasts__OpenId__RoleClaim"] = "groups",
            ["Broadcasts__OpenId__Roles"] = "admins=Owner;marketing=Sender",
        });
        _address = process.Lines.First(l => l.Contains("is ready: ", StringComparison.Ordinal)).Split("is ready: ")[1].Trim();
        _provider.RedirectUri = $"{_address}/sign-in/openid/callback";
    }

    [Fact]
    public async Task Newcomer_OfAnAllowedDomain_GetsTheRoleOfTheGroupAndIsTheSameNextTime()
    {
        _provider.User = new("42", "ana@example.org", true, "Ana Of Example", "others", "marketing");
        using var browser = new ConsoleClient(new Uri(_address));
        Assert.Contains("Sign in with Example login", (await browser.GetAsync("/sign-in")).Text, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Redirect, "/contacts"), await SignInAsync(browser, "/sign-in/openid?to=%2Fcontacts"));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/contacts")).Status);
        Assert.Equal(("Ana Of Example", "Sender", "active"), await UserAsync("ana@example.org"));

        // Known by issuer and subject: another address and another group are the same person.
        _provider.User = new("42", "ana.maria@example.org", false, "Ana", "admins");
        using var next = new ConsoleClient(new Uri(_address));
        Assert.Equal((HttpStatusCode.Redirect, "/broadcasts"), await SignInAsync(next));
        Assert.Equal(("Ana Of Example", "Owner", "active"), await UserAsync("ana@example.org"));
        Assert.Single(await UsersAsync());
        var audit = (await _installation.GetAsync("audit?action=user")).GetProperty("items").EnumerateArray().Select(e => $"{e.GetProperty("actor")} {e.GetProperty("action")}").ToList();
        Assert.Equal(["user:1 user.signedIn", "openid user.role", "user:1 user.signedIn", "openid user.add"], audit);
    }

    [Fact]
    public async Task Invited_WithTheSameVerifiedAddress_IsLinkedAndKeepsTheRole()
    {
        await _installation.PostAsync("users", new { email = "Eva@elsewhere.net", name = "Eva", role = "Editor" });
        _provider.User = new("7", "eva@ELSEWHERE.net", false, "Mallory");
        using var browser = new ConsoleClient(new Uri(_address));
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(browser)).Status);

        _provider.User = _provider.User with { EmailVerified = true };
        Assert.Equal((HttpStatusCode.Redirect, "/broadcasts"), await SignInAsync(browser));
        Assert.Equal(("Eva", "Editor", "active"), await UserAsync("Eva@elsewhere.net"));
        var id = (await UsersAsync())[0].GetProperty("id").GetInt64();
        await _installation.PatchAsync($"users/{id}", new { disabled = true });
        using var again = new ConsoleClient(new Uri(_address));
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(again)).Status);
    }

    [Fact]
    public async Task Strangers_UnverifiedAndWronglyCalledBack_GetNoAccount()
    {
        _provider.User = new("8", "mallory@elsewhere.net", true, "Mallory");
        using var stranger = new ConsoleClient(new Uri(_address));
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(stranger)).Status);
        _provider.User = new("9", "mallory@example.org", false, "Mallory");
        Assert.Equal(HttpStatusCode.Forbidden, (await SignInAsync(stranger)).Status);
        // An answer that nobody here asked for: no state that this browser has.
        using var forged = await stranger.Http.GetAsync(new Uri("/sign-in/openid/callback?code=x&state=y", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("/sign-in?failed=openid", forged.Headers.Location?.ToString());
        Assert.Contains("Example login did not sign you in", (await stranger.GetAsync("/sign-in?failed=openid")).Text, StringComparison.Ordinal);
        // Coming "back" without having been there leads to the beginning.
        Assert.Equal(HttpStatusCode.Redirect, (await stranger.GetAsync("/sign-in/openid?done=true")).Status);
        Assert.Empty(await UsersAsync());
    }

    // Follows every redirect to the provider and back; the last answer that is ours and leads into the console or refuses.
    private static async Task<(HttpStatusCode Status, string? Location)> SignInAsync(ConsoleClient browser, string begin = "/sign-in/openid")
    {
        var at = new Uri(browser.Http.BaseAddress!, begin);
        for (var step = 0; step < 8; step++)
        {
            using var answer = await browser.Http.GetAsync(at, TestContext.Current.CancellationToken);
            if (answer.StatusCode != HttpStatusCode.Redirect) return (answer.StatusCode, null);
            var next = new Uri(at, answer.Headers.Location!);
            if (at.AbsolutePath == "/sign-in/openid" && at.Query.Contains("done=true", StringComparison.Ordinal)) return (answer.StatusCode, answer.Headers.Location!.ToString());
            at = next;
        }

        throw new InvalidOperationException($"It leads on and on: {at}");
    }

    private async Task<IReadOnlyList<JsonElement>> UsersAsync() => [.. (await _installation.GetAsync("users")).GetProperty("items").EnumerateArray()];

    private async Task<(string? Name, string? Role, string? State)> UserAsync(string email)
    {
        var user = (await UsersAsync()).Single(u => u.GetProperty("email").GetString() == email);
        return (user.GetProperty("name").GetString(), user.GetProperty("role").GetString(), user.GetProperty("state").GetString());
    }

    public async ValueTask DisposeAsync()
    {
        await _installation.DisposeAsync();
        await _provider.DisposeAsync();
    }
}
