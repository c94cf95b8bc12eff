using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Jobs of a running process.</summary>
public sealed class JobsApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    private const string Path = "/api/v1/contacts/jobs";

    private readonly string _tag = "j" + Guid.NewGuid().ToString("N")[..10];

    [Fact]
    public async Task Act_OnATag_IsDoneAndTold()
    {
        await CreateAsync(30);

        var job = await service.PostAsync(Path, new { act = "addTag", tag = "vip", audience = new { tag = _tag } });
        Assert.Equal((30, "addTag", _tag), (job.GetProperty("total").GetInt64(), job.GetProperty("act").GetString(), job.GetProperty("audience").GetProperty("tag").GetString()));
        job = await DoneAsync(job);

        Assert.Equal((30, 30, 0, 0), (Number(job, "done"), Number(job, "changed"), Number(job, "unchanged"), Number(job, "refused")));
        Assert.False(job.TryGetProperty("written", out _));
        Assert.StartsWith("key:", job.GetProperty("createdBy").GetString());
        var contact = (await service.GetAsync($"/api/v1/contacts?tag={_tag}&limit=1")).GetProperty("items")[0];
        Assert.Contains("vip", contact.GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal(2, contact.GetProperty("revision").GetInt32());
        Assert.Contains((await service.GetAsync($"{Path}?limit=200")).GetProperty("items").EnumerateArray(), j => j.GetProperty("id").GetInt64() == job.GetProperty("id").GetInt64());
    }

    [Fact]
    public async Task Contacts_ThatAreGone_AreListed()
    {
        var ids = await CreateAsync(1);

        var job = await DoneAsync(await service.PostAsync(Path, new { act = "block", audience = new { contacts = new[] { ids[0], 900_000_001, 900_000_002 } } }));

        Assert.Equal((3, 1, 2), (Number(job, "done"), Number(job, "changed"), Number(job, "refused")));
        var page = await service.GetAsync($"{Path}/{job.GetProperty("id")}/refused?limit=1");
        Assert.Equal((900_000_001, "jobContactGone"), (page.GetProperty("items")[0].GetProperty("contactId").GetInt64(), page.GetProperty("items")[0].GetProperty("code").GetString()));
        page = await service.GetAsync($"{Path}/{job.GetProperty("id")}/refused?cursor={page.GetProperty("next").GetString()}");
        Assert.Equal(900_000_002, page.GetProperty("items")[0].GetProperty("contactId").GetInt64());
        Assert.False(page.TryGetProperty("next", out _));
    }

    [Fact]
    public async Task Export_IsDownloadedWithItsLengthByWhoMay()
    {
        await CreateAsync(3);
        var key = await service.MakeKeyAsync("contacts.export");
        var job = await DoneAsync(await AsAsync(key, HttpMethod.Post, "", new { act = "exportContacts", audience = new { search = _tag } }, HttpStatusCode.Accepted));

        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Path}/{job.GetProperty("id")}/file.csv?bom=true");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);

        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "text/csv"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal([0xEF, 0xBB, 0xBF], bytes[..3]);
        Assert.Equal(job.GetProperty("bytes").GetInt64() + 3, response.Content.Headers.ContentLength);
        Assert.StartsWith("contacts-", response.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
        Assert.Equal((3, 3), (Number(job, "written"), System.Text.Encoding.UTF8.GetString(bytes).Split("\r\n").Count(l => l.Contains(_tag, StringComparison.Ordinal) && !l.StartsWith("broadcasts", StringComparison.Ordinal))));
        Assert.True(job.GetProperty("fileUntil").GetDateTimeOffset() > job.GetProperty("finishedAt").GetDateTimeOffset().AddDays(6.9));
        await AsAsync(await service.MakeKeyAsync("contacts.edit"), HttpMethod.Get, $"/{job.GetProperty("id")}/file.csv", null, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Scopes_OfAKey_AllowItsOwnActsAlone()
    {
        var ids = await CreateAsync(1);
        var (exports, contacts) = (await service.MakeKeyAsync("contacts.export"), await service.MakeKeyAsync("contacts.edit"));
        var block = new { act = "block", audience = new { contacts = ids } };

        await AsAsync(exports, HttpMethod.Post, "", block, HttpStatusCode.Forbidden);
        foreach (var act in (string[])["exportContacts", "exportConsents", "exportSuppressions"]) await AsAsync(contacts, HttpMethod.Post, "", new { act }, HttpStatusCode.Forbidden);
        var job = await AsAsync(contacts, HttpMethod.Post, "", block, HttpStatusCode.Accepted);
        await AsAsync(exports, HttpMethod.Post, $"/{job.GetProperty("id")}/cancel", null, HttpStatusCode.Forbidden);
        await DoneAsync(job);
        var ended = await AsAsync(contacts, HttpMethod.Post, $"/{job.GetProperty("id")}/cancel", null, HttpStatusCode.Conflict);
        Assert.Equal("jobEnded", ended.GetProperty("problems")[0].GetProperty("code").GetString());
        Assert.Equal("jobWithoutFile", (await AsAsync(service.Key, HttpMethod.Get, $"/{job.GetProperty("id")}/file.csv", null, HttpStatusCode.Conflict)).GetProperty("problems")[0].GetProperty("code").GetString());
        await AsAsync(contacts, HttpMethod.Get, "/987654", null, HttpStatusCode.NotFound);
        await AsAsync(contacts, HttpMethod.Get, "/987654/refused", null, HttpStatusCode.NotFound);
        await AsAsync(contacts, HttpMethod.Post, "/987654/cancel", null, HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"act":"delete"}""", "audienceRequired")]
    [InlineData("""{"act":"delete","audience":{"search":" "}}""", "audienceRequired")]
    [InlineData("""{"act":"addTag","audience":{"search":"x"}}""", "required")]
    [InlineData("""{"act":"setField","field":"fields.none","value":"1","audience":{"search":"x"}}""", "unknownField")]
    [InlineData("""{"act":"block","audience":{"contacts":[]}}""", "jobContacts")]
    [InlineData("""{"act":"block","audience":{"rule":{"field":"contact.none","op":"isNot","value":"1"}}}""", "unknownField")]
    [InlineData("""{"act":"block","audience":{"segmentId":987654}}""", "segmentGone")]
    public async Task Requests_ThatCanNotBeMeant_AreProblems(string body, string code)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await service.Http.PostAsync(new Uri(Path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, code), (response.StatusCode, problem.GetProperty("problems")[0].GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Delete_OfAnotherNumberThanExpected_IsRefusedAndOfTheRightOneIsDoneOnce()
    {
        await CreateAsync(5);
        var refused = await AsAsync(service.Key, HttpMethod.Post, "", new { act = "delete", audience = new { tag = _tag }, expected = 4 }, HttpStatusCode.Conflict);
        Assert.Equal("jobCountDiffers", refused.GetProperty("problems")[0].GetProperty("code").GetString());
        var body = new { act = "delete", audience = new { tag = _tag }, expected = 5 };

        var first = await service.PostAsync(Path, body, idempotencyKey: _tag);
        var again = await service.PostAsync(Path, body, idempotencyKey: _tag);

        Assert.Equal(first.GetProperty("id").GetInt64(), again.GetProperty("id").GetInt64());
        Assert.Equal((5, 5), (Number(await DoneAsync(first), "changed"), Number(first, "total")));
        Assert.Equal(0, (await service.GetAsync($"/api/v1/contacts?tag={_tag}")).GetProperty("items").GetArrayLength());
    }

    private async Task<long[]> CreateAsync(int count)
    {
        var contacts = Enumerable.Range(0, count).Select(i => new { firstName = $"N{i}", addresses = new[] { new { kind = "email", value = $"{_tag}.{i}@example.com" } }, tags = new[] { _tag } });
        return [.. (await service.PostAsync("/api/v1/contacts/batch", new { contacts })).GetProperty("items").EnumerateArray().Select(i => i.GetProperty("id").GetInt64())];
    }

    private async Task<JsonElement> DoneAsync(JsonElement job)
    {
        var done = await service.UntilAsync($"{Path}/{job.GetProperty("id")}", j => j.GetProperty("status").GetString() is not ("queued" or "running"));
        Assert.Equal("done", done.GetProperty("status").GetString());
        return done;
    }

    private async Task<JsonElement> AsAsync(string key, HttpMethod method, string path, object? body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, Path + path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal((expected, ""), (response.StatusCode, response.StatusCode == expected ? "" : await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    private static long Number(JsonElement job, string name) => job.GetProperty(name).GetInt64();
}
