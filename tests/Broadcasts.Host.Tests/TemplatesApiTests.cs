using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Templates and files by the HTTP API.</summary>
public sealed class TemplatesApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Template_FromFirstSaveToBroadcast_IsVersionedRenderedAndUsed()
    {
        var made = await service.PostAsync("/api/v1/templates", Body("Welcome", "Hello {{ contact.first_name }}"));
        var path = $"/api/v1/templates/{made.GetProperty("id")}";
        var changed = await PutAsync(path, Body("Welcome", "Good day {{ contact.first_name }}", "Hola {{ contact.first_name | fallback \"cliente\" }}"));
        Assert.Equal(2, changed.GetProperty("version").GetInt32());
        Assert.Equal(2, (await PutAsync(path, Body("Welcome", "Good day {{ contact.first_name }}", "Hola {{ contact.first_name | fallback \"cliente\" }}"))).GetProperty("version").GetInt32());

        Assert.Equal([2, 1], (await service.GetAsync(path + "/versions")).GetProperty("items").EnumerateArray().Select(v => v.GetProperty("version").GetInt32()));
        Assert.Equal("Hello {{ contact.first_name }}", (await service.GetAsync(path + "/versions/1")).GetProperty("languages")[0].GetProperty("parts")[0].GetProperty("text").GetString());
        var diff = (await service.GetAsync(path + "/diff?from=1&to=2")).GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("field").GetString() == "text" && c.GetProperty("language").GetString() == "en");
        Assert.Equal(["deleted: Hello", "inserted: Good day", "same:  {{ contact.first_name }}"], diff.GetProperty("pieces").EnumerateArray().Select(p => $"{p.GetProperty("kind").GetString()}: {p.GetProperty("text").GetString()}"));

        var spanish = await service.PostAsync(path + "/render", new { contact = new { language = "es-MX" } });
        Assert.Equal(("es", "Hola cliente", 12, 1), (spanish.GetProperty("language").GetString(), spanish.GetProperty("parts")[0].GetProperty("content").GetProperty("text").GetString(), spanish.GetProperty("parts")[0].GetProperty("characters").GetInt32(), spanish.GetProperty("parts")[0].GetProperty("smsParts").GetInt32()));
        var nobody = (await service.PostAsync(path + "/render", new { contact = new { language = "en" } })).GetProperty("parts")[0];
        Assert.Equal(("missingValue", "text"), (nobody.GetProperty("reason").GetString(), nobody.GetProperty("path").GetString()));
        var contact = await service.PostAsync("/api/v1/contacts", new { firstName = "Tess", language = "en", addresses = new[] { new { kind = "email", value = "tess.template@example.com" } } });
        Assert.Equal("Hello Tess", (await service.PostAsync(path + "/render", new { contactId = contact.GetProperty("id").GetInt64(), version = 1 })).GetProperty("parts")[0].GetProperty("content").GetProperty("text").GetString());

        var broadcast = await service.PostAsync("/api/v1/broadcasts", new { name = "From it", templateId = made.GetProperty("id").GetInt64() });
        Assert.Equal((2, "en", "es", "Good day {{ contact.first_name }}"), (broadcast.GetProperty("templateVersion").GetInt32(), broadcast.GetProperty("language").GetString(), broadcast.GetProperty("variants")[0].GetProperty("language").GetString(), broadcast.GetProperty("parts")[0].GetProperty("text").GetString()));
        Assert.Equal(broadcast.GetProperty("id").GetInt64(), (await service.GetAsync(path + "/used-by")).GetProperty("items")[0].GetProperty("id").GetInt64());
        await AssertProblemAsync(HttpStatusCode.Conflict, "templateInUse", await service.Http.DeleteAsync(new Uri(path, UriKind.Relative), Ct));

        Assert.Equal(3, (await service.PostAsync(path + "/restore", new { from = 1 })).GetProperty("version").GetInt32());
        var draft = $"/api/v1/broadcasts/{broadcast.GetProperty("id")}";
        Assert.Equal((2, 3), (await service.GetAsync(draft)) is var old ? (old.GetProperty("templateVersion").GetInt32(), old.GetProperty("templateLatest").GetInt32()) : default);
        var taken = await PatchAsync(draft, new { templateId = made.GetProperty("id").GetInt64() });
        Assert.Equal((3, "Hello {{ contact.first_name }}"), (taken.GetProperty("templateVersion").GetInt32(), taken.GetProperty("parts")[0].GetProperty("text").GetString()));
        Assert.False(taken.TryGetProperty("variants", out var gone) && gone.ValueKind == JsonValueKind.Array && gone.GetArrayLength() > 0);
        await service.PostAsync(path + "/archive");
        Assert.DoesNotContain((await service.GetAsync("/api/v1/templates?search=Welcome")).GetProperty("items").EnumerateArray(), t => t.GetProperty("id").GetInt64() == made.GetProperty("id").GetInt64());
    }

    [Theory]
    [InlineData("/api/v1/templates", """{"name":"x","languages":[{"language":"en","parts":[{"type":"text","text":"{{ contact.frist_name }}"}]}]}""", 422, "unknownName")]
    [InlineData("/api/v1/templates", """{"name":"x","languages":[null]}""", 422, "badLanguage")]
    [InlineData("/api/v1/templates", """{"name":"x","languages":[{"language":"en","parts":[null]}]}""", 422, "noPart")]
    [InlineData("/api/v1/templates", """{"name":"x","languages":[]}""", 422, "noContent")]
    [InlineData("/api/v1/templates/render", """{"languages":[{"language":"en","parts":[{"type":"text","text":"x"}]}]}""", 422, "oneReader")]
    [InlineData("/api/v1/templates/render", """{"contact":{},"languages":[{"language":"en","parts":[{"type":"text","text":"{{ if }}"}]}]}""", 422, "syntax")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","templateId":999999}""", 422, "templateGone")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"text","text":"a"}],"language":"en","variants":[{"language":"es","parts":[]}]}""", 422, "otherParts")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"text","text":"a"}],"language":"en","variants":[{"language":"es","parts":[{"type":"text","text":"{{ nobody }}"}]}]}""", 422, "unknownName")]
    [InlineData("/api/v1/broadcasts", """{"name":"x","parts":[{"type":"text","text":"a"}],"variants":[{"language":"es","parts":[{"type":"text","text":"b"}]}]}""", 422, "required")]
    public async Task Post_WhatCantBeTaken_SaysWhatAndWhere(string path, string json, int status, string code)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        await AssertProblemAsync((HttpStatusCode)status, code, await service.Http.PostAsync(new Uri(path, UriKind.Relative), body, Ct));
    }

    [Fact]
    public async Task Post_TenMegabytes_IsTooLarge()
    {
        // Asked first, as curl does: it is refused by its length, before it is sent.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/templates") { Content = new StringContent(JsonSerializer.Serialize(Body("Large", new string('x', 10_000_000))), Encoding.UTF8, "application/json") };
        request.Headers.ExpectContinue = true;
        using var response = await service.Http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task Delete_File_IsRefusedWhileATemplateAttachesIt()
    {
        using var bytes = new ByteArrayContent([1, 2, 3]);
        bytes.Headers.ContentType = new("image/png");
        using var uploaded = await service.Http.PostAsync(new Uri("/api/v1/files?name=logo.png", UriKind.Relative), bytes, Ct);
        var file = (await uploaded.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("id").GetInt64();
        var template = await service.PostAsync("/api/v1/templates", new { name = "With logo", languages = new[] { new { language = "en", parts = new[] { new { type = "file", fileId = file } } } } });

        Assert.Equal(("template", "With logo"), (await service.GetAsync($"/api/v1/files/{file}/used-by")).GetProperty("items")[0] is var use ? (use.GetProperty("kind").GetString(), use.GetProperty("name").GetString()) : default);
        await AssertProblemAsync(HttpStatusCode.Conflict, "fileInUse", await service.Http.DeleteAsync(new Uri($"/api/v1/files/{file}", UriKind.Relative), Ct));
        Assert.Equal(HttpStatusCode.NoContent, (await service.Http.DeleteAsync(new Uri($"/api/v1/templates/{template.GetProperty("id")}", UriKind.Relative), Ct)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await service.Http.DeleteAsync(new Uri($"/api/v1/files/{file}", UriKind.Relative), Ct)).StatusCode);
    }

    private static object Body(string name, string english, string? spanish = null) => new
    {
        name, languages = new[] { ("en", english), ("es", spanish) }.Where(l => l.Item2 is not null).Select(l => new { language = l.Item1, parts = new[] { new { type = "text", text = l.Item2 } } }),
    };

    private async Task<JsonElement> PutAsync(string path, object body) => await ReadAsync(await service.Http.PutAsJsonAsync(new Uri(path, UriKind.Relative), body, Ct));

    private async Task<JsonElement> PatchAsync(string path, object body) => await ReadAsync(await service.Http.PatchAsJsonAsync(new Uri(path, UriKind.Relative), body, Ct));

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(Ct));
            return await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
        }
    }

    private static async Task AssertProblemAsync(HttpStatusCode status, string code, HttpResponseMessage response)
    {
        using (response)
        {
            var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Ct);
            Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            Assert.Contains(problem.GetProperty("problems").EnumerateArray(), p => p.GetProperty("code").GetString() == code);
        }
    }
}
