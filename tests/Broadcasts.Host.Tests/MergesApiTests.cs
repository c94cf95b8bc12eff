using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Two contacts that are one person, by the API of a running process.</summary>
public sealed class MergesApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    [Fact]
    public async Task Merge_SuggestedDoneAndTakenBack_IsAsBefore()
    {
        var a = await AddAsync("Ana", ("phone", "+34600777001"));
        var b = await AddAsync("Anna", ("whatsapp", "34600777001"), ("email", "anna.merge@example.com"));
        var pair = Assert.Single((await service.GetAsync("/api/v1/contacts/duplicates")).GetProperty("items").EnumerateArray(), p => p.GetProperty("a").GetProperty("id").GetInt64() == a);
        Assert.Equal((b, "sameNumber", "34600777001"), (pair.GetProperty("b").GetProperty("id").GetInt64(), pair.GetProperty("reasons")[0].GetProperty("reason").GetString(), pair.GetProperty("reasons")[0].GetProperty("b").GetString()));

        var merged = await service.PostAsync($"/api/v1/contacts/{a}/merge", new { with = b, choices = new { firstName = "secondary" }, revision = 1 }, "merge-1");
        var again = await service.PostAsync($"/api/v1/contacts/{a}/merge", new { with = b, choices = new { firstName = "secondary" }, revision = 1 }, "merge-1");
        Assert.Equal(merged.GetProperty("mergeId").GetInt64(), again.GetProperty("mergeId").GetInt64());
        Assert.Equal(("Anna", 3, 2), (merged.GetProperty("contact").GetProperty("firstName").GetString(), merged.GetProperty("contact").GetProperty("addresses").GetArrayLength(), merged.GetProperty("contact").GetProperty("revision").GetInt32()));
        using var gone = await service.Http.GetAsync(new Uri($"/api/v1/contacts/{b}", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        var told = Assert.Single((await service.GetAsync($"/api/v1/contacts/{a}/merges")).GetProperty("items").EnumerateArray());
        Assert.Equal((b, "Anna", true), (told.GetProperty("secondaryId").GetInt64(), told.GetProperty("secondaryName").GetString(), told.GetProperty("canUndo").GetBoolean()));

        var undo = $"/api/v1/contacts/merges/{merged.GetProperty("mergeId")}/undo";
        var undone = await service.PostAsync(undo);
        Assert.Equal(("Ana", "Anna", 0), (undone.GetProperty("primary").GetProperty("firstName").GetString(), undone.GetProperty("secondary").GetProperty("firstName").GetString(), undone.GetProperty("kept").GetArrayLength()));
        Assert.Equal((HttpStatusCode.Conflict, "undoDone"), await RefusedAsync(undo, null));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "mergeSelf"), await RefusedAsync($"/api/v1/contacts/{a}/merge", new { with = a }));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "mergeUnknown"), await RefusedAsync($"/api/v1/contacts/{a}/merge", new { with = 999_999_999 }));

        using var dismissed = await service.Http.PostAsJsonAsync("/api/v1/contacts/duplicates/dismiss", new { a, b }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, dismissed.StatusCode);
        Assert.DoesNotContain((await service.GetAsync("/api/v1/contacts/duplicates")).GetProperty("items").EnumerateArray(), p => p.GetProperty("a").GetProperty("id").GetInt64() == a);
    }

    private async Task<long> AddAsync(string name, params (string Kind, string Value)[] addresses) =>
        (await service.PostAsync("/api/v1/contacts", new { firstName = name, addresses = addresses.Select(a => new { kind = a.Kind, value = a.Value }) })).GetProperty("id").GetInt64();

    private async Task<(HttpStatusCode, string?)> RefusedAsync(string path, object? body)
    {
        using var response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), body is null ? null : JsonContent.Create(body), TestContext.Current.CancellationToken);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("problems")[0].GetProperty("code").GetString());
    }
}
