using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Whatever a route of the API changes is in the audit: each is called with something to change, and its caller must be in an entry that was not there before.</summary>
public sealed partial class RouteAuditTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    // Questions: nothing is changed. A single message is in the ledger with whoever sent it, and would fill the audit; an uploaded file is nobody's contact yet, and goes by itself.
    private static readonly string[] ChangeNothing =
    [
        "POST /broadcasts/{id:long}/forecast", "POST /segments/count", "POST /segments/preview", "POST /templates/render", "POST /templates/{id:long}/render", "POST /messages", "POST /contacts/imports/uploads", "DELETE /contacts/imports/uploads/{id}",
    ];

    // These need a state that takes long to come about, or a public address. AuditChangesTests (forms), PluginActsTests, DoubtsTests, SecondFactorTests, UserAccountsTests, ImportResumeTests, ScheduleRunTests and SafeHoldTests have theirs; what visitors enter into a form is theirs.
    private static readonly string[] Elsewhere =
    [
        "POST /plugins", "POST /plugins/{id}/activate", "POST /plugins/{id}/rollback", "DELETE /plugins/{id}/versions/{version}", "POST /broadcasts/{id:long}/unknown/resolve", "POST /broadcasts/{id:long}/fix", "POST /broadcasts/{id:long}/skip-next",
        "DELETE /users/{id:long}/second-factor", "DELETE /users/{id:long}/sessions", "DELETE /users/{id:long}/sessions/{session}", "POST /contacts/imports/{id:long}/continue", "POST /safe-hold/release", "POST /forms", "PUT /forms/{id:long}", "DELETE /forms/{id:long}", "POST /forms/{id:long}/entries", "POST /contacts/jobs/{id:long}/cancel",
    ];

    private readonly HashSet<string> _called = new(StringComparer.Ordinal);
    private readonly List<string> _wrong = [];

    [Fact]
    public async Task Routes_ThatChangeSomething_EachLeaveAnEntryOfTheirCaller()
    {
        await DictionariesAsync();
        await ContactsAsync();
        await AccessAsync();
        var channel = await ChannelsAsync();
        await ContentAsync();
        await BroadcastsAsync(channel);

        var routes = (await RouteTable.ReadAsync()).Where(r => !r.IsPage && r.Door == RouteDoor.Permission && r.Method is not ("GET" or "HEAD")).Select(r => r.ToString().Replace("/api/v1", "", StringComparison.Ordinal)).ToList();
        Assert.Empty(_wrong);
        Assert.Empty(routes.Except(ChangeNothing).Except(Elsewhere).Except(_called));
        Assert.Empty(ChangeNothing.Concat(Elsewhere).Concat(_called).Except(routes));
    }

    private async Task DictionariesAsync()
    {
        var field = await DoAsync("POST /fields", new { name = "City", type = "text" });
        await DoAsync("PUT /fields/{id:long}", new { name = "Town", type = "text" }, IdOf(field));
        await DoAsync("DELETE /fields/{id:long}", null, IdOf(field));
        var tag = await DoAsync("POST /tags", new { name = "vip" });
        await DoAsync("PATCH /tags/{id:long}", new { name = "VIP" }, IdOf(tag));
        await DoAsync("DELETE /tags/{id:long}", null, IdOf(tag));
        var rule = new { all = new[] { new { field = "country", op = "is", value = "ES" } } };
        var segment = await DoAsync("POST /segments", new { name = "Spain", rule });
        await DoAsync("PUT /segments/{id:long}", new { name = "Spanish", rule }, IdOf(segment));
        await DoAsync("DELETE /segments/{id:long}", null, IdOf(segment));
        await DoAsync("PATCH /settings/sending", new { undoSeconds = 20 });
        await DoAsync("PUT /settings/missed-schedule", new { action = "expire", graceMinutes = 30 });
    }

    private async Task ContactsAsync()
    {
        var (ana, ben) = (IdOf(await DoAsync("POST /contacts", Person("ana"))), IdOf(await DoAsync("POST /contacts", Person("ben"))));
        await DoAsync("POST /contacts/batch", new { contacts = new[] { Person("uma") } });
        await DoAsync("PATCH /contacts/{id}", new { lastName = "Gil" }, ana);
        await DoAsync("POST /contacts/{id}/tags", new { tags = new[] { "news" } }, ana);
        await DoAsync("DELETE /contacts/{id}/tags/{tag}", null, ana, "news");
        await DoAsync("POST /contacts/{id}/consents", new { kind = "email", state = "granted", source = "shop" }, ana);
        await DoAsync("POST /contacts/{id}/block", null, ana);
        await DoAsync("POST /contacts/{id}/unblock", null, ana);
        await DoAsync("POST /contacts/duplicates/dismiss", new { a = ana, b = ben });
        var merge = await DoAsync("POST /contacts/{id}/merge", new { with = ben }, ana);
        await DoAsync("POST /contacts/merges/{mergeId:long}/undo", null, merge.ValueKind == JsonValueKind.Object ? merge.GetProperty("mergeId") : 0);
        await DoAsync("POST /contacts/export.csv", new { });
        var import = await DoAsync("POST /contacts/imports?name=people.csv&consentSource=shop", "email\ncas@example.com\n");
        await DoAsync("POST /contacts/imports/{id:long}/undo", null, IdOf(import));
        await DoAsync("POST /contacts/jobs", new { act = "addTag", tag = "vip", audience = new { } });
        await DoAsync("DELETE /contacts/{id}", null, ben);
        await DoAsync("POST /suppressions", new { kind = "email", value = "dan@example.com" });
        await DoAsync("DELETE /suppressions?kind=email&value=dan@example.com", null);
        await DoAsync("POST /suppressions/import?kind=email&name=old.csv", "email\nold@example.com\n");
    }

    private async Task AccessAsync()
    {
        var key = await DoAsync("POST /api-keys", new { name = "shop", scopes = new[] { "contacts.edit" } });
        await DoAsync("DELETE /api-keys/{id:long}", null, IdOf(key));
        var role = await DoAsync("POST /roles", new { name = "Support", permissions = new[] { "contacts.edit" } });
        await DoAsync("PUT /roles/{id:int}", new { name = "Support", permissions = new[] { "read" } }, IdOf(role));
        await DoAsync("DELETE /roles/{id:int}", null, IdOf(role));
        var user = await DoAsync("POST /users", new { email = "ana@example.com", role = "Sender" });
        await DoAsync("PATCH /users/{id:long}", new { role = "Editor" }, IdOf(user));
        await DoAsync("POST /users/{id:long}/link", null, IdOf(user));
    }

    private async Task<long> ChannelsAsync()
    {
        var channel = (await DoAsync("POST /channels", Simulator("One"))).GetProperty("id").GetInt64();
        await DoAsync("PATCH /channels/{id:long}", new { name = "Uno", version = 1 }, channel);
        await DoAsync("PATCH /channels/{id:long}/budget", new { rate = new { count = 80, per = "second" } }, channel);
        await DoAsync("POST /channels/{id:long}/test", null, channel);
        await DoAsync("POST /channels/{id:long}/pause", null, channel);
        await DoAsync("POST /channels/{id:long}/resume", null, channel);
        await DoAsync("DELETE /channels/{id:long}", null, (await service.PostAsync("/api/v1/channels", Simulator("Gone"))).GetProperty("id"));
        return channel;
    }

    private async Task ContentAsync()
    {
        object TemplateOf(string text) => new { name = "Welcome", languages = new[] { new { language = "en", parts = new[] { new { type = "text", text } } } } };
        var template = IdOf(await DoAsync("POST /templates", TemplateOf("Hello")));
        await DoAsync("PUT /templates/{id:long}", TemplateOf("Hi"), template);
        await DoAsync("POST /templates/{id:long}/restore", new { from = 1 }, template);
        await DoAsync("POST /templates/{id:long}/duplicate", null, template);
        await DoAsync("POST /templates/{id:long}/archive", null, template);
        await DoAsync("POST /templates/{id:long}/unarchive", null, template);
        await DoAsync("DELETE /templates/{id:long}", null, template);
        var file = await DoAsync("POST /files?name=menu.txt", "Soup", "text/plain");
        await DoAsync("DELETE /files/{id:long}", null, IdOf(file));
    }

    // Nothing goes out: the channel stands still.
    private async Task BroadcastsAsync(long channel)
    {
        long[] people = [(await service.PostAsync("/api/v1/contacts", Person("eva"))).GetProperty("id").GetInt64(), (await service.PostAsync("/api/v1/contacts", Person("zoe"))).GetProperty("id").GetInt64()];
        var other = (await service.PostAsync("/api/v1/channels", Simulator("Two"))).GetProperty("id").GetInt64();
        foreach (var still in (long[])[channel, other]) await service.PostAsync($"/api/v1/channels/{still}/pause");
        object Draft(string name) => new { name, channelId = channel, contactIds = people, parts = new[] { new { type = "email", subject = "Hello", text = "Hello" } } };
        var id = IdOf(await DoAsync("POST /broadcasts", Draft("Letter")));
        await DoAsync("PATCH /broadcasts/{id:long}", new { labels = new[] { "letters" } }, id);
        await DoAsync("POST /broadcasts/{id:long}/test", new { addresses = new[] { "me@example.com" } }, id);
        await DoAsync("POST /broadcasts/{id:long}/schedule", new { at = "2099-04-01T09:00", timeZone = "Europe/Madrid" }, id);
        await DoAsync("POST /broadcasts/{id:long}/unschedule", null, id);
        await DoAsync("POST /broadcasts/{id:long}/send", new { undoSeconds = 600 }, id);
        await DoAsync("POST /broadcasts/{id:long}/undo", null, id);
        var copy = IdOf(await DoAsync("POST /broadcasts/{id:long}/duplicate", null, id));
        await service.Http.PatchAsJsonAsync("/api/v1/settings/sending", new { approvalAbove = 1 }, TestContext.Current.CancellationToken);
        await DoAsync("POST /broadcasts/{id:long}/send", null, id);
        await service.PostAsync($"/api/v1/broadcasts/{copy}/send");
        using (var second = await OfAnotherKeyAsync())
        {
            await DoAsync("POST /broadcasts/{id:long}/approve", null, [id], second);
            await DoAsync("POST /broadcasts/{id:long}/reject", new { why = "no" }, [copy], second);
        }

        await service.UntilAsync($"/api/v1/broadcasts/{id}/progress", p => p.GetProperty("pending").GetInt64() == 2);
        await DoAsync("POST /broadcasts/{id:long}/pause", null, id);
        await DoAsync("PATCH /broadcasts/{id:long}/rate", new { sendRate = new { count = 2, per = "second" } }, id);
        await DoAsync("POST /broadcasts/{id:long}/move-remaining", new { channelId = other }, id);
        await DoAsync("POST /broadcasts/{id:long}/resume", null, id);
        await DoAsync("POST /broadcasts/{id:long}/cancel", null, id);
        await DoAsync("POST /broadcasts/{id:long}/resend-failed", null, id);
        await DoAsync("POST /broadcasts/{id:long}/archive", null, id);
        await DoAsync("DELETE /broadcasts/{id:long}", null, IdOf(await service.PostAsync("/api/v1/broadcasts", Draft("Gone"))));
    }

    private Task<JsonElement> DoAsync(string call, object? body, params object[] places) => DoAsync(call, body, places, service.Http);

    private async Task<JsonElement> DoAsync(string call, string content, string mediaType) => await DoAsync(call, new StringContent(content, Encoding.UTF8, mediaType), [], service.Http);

    // The query is no part of the route.
    private async Task<JsonElement> DoAsync(string call, object? body, object[] places, HttpClient http)
    {
        var route = call.Split('?')[0];
        var (method, at) = (call.Split(' ')[0], 0);
        var path = "/api/v1" + Place().Replace(call.Split(' ')[1], _ => $"{places[at++]}");
        var before = await NewestAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path)
        {
            Content = body switch { null => null, HttpContent content => content, string csv => new StringContent(csv, Encoding.UTF8, "text/csv"), _ => JsonContent.Create(body) },
        };
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        _called.Add(route);
        if (!answer.IsSuccessStatusCode) _wrong.Add($"{call}: {(int)answer.StatusCode} {text}");
        else if (await NewestAsync() == before) _wrong.Add($"{call} changed something, and nobody wrote it down");
        return text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default;
    }

    /// <summary>The newest entry that a key is the actor of: what the service does by itself meanwhile does not count.</summary>
    private async Task<long> NewestAsync() =>
        (await service.GetAsync("/api/v1/audit?limit=50")).GetProperty("items").EnumerateArray().FirstOrDefault(e => e.GetProperty("actor").GetString()!.StartsWith("key:", StringComparison.Ordinal)) is { ValueKind: JsonValueKind.Object } entry ? entry.GetProperty("number").GetInt64() : 0;

    private async Task<HttpClient> OfAnotherKeyAsync()
    {
        var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await service.MakeKeyAsync());
        return http;
    }

    private static object IdOf(JsonElement answer) => answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("id", out var id) ? id : 0;

    private static object Person(string name) => new { firstName = name, addresses = new[] { new { kind = "email", value = $"{name}@example.com" } } };

    private static object Simulator(string name) => new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = 5, receipts = false } };

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Place();
}
