using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>The HTTP API of a running process.</summary>
public sealed class ApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    [Fact]
    public async Task Broadcast_FromImportToReport_EverybodyIsAccountedFor()
    {
        using var file = new StringContent("email,first_name\nann@example.com,Ann\nben@example.com,Ben\ncas@example.com,\nnope,X\n", Encoding.UTF8, "text/csv");
        using var imported = await service.Http.PostAsync(new Uri("/api/v1/contacts/imports?name=people.csv&tags=flow&consentSource=shop", UriKind.Relative), file, TestContext.Current.CancellationToken);
        var import = await imported.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal((3, 1), (import.GetProperty("created").GetInt32(), import.GetProperty("invalid").GetInt32()));
        Assert.Contains("nope", await service.Http.GetStringAsync(new Uri($"/api/v1/contacts/imports/{import.GetProperty("id")}/errors.csv", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        var segment = await service.PostAsync("/api/v1/segments", new { name = "Flow", rule = new { field = "tag", op = "hasAnyOf", value = new[] { "flow" } } });
        var count = await service.PostAsync("/api/v1/segments/count", new { rule = segment.GetProperty("rule") });
        Assert.Equal(3, count.GetProperty("contacts").GetInt32());

        var channel = await MakeChannelAsync("Flow");
        var broadcast = await service.PostAsync("/api/v1/broadcasts", new
        {
            name = "Flow",
            labels = new[] { "a" },
            channelId = channel,
            segmentId = segment.GetProperty("id").GetInt64(),
            parts = new[] { new { type = "email", subject = "Hi", text = "Hello {{ contact.first_name }}" } },
            sendRate = new { count = 100, per = "second" },
        });
        var path = $"/api/v1/broadcasts/{broadcast.GetProperty("id")}";
        var forecast = await service.PostAsync(path + "/forecast");
        Assert.Equal((3, 2), (forecast.GetProperty("recipients").GetInt32(), forecast.GetProperty("sendable").GetInt32()));

        await service.PostAsync(path + "/send");
        var progress = await service.UntilAsync(path + "/progress", p => p.GetProperty("status").GetString() == "completed");
        Assert.Equal((3, 1), (progress.GetProperty("messages").GetInt32(), progress.GetProperty("skipped").GetInt32()));
        Assert.Equal(1, progress.GetProperty("reasons").GetProperty("skipped").GetProperty("missingValue").GetInt32());

        var skipped = await service.GetAsync(path + "/recipients?status=skipped");
        Assert.Equal("cas@example.com", Assert.Single(skipped.GetProperty("items").EnumerateArray()).GetProperty("address").GetString());
        var csv = await service.Http.GetStringAsync(new Uri(path + "/recipients.csv", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(4, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        var why = await service.GetAsync($"{path}/recipients/{skipped.GetProperty("items")[0].GetProperty("contactId")}");
        Assert.Equal("skipped", why.GetProperty("parts")[0].GetProperty("row").GetProperty("status").GetString());

        await AssertProblemAsync(HttpStatusCode.Conflict, "refused", await service.Http.PostAsync(new Uri(path + "/pause", UriKind.Relative), null, TestContext.Current.CancellationToken),
            problem => Assert.Equal("completed", problem.GetProperty("state").GetString()));
        var copy = await service.PostAsync(path + "/duplicate");
        Assert.Equal("draft", copy.GetProperty("status").GetString());
        var renamed = await PatchAsync($"/api/v1/broadcasts/{copy.GetProperty("id")}", new { name = "Second" });
        Assert.Equal(("Second", "Hi"), (renamed.GetProperty("name").GetString(), renamed.GetProperty("parts")[0].GetProperty("subject").GetString()));
        var scheduled = await service.PostAsync($"/api/v1/broadcasts/{copy.GetProperty("id")}/schedule", new { at = "2099-01-01T10:00", timeZone = "Europe/Madrid" });
        Assert.Equal("scheduled", scheduled.GetProperty("status").GetString());
        var listed = await service.GetAsync("/api/v1/broadcasts?status=scheduled&limit=1");
        Assert.Equal("2099-01-01T09:00:00.000Z", listed.GetProperty("items")[0].GetProperty("schedule").GetProperty("at").GetString());
        var audit = await service.GetAsync($"/api/v1/audit?subject=broadcast:{broadcast.GetProperty("id")}");
        Assert.Contains(audit.GetProperty("items").EnumerateArray(), e => e.GetProperty("action").GetString() == "broadcast.start");
    }

    [Fact]
    public async Task Contacts_ByAddress_AreReadChangedTaggedAndDeleted()
    {
        var id = (await service.PostAsync("/api/v1/contacts", new { firstName = "Ivo", addresses = new[] { new { kind = "email", value = "ivo@example.com" }, new { kind = "phone", value = "+34600222333" } } })).GetProperty("id").GetInt64();

        Assert.Equal(id, (await service.GetAsync("/api/v1/contacts/email:IVO@Example.com")).GetProperty("id").GetInt64());
        Assert.Equal(id, (await service.GetAsync($"/api/v1/contacts/id:{id}")).GetProperty("id").GetInt64());
        Assert.Equal("Iván", (await PatchAsync("/api/v1/contacts/phone:%2B34600222333", new { firstName = "Iván" })).GetProperty("firstName").GetString());
        Assert.Equal("vip", (await service.PostAsync("/api/v1/contacts/email:ivo@example.com/tags", new { tags = new[] { "vip" } })).GetProperty("tags")[0].GetString());
        Assert.Empty((await service.GetAsync("/api/v1/contacts/email:ivo@example.com/consents")).GetProperty("items").EnumerateArray());
        foreach (var nobody in (string[])["email:nobody@example.com", "fax:12", "nonsense", "0", "phone:"])
            await AssertProblemAsync(HttpStatusCode.NotFound, "notFound", await service.Http.GetAsync(new Uri($"/api/v1/contacts/{nobody}", UriKind.Relative), TestContext.Current.CancellationToken));
        using var gone = await service.Http.DeleteAsync(new Uri("/api/v1/contacts/email:ivo@example.com", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    [Fact]
    public async Task Batch_OneIsWrong_CostsThatOne()
    {
        var answer = await service.PostAsync("/api/v1/contacts/batch", new
        {
            contacts = new object[]
            {
                new { firstName = "Uma", addresses = new[] { new { kind = "email", value = "uma@example.com" } } },
                new { firstName = "Nix", addresses = new[] { new { kind = "fax", value = "12" } } },
                new { firstName = "Ula", addresses = new[] { new { kind = "email", value = "not an address" } } },
                new { firstName = "Udo", addresses = new[] { new { kind = "email", value = "udo@example.com" } } },
            },
        });

        Assert.Equal(["created", "invalid", "invalid", "created"], answer.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("outcome").GetString()));
        Assert.Equal("addresses[0].kind", answer.GetProperty("items")[1].GetProperty("problems")[0].GetProperty("path").GetString());
        Assert.Equal("Udo", (await service.GetAsync("/api/v1/contacts/email:udo@example.com")).GetProperty("firstName").GetString());
    }

    [Theory]
    [InlineData("/api/v1/broadcasts", "{nope", 400, "notJson", null)]
    [InlineData("/api/v1/broadcasts", "null", 400, "noBody", null)]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"text":"x"}]}""", 400, "unknownType", "parts[0]")]
    [InlineData("/api/v1/broadcasts", "[]", 400, "wrongType", null)]
    [InlineData("/api/v1/broadcasts", "{}", 400, "missingMember", null)]
    [InlineData("/api/v1/broadcasts", """{"name":"x","nmae":"y"}""", 400, "unknownMember", "nmae")]
    [InlineData("/api/v1/broadcasts", """{"name":7}""", 400, "wrongType", "name")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"fax"}]}""", 400, "unknownType", "parts[0]")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"text"}]}""", 400, "missingMember", "parts[0]")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"text","text":"{{ contact.nonsense }}"}]}""", 422, "invalid", null)]
    [InlineData("/api/v1/broadcasts", """{"name":"x","segmentId":1,"importId":2}""", 422, "invalid", null)]
    [InlineData("/api/v1/broadcasts", """{"name":"x","sendRate":{"count":0,"per":"second"}}""", 422, "invalid", null)]
    [InlineData("/api/v1/broadcasts", """{"name":"x","sendRate":{"count":1,"per":"fortnight"}}""", 400, "wrongType", "sendRate.per")]
    [InlineData("/api/v1/contacts", """{"addresses":[{"kind":"fax","value":"1"}]}""", 422, "invalid", null)]
    [InlineData("/api/v1/contacts", """{"firstName":"x"}""", 422, "invalid", null)]
    [InlineData("/api/v1/segments", """{"name":"x","rule":{"field":"shoe","op":"is","value":"1"}}""", 422, "invalid", null)]
    [InlineData("/api/v1/channels", """{"name":"x","transport":"pigeon"}""", 422, "invalid", null)]
    [InlineData("/api/v1/channels", """{"name":"x","transport":"simulator","settings":{"seeed":1}}""", 422, "invalid", null)]
    [InlineData("/api/v1/broadcasts/999/send", "", 404, "notFound", null)]
    [InlineData("/api/v1/nowhere", "{}", 404, "notFound", null)]
    public async Task Post_BadBody_IsAProblemThatSaysWhere(string path, string body, int status, string code, string? where)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        var response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        await AssertProblemAsync((HttpStatusCode)status, code, response, problem =>
        {
            if (where is not null) Assert.Equal(where, problem.GetProperty("path").GetString());
            Assert.DoesNotContain("Broadcasts.", problem.ToString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task Post_TooLargeOrWrongMediaTypeOrMethod_IsAProblem()
    {
        using var large = new StringContent(new string('x', 2_000_000), Encoding.UTF8, "application/json");
        await AssertProblemAsync(HttpStatusCode.RequestEntityTooLarge, "tooLarge", await service.Http.PostAsync(new Uri("/api/v1/broadcasts", UriKind.Relative), large, TestContext.Current.CancellationToken));
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        await AssertProblemAsync(HttpStatusCode.UnsupportedMediaType, "mediaType", await service.Http.PostAsync(new Uri("/api/v1/broadcasts", UriKind.Relative), text, TestContext.Current.CancellationToken));
        await AssertProblemAsync(HttpStatusCode.MethodNotAllowed, "method", await service.Http.PutAsync(new Uri("/api/v1/broadcasts", UriKind.Relative), null, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Get_WithoutKeyOrScope_IsRefused()
    {
        using var stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        await AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthorized", await stranger.GetAsync(new Uri("/api/v1/broadcasts", UriKind.Relative), TestContext.Current.CancellationToken));
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "bcs_nonsense");
        await AssertProblemAsync(HttpStatusCode.Unauthorized, "unauthorized", await stranger.GetAsync(new Uri("/api/v1/nowhere", UriKind.Relative), TestContext.Current.CancellationToken));
        stranger.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await service.MakeKeyAsync("read"));
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync(new Uri("/api/v1/broadcasts", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        await AssertProblemAsync(HttpStatusCode.Forbidden, "permission", await stranger.PostAsJsonAsync("/api/v1/broadcasts", new { name = "x" }, TestContext.Current.CancellationToken));
        await AssertProblemAsync(HttpStatusCode.NotFound, "notFound", await service.Http.PostAsJsonAsync("/api/v1/local/users", new { email = "a@b.com" }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Post_SameIdempotencyKey_IsDoneOnce()
    {
        var first = await service.PostAsync("/api/v1/broadcasts", new { name = "Once" }, "k-1");
        var again = await service.PostAsync("/api/v1/broadcasts", new { name = "Once" }, "k-1");
        Assert.Equal(first.ToString(), again.ToString());

        using var other = new HttpRequestMessage(HttpMethod.Post, "/api/v1/broadcasts") { Content = JsonContent.Create(new { name = "Other" }) };
        other.Headers.Add("Idempotency-Key", "k-1");
        await AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotencyKeyReused", await service.Http.SendAsync(other, TestContext.Current.CancellationToken));

        // A refusal changed nothing: with the cause mended the same key goes through.
        using var refused = new HttpRequestMessage(HttpMethod.Post, "/api/v1/broadcasts") { Content = JsonContent.Create(new { name = "" }) };
        refused.Headers.Add("Idempotency-Key", "k-2");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await service.Http.SendAsync(refused, TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal("Mended", (await service.PostAsync("/api/v1/broadcasts", new { name = "Mended" }, "k-2")).GetProperty("name").GetString());
        var listed = await service.GetAsync("/api/v1/broadcasts?search=Once");
        Assert.Single(listed.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Events_OfABroadcast_StartWithItsNumbers()
    {
        var broadcast = await service.PostAsync("/api/v1/broadcasts", new { name = "Stream" });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/broadcasts/{broadcast.GetProperty("id")}/events");
        using var response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal("event: progress", await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith("data: {\"id\":", await reader.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Message_ToAnAddress_IsOneMessageHoweverOftenItIsPostedAndIsNoBroadcast()
    {
        var channel = await MakeChannelAsync("Single");
        var contact = await service.PostAsync("/api/v1/contacts", new { firstName = "Eva", addresses = new[] { new { kind = "email", value = "eva-single@example.com" } } });
        var body = new { address = "Eva-Single@example.com", channelId = channel, part = new { type = "email", subject = "Hi", text = "Hello {{ contact.first_name }}" } };
        var ids = new List<long>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/messages") { Content = JsonContent.Create(body) };
            request.Headers.Add("Idempotency-Key", "eva-1");
            using var answer = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            ids.Add((await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("id").GetInt64());
        }

        Assert.Equal(ids[0], ids[1]);
        var sent = await service.UntilAsync($"/api/v1/messages/{ids[0]}", m => m.GetProperty("status").GetString() == "sent");
        Assert.Equal((contact.GetProperty("id").GetInt64(), 1), (sent.GetProperty("contactId").GetInt64(), sent.GetProperty("attempt").GetInt32()));
        Assert.DoesNotContain((await service.GetAsync("/api/v1/broadcasts?limit=200")).GetProperty("items").EnumerateArray(), b => b.GetProperty("id").GetInt64() == ids[0] >> 32);
        await AssertProblemAsync(HttpStatusCode.NotFound, "notFound", await service.Http.GetAsync(new Uri($"/api/v1/broadcasts/{ids[0] >> 32}", UriKind.Relative), TestContext.Current.CancellationToken));
        await AssertProblemAsync(HttpStatusCode.NotFound, "notFound", await service.Http.GetAsync(new Uri("/api/v1/messages/1", UriKind.Relative), TestContext.Current.CancellationToken));
        await AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid", await service.Http.PostAsJsonAsync("/api/v1/messages", new { address = "nobody@example.com", channelId = channel, body.part }, TestContext.Current.CancellationToken),
            problem => Assert.Equal("unknownAddress", problem.GetProperty("problems")[0].GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Budget_SeveralLimits_AreKeptTogetherAndChangedOneByOne()
    {
        var path = $"/api/v1/channels/{await MakeChannelAsync("Limits")}/budget";
        await PatchAsync(path, new { rate = new { count = 80, per = "second" }, limits = new[] { new { count = 1000, per = "minute" }, new { count = 100_000, per = "day" } }, recipientSpacingMs = 6000 });
        var budget = await PatchAsync(path, new { rate = new { count = 50, per = "second" } });

        Assert.Equal((50, 6000), (budget.GetProperty("rate").GetProperty("count").GetInt32(), budget.GetProperty("recipientSpacingMs").GetInt32()));
        Assert.Equal([(1000, "minute", 0), (100_000, "day", 0)], budget.GetProperty("limits").EnumerateArray().Select(l => (l.GetProperty("count").GetInt32(), l.GetProperty("per").GetString()!, l.GetProperty("used").GetInt32())));
        await AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid", await service.Http.PatchAsJsonAsync(path, new { limits = new[] { new { count = 5, per = "second" } } }, TestContext.Current.CancellationToken),
            problem => Assert.Equal(("limits[0]", "sameWindow"), (problem.GetProperty("problems")[0].GetProperty("path").GetString(), problem.GetProperty("problems")[0].GetProperty("code").GetString())));
        Assert.Empty((await PatchAsync(path, new { limits = (object?)null })).GetProperty("limits").EnumerateArray());
    }

    [Fact]
    public async Task Budget_DifferentRecipients_AreLimitedForAllChannelsOfTheAccount()
    {
        var paths = new[] { $"/api/v1/channels/{await MakeChannelAsync("Number one")}/budget", $"/api/v1/channels/{await MakeChannelAsync("Number two")}/budget" };
        await PatchAsync(paths[0], new { recipients = new { count = 250, account = "Acme" } });
        await PatchAsync(paths[1], new { recipients = new { count = 2000, per = "day", account = "acme" } });

        var first = (await service.GetAsync(paths[0])).GetProperty("recipients");
        Assert.Equal((2000, "day", "acme", 0), (first.GetProperty("count").GetInt32(), first.GetProperty("per").GetString(), first.GetProperty("account").GetString(), first.GetProperty("used").GetInt32()));
        var kept = await PatchAsync(paths[0], new { recipientSpacingMs = 6000 });
        Assert.Equal(2000, kept.GetProperty("recipients").GetProperty("count").GetInt32());
        await AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid", await service.Http.PatchAsJsonAsync(paths[0], new { recipients = new { count = 0 } }, TestContext.Current.CancellationToken),
            problem => Assert.Equal("recipients.count", problem.GetProperty("problems")[0].GetProperty("path").GetString()));
        await AssertProblemAsync(HttpStatusCode.UnprocessableEntity, "invalid", await service.Http.PatchAsJsonAsync(paths[0], new { recipients = new { count = 5, account = " " } }, TestContext.Current.CancellationToken),
            problem => Assert.Equal(("recipients.account", "badName"), (problem.GetProperty("problems")[0].GetProperty("path").GetString(), problem.GetProperty("problems")[0].GetProperty("code").GetString())));
        Assert.False((await PatchAsync(paths[0], new { recipients = (object?)null })).TryGetProperty("recipients", out _));
        Assert.True((await service.GetAsync(paths[1])).TryGetProperty("recipients", out _));
    }

    [Fact]
    public async Task OpenApi_Document_NamesTheRoutesToEverybody()
    {
        using var stranger = new HttpClient { BaseAddress = service.Http.BaseAddress };
        var document = await stranger.GetFromJsonAsync<JsonElement>("/api/v1/openapi.json", TestContext.Current.CancellationToken);
        var paths = document.GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();
        Assert.All(["/api/v1/broadcasts/{id}/send", "/api/v1/contacts/imports", "/api/v1/channels/{id}/budget"], path => Assert.Contains(path, paths));
        Assert.DoesNotContain(paths, p => p.Contains("local", StringComparison.Ordinal));
    }

    private async Task<long> MakeChannelAsync(string name) =>
        (await service.PostAsync("/api/v1/channels", new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } })).GetProperty("id").GetInt64();

    private async Task<JsonElement> PatchAsync(string path, object body)
    {
        using var response = await service.Http.PatchAsJsonAsync(path, body, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize<JsonElement>(text);
    }

    private static async Task AssertProblemAsync(HttpStatusCode status, string code, HttpResponseMessage response, Action<JsonElement>? more = null)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(status == response.StatusCode, $"{(int)response.StatusCode} {text}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            var problem = JsonSerializer.Deserialize<JsonElement>(text);
            Assert.Equal("urn:broadcasts:problem:" + code, problem.GetProperty("type").GetString());
            Assert.False(string.IsNullOrEmpty(problem.GetProperty("detail").GetString()));
            more?.Invoke(problem);
        }
    }
}
