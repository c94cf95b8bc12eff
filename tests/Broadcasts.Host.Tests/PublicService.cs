using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>A running process as its administrator sees it by the API, and the people it writes to by its pages.</summary>
internal sealed class PublicService(HttpClient http, string key) : IDisposable
{
    public static async Task<PublicService> ConnectAsync(ProcessUnderTest process, string data)
    {
        var http = new HttpClient { BaseAddress = new Uri(await RunningBroadcasts.AddressOfAsync(process)) };
        await using var command = ProcessUnderTest.Start(["apikey", "create", "--data", data, "--name", "test"]);
        await command.AssertExitCodeAsync(0, RunningBroadcasts.Long);
        return new PublicService(http, Assert.Single(command.StandardOutput));
    }

    public Task<JsonElement> GetAsync(string path) => JsonAsync(HttpMethod.Get, path, null);

    public Task<JsonElement> PostAsync(string path, object body, HttpStatusCode? status = null) => JsonAsync(HttpMethod.Post, path, JsonContent.Create(body), status);

    public Task<JsonElement> PutAsync(string path, object body) => JsonAsync(HttpMethod.Put, path, JsonContent.Create(body));

    public Task<JsonElement> DeleteAsync(string path) => JsonAsync(HttpMethod.Delete, path, null);

    /// <summary>As whoever has the link and nothing else.</summary>
    public async Task<string> TextAsync(HttpMethod method, string path, HttpStatusCode status, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.AcceptLanguage.ParseAdd("es");
        if (method == HttpMethod.Post) request.Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(status, answer.StatusCode);
        return WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>As a visitor whom a proxy names.</summary>
    public async Task<HttpStatusCode> EnterAsync(string path, string visitor, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))) };
        request.Headers.Add("X-Forwarded-For", visitor);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    /// <summary>What was said about being written to, the oldest first.</summary>
    public async Task<(string Kind, string State, string Source)[]> ConsentsAsync(string contact) =>
        [.. (await GetAsync($"contacts/{contact}/consents")).GetProperty("items").EnumerateArray().Select(c => (c.GetProperty("kind").GetString()!, c.GetProperty("state").GetString()!, c.GetProperty("source").GetString()!))];

    /// <summary>Asks until the answer is as wanted.</summary>
    public async Task<JsonElement> WaitAsync(string path, Func<JsonElement, bool> isThere)
    {
        for (var begin = TimeProvider.System.GetTimestamp(); ;)
        {
            var answer = await GetAsync(path);
            if (isThere(answer)) return answer;
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < RunningBroadcasts.Long, $"{path} stays {answer}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Mails in a folder, once there are so many.</summary>
    public static async Task<string[]> MailsAsync(string folder, int count)
    {
        for (var begin = TimeProvider.System.GetTimestamp(); ;)
        {
            var files = Directory.GetFiles(folder, "*.eml");
            if (files.Length >= count) return [.. files.OrderBy(f => f, StringComparer.Ordinal).Select(File.ReadAllText)];
            Assert.True(TimeProvider.System.GetElapsedTime(begin) < RunningBroadcasts.Long, $"{files.Length} mails were written, not {count}.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> JsonAsync(HttpMethod method, string path, HttpContent? content, HttpStatusCode? status = null)
    {
        using var request = new HttpRequestMessage(method, "/api/v1/" + path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (status is { } wanted) Assert.True(answer.StatusCode == wanted, $"{path}: {answer.StatusCode} {text}");
        else Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
