using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>The built program as a service on a free port, with a key of its API.</summary>
public sealed class RunningBroadcasts : IAsyncLifetime
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();

    public ProcessUnderTest Process { get; private set; } = null!;

    public HttpClient Http { get; } = new();

    public string Data => _folder.File("data");

    public string Key { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        // Providers of tests are on this machine. Behind a proxy that says who comes: the limits of one address must not be those of a whole class of tests.
        Process = Start(Data, new() { ["Broadcasts__Network__Allow"] = "127.0.0.1", ["Broadcasts__TrustedProxies"] = "127.0.0.1" });
        Http.BaseAddress = new Uri(await AddressOfAsync(Process));
        Key = await MakeKeyAsync();
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public static ProcessUnderTest Start(string data, Dictionary<string, string?>? environment = null) =>
        ProcessUnderTest.Start(["run", "--data", data, "--urls", "http://127.0.0.1:0"], environment);

    public static async Task<string> AddressOfAsync(ProcessUnderTest process) =>
        (await process.WaitForLineAsync("is ready: ", Long)).Split("is ready: ")[1].Trim();

    public async Task<string> MakeKeyAsync(params string[] scopes)
    {
        await using var command = ProcessUnderTest.Start(["apikey", "create", "--data", Data, "--name", "test", .. scopes.SelectMany(s => (string[])["--scope", s])]);
        await command.AssertExitCodeAsync(0, Long);
        return Assert.Single(command.StandardOutput);
    }

    public async Task<JsonElement> GetAsync(string path) => await ReadAsync(await Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));

    public async Task<JsonElement> PostAsync(string path, object? body = null, string? idempotencyKey = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return await ReadAsync(await Http.SendAsync(request, TestContext.Current.CancellationToken));
    }

    /// <summary>Asks until the answer fits; the program's own end of work is what is waited for.</summary>
    public async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> fits)
    {
        for (var deadline = TimeProvider.System.GetTimestamp(); ;)
        {
            var answer = await GetAsync(path);
            if (fits(answer)) return answer;
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < Long, $"{path} is still {answer}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (Process.HasExited) throw new InvalidOperationException($"The service ended by itself with exit code {await Process.ExitCodeAsync(Long)}:\n{string.Join('\n', Process.Lines)}");
        await Process.DisposeAsync();
        _folder.Dispose();
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {text}");
            if (text.Length == 0) return default;
            using var json = JsonDocument.Parse(text);
            return json.RootElement.Clone();
        }
    }
}
