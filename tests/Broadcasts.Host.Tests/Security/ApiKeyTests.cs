using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Keys of a running process: ended ones, too many requests, and what travels over TLS.</summary>
public sealed class ApiKeyTests
{
    [Fact]
    public async Task Key_ThatEnded_IsRefusedWithWhenItWas()
    {
        await using var installation = await Installation.CreateAsync("sqlite");
        var process = await installation.StartAsync(0);
        var made = await installation.PostAsync("api-keys", new { name = "short", scopes = new[] { "contacts.edit" }, expiresAt = "2099-01-01T00:00:00Z" });
        using var http = Client(process, made.GetProperty("key").GetString()!);
        Assert.Equal((HttpStatusCode.OK, ""), await ProblemAsync(http, "contacts"));

        // Its end comes: the clock of the process is the machine's.
        await using (var file = new SqliteDatabase(Path.Combine(installation.DataOf(0), "broadcasts.db"))) await file.WriteAsync(t => t.Connection!.ExecuteAsync("UPDATE api_keys SET expires_at = 1764460800000 WHERE name = 'short'", transaction: t));
        Assert.Equal((HttpStatusCode.Unauthorized, "keyExpired The key ended at 2025-11-30T00:00:00Z. Ask whoever runs this installation for another one."), await ProblemAsync(http, "contacts"));
        Assert.Equal("expired", (await installation.GetAsync("api-keys")).GetProperty("items").EnumerateArray().Single(k => k.GetProperty("name").GetString() == "short").GetProperty("state").GetString());
        Assert.Contains("keyEndPast", (await RefusedAsync(installation, new { name = "past", expiresAt = "2020-01-01T00:00:00Z" })), StringComparison.Ordinal);
        Assert.Contains("unknownPermission", await RefusedAsync(installation, new { name = "odd", scopes = new[] { "everything" } }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_MadeAgainWithTheSameIdempotencyKey_IsTheSameAndNowhereInTheDatabase()
    {
        await using var installation = await Installation.CreateAsync("sqlite");
        var process = await installation.StartAsync(0);
        var admin = (await installation.PostAsync("api-keys", new { name = "admin" })).GetProperty("key").GetString()!;
        using var http = Client(process, admin);
        http.DefaultRequestHeaders.Add("Idempotency-Key", "once");
        var keys = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var made = await http.PostAsJsonAsync(new Uri("api-keys", UriKind.Relative), new { name = "shop", scopes = new[] { "read" } }, TestContext.Current.CancellationToken);
            keys.Add((await made.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("key").GetString()!);
        }

        Assert.Equal(keys[0], keys[1]);
        await using var file = new SqliteDatabase(Path.Combine(installation.DataOf(0), "broadcasts.db"));
        Assert.Equal((1, 0), await file.ReadAsync(c => c.QuerySingleAsync<(int, int)>("SELECT (SELECT count(*) FROM idempotency WHERE idempotency_key = 'once'), (SELECT count(*) FROM idempotency WHERE response LIKE '%' || @secret || '%')", new { secret = keys[0][4..] })));
    }

    [Fact]
    public async Task Key_ThatAsksTooOften_Gets429AndOthersGoOn()
    {
        await using var installation = await Installation.CreateAsync("sqlite");
        var process = await installation.StartAsync(0, new Dictionary<string, string?> { ["Broadcasts__Limits__ApiRequestsPerMinute"] = "5" });
        var key = (await installation.PostAsync("api-keys", new { name = "busy", scopes = new[] { "read" } })).GetProperty("key").GetString()!;
        using var http = Client(process, key);
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 5; i++) answers.Add((await ProblemAsync(http, "labels")).Status);
        using var refused = await http.GetAsync(new Uri("labels", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a));
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.EndsWith(":tooMany", (await refused.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Array, (await installation.GetAsync("labels")).GetProperty("items").ValueKind);
    }

    [Fact]
    public async Task Session_EndedAtOneProcess_IsOverAtTheOtherWithinSeconds()
    {
        await using var installation = await Installation.CreateAsync("postgres");
        var first = await installation.StartAsync(0);
        var second = await installation.StartAsync(1);
        var user = await installation.PostAsync("users", new { email = "ana@example.com", role = "Sender" });
        using var console = new ConsoleClient(new Uri(AddressOf(first)));
        await console.OpenLinkAsync(new Uri(user.GetProperty("link").GetString()!).AbsolutePath);
        using var elsewhere = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = new Uri(AddressOf(second)) };
        elsewhere.DefaultRequestHeaders.Add("Cookie", string.Join("; ", console.Cookies.Select(c => $"{c.Name}={c.Value}")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(elsewhere, "/contacts"));

        using var ended = await console.PostFromAsync("/account", "/sign-out");
        Assert.Equal(HttpStatusCode.Redirect, (await console.GetAsync("/contacts")).Status);
        for (var begin = TimeProvider.System.GetTimestamp(); await StatusAsync(elsewhere, "/contacts") == HttpStatusCode.OK;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < RunningBroadcasts.Long, "The other process goes on letting it in.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Tls_BehindAProxy_MakesCookiesSecureAndIsKeptTo()
    {
        await using var installation = await Installation.CreateAsync("sqlite");
        var process = await installation.StartAsync(0, new Dictionary<string, string?> { ["Broadcasts__TrustedProxies"] = "127.0.0.1" });
        var user = await installation.PostAsync("users", new { email = "ana@example.com", role = "Sender" });
        var link = new Uri(user.GetProperty("link").GetString()!).AbsolutePath;
        using var plain = new ConsoleClient(new Uri(AddressOf(process)));
        using var secure = new ConsoleClient(new Uri(AddressOf(process)));
        using (var answer = await plain.Http.GetAsync(new Uri(link, UriKind.Relative), TestContext.Current.CancellationToken)) Assert.False(answer.Headers.Contains("Strict-Transport-Security"));

        secure.Http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        // A secure cookie does not go back over a plain connection: it is looked at where it is set.
        using var page = await secure.Http.GetAsync(new Uri(link, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("max-age=31536000", page.Headers.GetValues("Strict-Transport-Security").Single());
        var form = page.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("secure", form, StringComparison.OrdinalIgnoreCase);
        var token = System.Text.RegularExpressions.Regex.Match(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), "name=\"__RequestVerificationToken\" type=\"hidden\" value=\"([^\"]+)\"").Groups[1].Value;
        using var raw = new HttpClient(new HttpClientHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = secure.Http.BaseAddress };
        raw.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        raw.DefaultRequestHeaders.Add("Cookie", form.Split(';')[0]);
        using var content = new FormUrlEncodedContent([KeyValuePair.Create("__RequestVerificationToken", token)]);
        using var signedIn = await raw.PostAsync(new Uri(link, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var session = signedIn.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("broadcasts.session=", StringComparison.Ordinal));
        Assert.All(["secure", "httponly", "samesite=lax"], part => Assert.Contains(part, session, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, string Problem)> ProblemAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        if (answer.IsSuccessStatusCode) return (answer.StatusCode, "");
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return (answer.StatusCode, $"{problem.GetProperty("type").GetString()!.Split(':')[^1]} {problem.GetProperty("detail").GetString()}");
    }

    private static async Task<string> RefusedAsync(Installation installation, object body) =>
        (await Assert.ThrowsAsync<InvalidOperationException>(() => installation.PostAsync("api-keys", body))).Message;

    private static HttpClient Client(ProcessUnderTest process, string key)
    {
        var http = new HttpClient { BaseAddress = new Uri(new Uri(AddressOf(process)), "/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return http;
    }

    private static string AddressOf(ProcessUnderTest process) => process.Lines.First(l => l.Contains("is ready: ", StringComparison.Ordinal)).Split("is ready: ")[1].Trim();
}
