using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>The suppression list of a running process.</summary>
public sealed class SuppressionsApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    private const string Path = "/api/v1/suppressions";

    private readonly string _tag = "s" + Guid.NewGuid().ToString("N")[..10];

    [Fact]
    public async Task Suppression_AddedTwiceAndRemoved_SaysWhatChanged()
    {
        var body = new { kind = "email", value = $"Ana.{_tag}@Example.com" };

        var added = await SendAsync(HttpMethod.Post, Path, JsonContent.Create(body), HttpStatusCode.Created);
        var again = await SendAsync(HttpMethod.Post, Path, JsonContent.Create(body), HttpStatusCode.OK);

        Assert.Equal(("email", $"ana.{_tag}@example.com", "manual"), (added.GetProperty("kind").GetString(), added.GetProperty("value").GetString(), added.GetProperty("reason").GetString()));
        Assert.Equal(added.ToString(), again.ToString());
        Assert.StartsWith("key:", added.GetProperty("source").GetString());
        Assert.False(added.TryGetProperty("channelId", out _));
        await SendAsync(HttpMethod.Delete, $"{Path}?kind=email&value=ANA.{_tag}@example.com", null, HttpStatusCode.NoContent);
        var gone = await SendAsync(HttpMethod.Delete, $"{Path}?kind=email&value=ana.{_tag}@example.com", null, HttpStatusCode.NotFound);
        Assert.Equal("urn:broadcasts:problem:notFound", gone.GetProperty("type").GetString());
        var audit = (await service.GetAsync($"/api/v1/audit?subject=suppression:email:ana.{_tag}@example.com")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["suppression.removed", "suppression.added"], audit.Select(e => e.GetProperty("action").GetString()));
        Assert.All(audit, e => Assert.StartsWith("key:", e.GetProperty("actor").GetString()));
    }

    [Theory]
    [InlineData("""{"kind":"fax","value":"1"}""", "unknownKind")]
    [InlineData("""{"kind":null,"value":"1"}""", "unknownKind")]
    [InlineData("""{"kind":"email","value":"nobody"}""", "noAt")]
    [InlineData("""{"kind":"email","value":null}""", "blank")]
    [InlineData("""{"kind":"email","value":"a@example.com","channelId":987654}""", "channelGone")]
    public async Task Suppression_ThatStopsNothing_IsRefused(string body, string code)
    {
        var problem = await SendAsync(HttpMethod.Post, Path, new StringContent(body, Encoding.UTF8, "application/json"), HttpStatusCode.UnprocessableEntity);
        Assert.Equal(code, problem.GetProperty("problems")[0].GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("?cursor=nonsense", 400)]
    [InlineData("?kind=fax", 422)]
    [InlineData("?reason=bored", 400)]
    [InlineData("?channelId=x", 400)]
    [InlineData("/export?kind=fax", 422)]
    public async Task List_AskedWrongly_SaysSo(string query, int status) => await SendAsync(HttpMethod.Get, Path + query, null, (HttpStatusCode)status);

    [Theory]
    [InlineData("", 422)]
    [InlineData("?kind=email", 422)]
    [InlineData("?kind=email&value=%20", 422)]
    [InlineData("?kind=fax&value=1", 422)]
    [InlineData("?kind=email&value=nobody", 404)]
    public async Task Remove_OfNothing_SaysSo(string query, int status) => await SendAsync(HttpMethod.Delete, Path + query, null, (HttpStatusCode)status);

    [Fact]
    public async Task List_WhileRowsComeAndGo_TellsEachOnce()
    {
        var channel = (await service.PostAsync("/api/v1/channels", new { name = "Only " + _tag, transport = "simulator", settings = new { addressKind = "email" } })).GetProperty("id").GetInt64();
        await ImportAsync("kind=email", string.Concat(Enumerable.Range(10, 20).Select(i => $"{i}.{_tag}@example.com\n")));
        await SendAsync(HttpMethod.Post, Path, JsonContent.Create(new { kind = "email", value = $"only.{_tag}@example.com", channelId = channel }), HttpStatusCode.Created);
        var seen = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await service.GetAsync($"{Path}?search={_tag}&limit=4&cursor={cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("value").GetString()!));
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
            await SendAsync(HttpMethod.Delete, $"{Path}?kind=email&value={seen[^1]}", null, seen[^1].StartsWith("only", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.NoContent);
            await SendAsync(HttpMethod.Post, Path, JsonContent.Create(new { kind = "email", value = $"0{seen.Count}.{_tag}@example.com" }), HttpStatusCode.Created);
        }

        Assert.Equal(Enumerable.Range(10, 20).Select(i => $"{i}.{_tag}@example.com").Append($"only.{_tag}@example.com"), seen);
        var only = Assert.Single((await service.GetAsync($"{Path}?kind=email&channelId={channel}&reason=manual")).GetProperty("items").EnumerateArray());
        Assert.Equal((channel, "Only " + _tag), (only.GetProperty("channelId").GetInt64(), only.GetProperty("channel").GetString()));
    }

    [Fact]
    public async Task Import_TwentyThousandLines_AreCountedAndSkippedByABroadcast()
    {
        var list = new StringBuilder("email\n");
        for (var i = 0; i < 20_000; i++) list.Append(CultureInfo.InvariantCulture, $"{i}.{_tag}@example.com\n");
        list.Append("nobody\n0.").Append(_tag).Append("@EXAMPLE.com\n");

        var first = await ImportAsync("kind=email&name=old%20system.csv", list.ToString());
        var again = await ImportAsync("kind=email", list.ToString());

        Assert.Equal((20_000, 1, 1), Counts(first));
        Assert.Equal((0, 20_001, 1), Counts(again));
        Assert.Equal((20_002, "nobody", "noAt"), (first.GetProperty("errors")[0].GetProperty("line").GetInt32(), first.GetProperty("errors")[0].GetProperty("value").GetString(), first.GetProperty("errors")[0].GetProperty("code").GetString()));
        Assert.Equal("list:old system.csv", Assert.Single((await service.GetAsync($"{Path}?search=777.{_tag}@&reason=imported")).GetProperty("items").EnumerateArray().Take(1)).GetProperty("source").GetString());
        await service.PostAsync("/api/v1/contacts", new { addresses = new[] { new { kind = "email", value = $"5.{_tag}@example.com" } }, tags = new[] { _tag } });
        var channel = await service.PostAsync("/api/v1/channels", new { name = _tag, transport = "simulator", settings = new { addressKind = "email" } });
        var broadcast = await service.PostAsync("/api/v1/broadcasts", new
        {
            name = _tag,
            channelId = channel.GetProperty("id").GetInt64(),
            segment = new { field = "tag", op = "hasAnyOf", value = new[] { _tag } },
            parts = new[] { new { type = "email", subject = "Hi", text = "Hello" } },
        });
        Assert.Equal(0, (await service.PostAsync($"/api/v1/broadcasts/{broadcast.GetProperty("id")}/forecast")).GetProperty("sendable").GetInt32());
    }

    [Fact]
    public async Task Import_NationalNumbersInUtf16_AreThoseOfTheCountry()
    {
        var digits = Random.Shared.Next(10_000_000, 99_999_999);
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes($"Teléfono;Nombre\r\n6{digits};Íñigo\r\n+34 6{digits};Ana\r\n")];

        var result = await SendAsync(HttpMethod.Post, $"{Path}/import?kind=phone&country=ES", new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("text/plain") } }, HttpStatusCode.OK);

        Assert.Equal((1, 1, 0), Counts(result));
        Assert.Equal($"+346{digits}", Assert.Single((await service.GetAsync($"{Path}?search=6{digits}")).GetProperty("items").EnumerateArray()).GetProperty("value").GetString());
    }

    [Theory]
    [InlineData("kind=email", "", 422)]
    [InlineData("kind=fax", "a@example.com", 422)]
    [InlineData("", "a@example.com", 422)]
    [InlineData("kind=phone&country=Spain", "1", 422)]
    [InlineData("kind=phone&channelId=987654", "1", 422)]
    public async Task Import_ThatCantBeRead_IsRefused(string query, string list, int status) =>
        await SendAsync(HttpMethod.Post, $"{Path}/import?{query}", new StringContent(list, Encoding.UTF8, "text/csv"), (HttpStatusCode)status);

    [Fact]
    public async Task Export_OfTheList_CantRunAndImportsAgain()
    {
        var name = Uri.EscapeDataString("=HYPERLINK(\"x\").csv");
        await ImportAsync($"kind=instagram&name={name}", $"=1+{_tag}\n-2{_tag}\n");

        using var answer = await service.Http.GetAsync(new Uri($"{Path}/export?search={_tag}&bom=true", UriKind.Relative), TestContext.Current.CancellationToken);
        var bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        Assert.Equal("\uFEFF"u8.ToArray(), bytes[..3]);
        Assert.Matches("attachment; filename=\"?suppressions-", answer.Content.Headers.ContentDisposition!.ToString());
        var lines = Encoding.UTF8.GetString(bytes[3..]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("kind,address,channel,reason,source,since", lines[0]);
        Assert.Equal([$"instagram,'-2{_tag},,imported", $"instagram,'=1+{_tag},,imported"], lines[1..].Select(l => l.Split(",\"list:")[0]).Order(StringComparer.Ordinal));
        using var content = new ByteArrayContent(bytes);
        Assert.Equal((0, 2, 0), Counts(await SendAsync(HttpMethod.Post, $"{Path}/import?kind=instagram", content, HttpStatusCode.OK)));
        Assert.Equal(2, (await service.GetAsync("/api/v1/audit?subject=suppressions")).GetProperty("items").EnumerateArray().Count(e => e.GetProperty("detail").GetString()!.EndsWith("a search", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Scopes_ThatDoNotReachIt_AreRefused()
    {
        using var reader = await CallerAsync("read");
        using var writer = await CallerAsync("contacts.edit");
        using var exporter = await CallerAsync("contacts.export");
        var entry = new { kind = "email", value = $"scope.{_tag}@example.com" };

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(reader, HttpMethod.Get, Path));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(reader, HttpMethod.Post, Path, entry));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(reader, HttpMethod.Post, Path + "/import?kind=email", entry));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(reader, HttpMethod.Delete, $"{Path}?kind=email&value=x@example.com"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(reader, HttpMethod.Get, Path + "/export"));
        Assert.Equal(HttpStatusCode.Created, await StatusAsync(writer, HttpMethod.Post, Path, entry));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(writer, HttpMethod.Get, Path + "/export"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(exporter, HttpMethod.Get, Path + "/export"));
    }

    private static (int Added, int Already, int Invalid) Counts(JsonElement answer) => (answer.GetProperty("added").GetInt32(), answer.GetProperty("already").GetInt32(), answer.GetProperty("invalid").GetInt32());

    private async Task<HttpClient> CallerAsync(string scope)
    {
        var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await service.MakeKeyAsync(scope));
        return http;
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private Task<JsonElement> ImportAsync(string query, string list) =>
        SendAsync(HttpMethod.Post, $"{Path}/import?{query}", new StringContent(list, Encoding.UTF8, "text/csv"), HttpStatusCode.OK);

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, HttpContent? content, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var response = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }
}
