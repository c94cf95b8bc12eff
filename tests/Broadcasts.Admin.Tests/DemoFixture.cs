using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Broadcasts.Admin.Tests;

/// <summary>The program's own demo: contacts, channels and broadcasts in several states, and a browser signed in by the link that it prints.</summary>
public sealed partial class DemoFixture : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    private readonly TempFolder _folder = new();
    private ProcessUnderTest _process = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private string _session = "";

    public string Address { get; private set; } = "";

    /// <summary>Pages of what the demo has not: a form, a role, a job, a file that waits to be imported.</summary>
    public IReadOnlyList<string> Made { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        var chromium = Requirements.Chromium;
        _process = ProcessUnderTest.Start(["demo", "--data", _folder.File("demo"), "--contacts", "400", "--rate", "1/s", "--urls", "http://127.0.0.1:0"],
            new Dictionary<string, string?> { ["Broadcasts__PublicUrl"] = "https://news.example.org/" });
        var link = SignInLink().Match(await _process.WaitForLineAsync("Sign in: ", Long)).Value;
        Address = new Uri(link).GetLeftPart(UriPartial.Authority);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });
        await using var context = await _browser.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(link);
        if (page.Url.Contains("/link/", StringComparison.Ordinal)) await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/broadcasts");
        _session = await context.StorageStateAsync();
        Made = await MakeAsync();
    }

    private async Task<IReadOnlyList<string>> MakeAsync()
    {
        await using var command = ProcessUnderTest.Start(["apikey", "create", "--name", "test", "--data", _folder.File("demo")]);
        await command.AssertExitCodeAsync(0, Long);
        using var http = new HttpClient { BaseAddress = new Uri($"{Address}/api/v1/") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", command.StandardOutput[0]);
        using var people = new StringContent("email,first_name\nnew@example.com,New\n", MediaTypeHeaderValue.Parse("text/csv"));
        return
        [
            "/suppressions/import",
            "/broadcasts/views",
            "/broadcasts/act?what=archive&id=1&id=4",
            $"/contacts/import/{await IdAsync(http.PostAsync(new Uri("contacts/imports/uploads?name=new.csv", UriKind.Relative), people))}",
            $"/contacts/jobs/{await IdAsync(http.PostAsJsonAsync("contacts/jobs", new { act = "addTag", tag = "seen", audience = new { contacts = new[] { 1 } } }))}",
            $"/settings/roles/{await IdAsync(http.PostAsJsonAsync("roles", new { name = "Support", permissions = new[] { "contacts.edit" } }))}",
            $"/forms/{await IdAsync(http.PostAsJsonAsync("forms", new { name = "Website", title = "Get our news", consent = "I want news by e-mail.", channelId = 2, part = new { type = "email", subject = "Please confirm", text = "Confirm here: {{ links.confirm }}" } }))}",
        ];
    }

    private static async Task<string> IdAsync(Task<HttpResponseMessage> sent)
    {
        using var answer = await sent;
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("id").ToString();
    }

    public Task<IBrowserContext> NewContextAsync(string locale = "en-GB", int width = 1280, ColorScheme scheme = ColorScheme.Light, Contrast contrast = Contrast.NoPreference, bool signedIn = true, bool script = true) =>
        _browser.NewContextAsync(new()
        {
            BaseURL = Address,
            Locale = locale,
            JavaScriptEnabled = script,
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = scheme,
            Contrast = contrast,
            ReducedMotion = ReducedMotion.Reduce,
            StorageState = signedIn ? _session : null,
        });

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }

    [GeneratedRegex(@"http://\S+/link/\S+")]
    private static partial Regex SignInLink();
}
