using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;

namespace Broadcasts.Admin.Tests;

/// <summary>The built program on a free port with an owner, and a browser.</summary>
public class ConsoleFixture : IAsyncLifetime
{
    public const string Email = "owner@example.com";
    public const string Password = "a long enough sentence";

    /// <summary>Largest import in MB.</summary>
    public const int ImportMegabytes = 2;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(90);

    private readonly TempFolder _folder = new();
    private ProcessUnderTest _process = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private string _session = "";
    private Dictionary<string, string?> _settings = [];
    private HttpClient? _http;

    public string Address { get; private set; } = "";

    public string WelcomeLink { get; private set; } = "";

    public string File(string name) => _folder.File(name);

    public string Data => _folder.File("data");

    public async ValueTask InitializeAsync()
    {
        var chromium = Requirements.Chromium;
        _settings = await SettingsAsync();
        _process = ProcessUnderTest.Start(
            ["run", "--data", Data, "--urls", "http://127.0.0.1:0"],
            new Dictionary<string, string?>(_settings) { ["Broadcasts__Limits__ImportMegabytes"] = ImportMegabytes.ToString(CultureInfo.InvariantCulture), ["Broadcasts__PublicUrl"] = "https://news.example.org/" });
        Address = (await _process.WaitForLineAsync("is ready: ", Long)).Split("is ready: ")[1].Trim();
        WelcomeLink = (await _process.WaitForLineAsync("/welcome/", Long)).Split(": ")[^1].Trim();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = chromium, Args = ["--no-sandbox"] });

        // The first start, as its owner goes through it.
        await using var context = await NewContextAsync(signedIn: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(WelcomeLink);
        await page.FillAsync("#name", "Olga Owner");
        await page.FillAsync("#email", Email);
        await page.FillAsync("#password", Password);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/broadcasts");
        _session = await context.StorageStateAsync();
    }

    public Task<IBrowserContext> NewContextAsync(bool signedIn = true, string locale = "en-GB", bool script = true, int width = 1280, ColorScheme scheme = ColorScheme.Light) =>
        _browser.NewContextAsync(new()
        {
            BaseURL = Address,
            Locale = locale,
            JavaScriptEnabled = script,
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = scheme,
            StorageState = signedIn ? _session : null,
        });

    /// <summary>Keeps how a page looks, for whoever wants to see it after the run.</summary>
    public static Task PictureAsync(IPage page, string name) => page.ScreenshotAsync(new() { Path = Path.Combine(AppContext.BaseDirectory, "pictures", $"{name}.png"), FullPage = true });

    /// <summary>Posts to the API with a key of its own: what a test needs besides what it looks at.</summary>
    public Task<JsonElement> PostAsync(string path, object? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>Puts to the API.</summary>
    public Task<JsonElement> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, body);

    /// <summary>Patches by the API.</summary>
    public Task<JsonElement> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, body);

    /// <summary>Reads by the API.</summary>
    public Task<JsonElement> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body)
    {
        if (_http is null)
        {
            await using var command = Command("apikey", "create", "--name", "test");
            await command.AssertExitCodeAsync(0, Long);
            _http = new HttpClient { BaseAddress = new Uri(Address) };
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Assert.Single(command.StandardOutput));
        }

        using var request = new HttpRequestMessage(method, $"/api/v1/{path}") { Content = method == HttpMethod.Get ? null : JsonContent.Create(body ?? new { }) };
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    public ProcessUnderTest Command(params string[] arguments) => ProcessUnderTest.Start([.. arguments, "--data", Data], _settings);

    /// <summary>Variables of the service's environment.</summary>
    protected virtual Task<Dictionary<string, string?>> SettingsAsync() => Task.FromResult(new Dictionary<string, string?>());

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        _http?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>The same on PostgreSQL.</summary>
public sealed class PostgresConsoleFixture : ConsoleFixture
{
    private TestDatabase? _database;

    protected override async Task<Dictionary<string, string?>> SettingsAsync()
    {
        _database = await TestDatabase.CreateAsync("postgres", migrate: false);
        var key = File("master.key");
        await System.IO.File.WriteAllTextAsync(key, Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(48)));
        return new()
        {
            ["Broadcasts__Database__Provider"] = "postgres",
            ["Broadcasts__Database__ConnectionString"] = _database.ConnectionString,
            ["Broadcasts__Secrets__MasterKeyFile"] = key,
            ["Broadcasts__HostDirectory"] = File("host"),
        };
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_database is not null) await _database.DisposeAsync();
    }
}
