using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Copied data as an operator meets it: nothing can be sent, everything says why, and one command lets it go.</summary>
public sealed class SafeHoldCommandTests
{
    [Fact]
    public async Task SafeHold_OfACopyWithoutAService_IsShownAndReleased()
    {
        using var folder = new TempFolder();
        var copy = await CopyAsync(folder);

        Assert.Equal("copied", (await JsonAsync("safe-hold", "--data", copy, "--json")).GetProperty("reason").GetString());
        await using var words = ProcessUnderTest.Start(["safe-hold", "--data", copy]);
        await words.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        Assert.Contains("broadcasts safe-hold release", Assert.Single(words.StandardOutput), StringComparison.Ordinal);
        await using var send = ProcessUnderTest.Start(["send", "--contacts", folder.File("people.csv"), "--channel", "filedrop", "--set", $"folder={folder.File("out")}", "--from", "a@example.com", "--subject", "Hi", "--template", await WriteAsync(folder, "t.txt", "Hello"), "--data", copy, "--yes"]);
        await send.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains(send.Lines, l => l.Contains("safe-hold release", StringComparison.Ordinal));

        Assert.False((await JsonAsync("safe-hold", "release", "--data", copy, "--json")).GetProperty("held").GetBoolean());
        Assert.False((await JsonAsync("safe-hold", "--data", copy, "--json")).GetProperty("held").GetBoolean());
    }

    [Fact]
    public async Task SafeHold_OfARunningService_RefusesWhateverSendsUntilItIsReleased()
    {
        using var folder = new TempFolder();
        var copy = await CopyAsync(folder);
        await using var service = RunningBroadcasts.Start(copy);
        using var http = new HttpClient { BaseAddress = new Uri(await RunningBroadcasts.AddressOfAsync(service)) };
        await using var key = ProcessUnderTest.Start(["apikey", "create", "--data", copy, "--name", "test"]);
        await key.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Assert.Single(key.StandardOutput));
        var channel = (await PostAsync(http, "channels", new { name = "sim", transport = "simulator", settings = new { addressKind = "email", receipts = false } })).GetProperty("id").GetInt64();
        var part = new { type = "email", subject = "Hi", text = "Hello" };
        var id = (await PostAsync(http, "broadcasts", new { name = "x", channelId = channel, contactIds = new[] { 1 }, parts = new[] { part } })).GetProperty("id").GetInt64();

        await AssertHeldAsync(http, $"broadcasts/{id}/send", null);
        await AssertHeldAsync(http, $"broadcasts/{id}/send", new { undoSeconds = 10 });
        await AssertHeldAsync(http, $"broadcasts/{id}/test", new { addresses = new[] { "a@example.com" } });
        await AssertHeldAsync(http, "messages", new { contactId = 1, channelId = channel, part });
        var draft = await http.GetFromJsonAsync<JsonElement>($"/api/v1/broadcasts/{id}", TestContext.Current.CancellationToken);
        Assert.Equal("draft", draft.GetProperty("status").GetString());

        Assert.Equal("copied", (await JsonAsync("safe-hold", "--data", copy, "--json")).GetProperty("reason").GetString());
        await using var doctor = ProcessUnderTest.Start(["doctor", "--data", copy]);
        await doctor.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.StartsWith("FAIL safe hold: Held: this data was copied.", Assert.Single(doctor.StandardOutput, l => !l.StartsWith("ok ", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.False((await JsonAsync("safe-hold", "release", "--data", copy, "--json")).GetProperty("held").GetBoolean());
        Assert.Equal("inProgress", (await PostAsync(http, $"broadcasts/{id}/send")).GetProperty("status").GetString());
        await PostAsync(http, "messages", new { contactId = 1, channelId = channel, part });
    }

    private static async Task AssertHeldAsync(HttpClient http, string path, object? body)
    {
        using var response = body is null ? await http.PostAsync(new Uri($"/api/v1/{path}", UriKind.Relative), null, TestContext.Current.CancellationToken) : await http.PostAsJsonAsync($"/api/v1/{path}", body, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.Conflict, $"{path}: {text}");
        var problem = JsonSerializer.Deserialize<JsonElement>(text);
        Assert.Equal("safeHold", Assert.Single(problem.GetProperty("problems").EnumerateArray()).GetProperty("code").GetString());
        Assert.Contains("safe-hold release", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, object? body = null)
    {
        using var response = body is null ? await http.PostAsync(new Uri($"/api/v1/{path}", UriKind.Relative), null, TestContext.Current.CancellationToken) : await http.PostAsJsonAsync($"/api/v1/{path}", body, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    // Data with a person in it, and its copy in another directory.
    private static async Task<string> CopyAsync(TempFolder folder)
    {
        await using var import = ProcessUnderTest.Start(["import", await WriteAsync(folder, "people.csv", "email,first_name\nann@example.com,Ann\n"), "--consent-source", "test", "--data", folder.File("data")]);
        await import.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        Assert.False((await JsonAsync("safe-hold", "--data", folder.File("data"), "--json")).GetProperty("held").GetBoolean());
        var copy = Directory.CreateDirectory(folder.File("copy")).FullName;
        foreach (var file in Directory.EnumerateFiles(folder.File("data"), "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(copy, Path.GetRelativePath(folder.File("data"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            if (new FileInfo(file).Length > 0) File.Copy(file, to);
        }

        return copy;
    }

    private static async Task<string> WriteAsync(TempFolder folder, string name, string text)
    {
        await File.WriteAllTextAsync(folder.File(name), text, TestContext.Current.CancellationToken);
        return folder.File(name);
    }

    private static async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(arguments);
        await process.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        return JsonSerializer.Deserialize<JsonElement>(Assert.Single(process.StandardOutput));
    }
}
