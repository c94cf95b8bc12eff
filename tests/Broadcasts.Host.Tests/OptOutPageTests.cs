using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcasts.Host.Tests;

/// <summary>The link in a message, as its recipient and a mail program use it.</summary>
public sealed partial class OptOutPageTests
{
    [Fact]
    public async Task Link_OneClickThenChoice_HoldsForTheNextMessagesAndIsProven()
    {
        using var folder = new TempFolder();
        await using var process = RunningBroadcasts.Start(folder.File("data"), new() { ["Broadcasts__PublicUrl"] = "https://news.example.org/" });
        using var http = new HttpClient { BaseAddress = new Uri(await RunningBroadcasts.AddressOfAsync(process)) };
        var service = new Service(http, await KeyAsync(folder.File("data")));
        var contact = (await service.PostAsync("contacts", new { firstName = "Eva", addresses = new[] { new { kind = "email", value = "eva@example.com" }, new { kind = "phone", value = "+34600111222" } } })).GetProperty("id").GetInt64();
        var mail = (await service.PostAsync("channels", new { name = "Mail", transport = "filedrop", settings = new { folder = folder.Path, format = "eml", addressKind = "email" } })).GetProperty("id").GetInt64();
        await service.PostAsync("messages", new { address = "eva@example.com", channelId = mail, part = new { type = "email", subject = "News", text = "Hello" } });
        var path = await LinkAsync(folder.Path);

        // A mail program fetches links ahead of people: nothing may happen by that.
        var page = await service.TextAsync(HttpMethod.Get, path, HttpStatusCode.OK);
        Assert.Contains("e…@example.com", page, StringComparison.Ordinal);
        Assert.DoesNotContain("600111", page, StringComparison.Ordinal);
        Assert.Empty(await StatesAsync());

        await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, ("List-Unsubscribe", "One-Click"));
        Assert.Equal([("email", "withdrawn", "link")], await StatesAsync());

        var both = Keep().Matches(await service.TextAsync(HttpMethod.Get, path, HttpStatusCode.OK)).Select(m => ("keep", m.Groups[1].Value)).ToArray();
        Assert.Equal(2, both.Length);
        await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, [("choice", "save"), both[0]]);
        Assert.Equal([("email", "withdrawn", "link"), ("email", "granted", "preferences"), ("phone", "withdrawn", "preferences")], await StatesAsync());

        Assert.Contains("No recibirá más", await service.TextAsync(HttpMethod.Post, path, HttpStatusCode.OK, ("choice", "none")), StringComparison.Ordinal);
        Assert.Equal(("email", "withdrawn", "preferences"), (await StatesAsync())[^1]);

        await service.TextAsync(HttpMethod.Get, "/o/AAAA", HttpStatusCode.NotFound);
        await service.TextAsync(HttpMethod.Post, path[..^1] + (path[^1] == 'A' ? 'B' : 'A'), HttpStatusCode.NotFound, ("choice", "none"));

        async Task<(string, string, string)[]> StatesAsync() =>
            [.. (await service.GetAsync($"contacts/{contact}/consents")).GetProperty("items").EnumerateArray().Select(c => (c.GetProperty("kind").GetString()!, c.GetProperty("state").GetString()!, c.GetProperty("source").GetString()!))];
    }

    private static async Task<string> LinkAsync(string folder)
    {
        for (var begin = TimeProvider.System.GetTimestamp(); ;)
        {
            if (Directory.GetFiles(folder, "*.eml") is [var file, ..]) return new Uri(Header().Match(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Groups[1].Value).AbsolutePath;
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < RunningBroadcasts.Long, "No mail was written.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> KeyAsync(string data)
    {
        await using var command = ProcessUnderTest.Start(["apikey", "create", "--data", data, "--name", "test"]);
        await command.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        return Assert.Single(command.StandardOutput);
    }

    [GeneratedRegex("List-Unsubscribe: <([^>]+)>")]
    private static partial Regex Header();

    [GeneratedRegex("name=\"keep\" value=\"(\\d+)\"")]
    private static partial Regex Keep();

    private sealed class Service(HttpClient http, string key)
    {
        public Task<JsonElement> GetAsync(string path) => JsonAsync(HttpMethod.Get, path, null);

        public Task<JsonElement> PostAsync(string path, object body) => JsonAsync(HttpMethod.Post, path, JsonContent.Create(body));

        // As whoever has the link and nothing else.
        public async Task<string> TextAsync(HttpMethod method, string path, HttpStatusCode status, params (string Name, string Value)[] form)
        {
            using var request = new HttpRequestMessage(method, path);
            request.Headers.AcceptLanguage.ParseAdd("es");
            if (method == HttpMethod.Post) request.Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(status, answer.StatusCode);
            return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        private async Task<JsonElement> JsonAsync(HttpMethod method, string path, HttpContent? content)
        {
            using var request = new HttpRequestMessage(method, "/api/v1/" + path) { Content = content };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
    }
}
