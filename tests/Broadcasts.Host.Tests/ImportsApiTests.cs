using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Files of contacts, in and out, of a running process.</summary>
public sealed class ImportsApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    [Fact]
    public async Task Import_TriedRunAndTakenBack_IsAsBefore()
    {
        const string File = "email,first_name\ndry@example.com,Dry\nnope,X\n";

        var trial = await ImportAsync("dryRun=true", File, HttpStatusCode.Created);
        Assert.Equal((true, 1, 1), (trial.GetProperty("dryRun").GetBoolean(), trial.GetProperty("created").GetInt32(), trial.GetProperty("invalid").GetInt32()));
        Assert.Empty((await service.GetAsync("/api/v1/contacts?search=dry@example.com")).GetProperty("items").EnumerateArray());

        var refused = await ImportAsync("name=people.csv", File, HttpStatusCode.UnprocessableEntity);
        Assert.Equal("noConsentSource", refused.GetProperty("problems")[0].GetProperty("code").GetString());

        var import = await ImportAsync("purpose=both&consentSource=web%20form", File, HttpStatusCode.Created);
        Assert.Equal(("web form", 1, 1), (import.GetProperty("consentSource").GetString(), import.GetProperty("created").GetInt32(), import.GetProperty("invalid").GetInt32()));
        var path = $"/api/v1/contacts/imports/{import.GetProperty("id")}";
        var invalid = await service.Http.GetStringAsync(new Uri(path + "/invalid.csv", UriKind.Relative), TestContext.Current.CancellationToken);
        var mended = await ImportAsync("consentSource=web%20form", invalid.Replace(",nope,", ",mended@example.com,", StringComparison.Ordinal), HttpStatusCode.Created);
        Assert.Equal((1, 0), (mended.GetProperty("created").GetInt32(), mended.GetProperty("invalid").GetInt32()));

        var undone = await service.PostAsync(path + "/undo");
        Assert.Equal((1, 0), (undone.GetProperty("deleted").GetInt32(), undone.GetProperty("written").GetInt32()));
        Assert.True((await service.GetAsync(path)).TryGetProperty("undoneAt", out _));
        using var twice = await service.Http.PostAsync(new Uri($"/api/v1/contacts/imports/{trial.GetProperty("id")}/undo", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        await service.PostAsync($"/api/v1/contacts/imports/{mended.GetProperty("id")}/undo");
        Assert.Empty((await service.GetAsync("/api/v1/contacts?search=example.com")).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Upload_LookedAtThenImported_IsRememberedAndGone()
    {
        var tag = "u" + Guid.NewGuid().ToString("N")[..8];
        var file = $"Correo;Puntos {tag}\n{tag}@example.net;12,5\n";
        var upload = await PostFileAsync("/api/v1/contacts/imports/uploads?name=points.csv", file, HttpStatusCode.Created);
        var id = upload.GetProperty("id").GetString();
        Assert.Equal((";", "email", "new.text"), (upload.GetProperty("delimiter").GetString(), Meaning(upload, 0), Meaning(upload, 1)));
        Assert.False(upload.TryGetProperty("remembered", out _));

        var mapping = Uri.EscapeDataString("""{"#2":"new.number"}""");
        var trial = await ImportAsync($"upload={id}&dryRun=true&mapping={mapping}", "", HttpStatusCode.Created);
        var import = await ImportAsync($"upload={id}&consentSource=shop&mapping={mapping}", "", HttpStatusCode.Created);
        Assert.Equal(("points.csv", 1, 1), (import.GetProperty("name").GetString(), trial.GetProperty("created").GetInt32(), import.GetProperty("created").GetInt32()));
        await ImportAsync($"upload={id}&consentSource=shop", "", HttpStatusCode.NotFound);

        var again = await PostFileAsync("/api/v1/contacts/imports/uploads", file, HttpStatusCode.Created);
        Assert.Equal(import.GetProperty("id").GetInt64(), again.GetProperty("remembered").GetProperty("importId").GetInt64());
        Assert.Equal($"fields.puntos_{tag}", again.GetProperty("remembered").GetProperty("mapping").GetProperty("#2").GetString());
        var path = $"/api/v1/contacts/imports/uploads/{again.GetProperty("id").GetString()}";
        Assert.Equal("utf-16", (await service.GetAsync(path + "?encoding=utf-16&delimiter=,")).GetProperty("encoding").GetString());
        using var gone = await service.Http.DeleteAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        using var twice = await service.Http.DeleteAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (gone.StatusCode, twice.StatusCode));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(service.Data, "uploads")));

        static string? Meaning(JsonElement upload, int column) => upload.GetProperty("columns")[column].GetProperty("meaning").GetString();
    }

    [Fact]
    public async Task Import_RefusedOrOnlyTried_LeavesNoFile()
    {
        await ImportAsync("consentSource=shop", "colour\nred\n", HttpStatusCode.UnprocessableEntity);
        var trial = await ImportAsync("dryRun=true", "email\nnofile@example.net\n", HttpStatusCode.Created);

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(service.Data, "uploads")));
        using var refused = await service.Http.PostAsync(new Uri($"/api/v1/contacts/imports/{trial.GetProperty("id")}/continue", UriKind.Relative), null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal("importEnded", (await refused.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("problems")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Export_OfAFilter_NeedsItsScopeAndIsInTheAudit()
    {
        var tag = "x" + Guid.NewGuid().ToString("N")[..8];
        await ImportAsync($"consentSource=shop&tags={tag}", $"email,phone\n{tag}@example.org,+34612345678\n", HttpStatusCode.Created);
        var wanted = new Uri($"/api/v1/contacts/export.csv?tag={tag}&bom=true", UriKind.Relative);

        using var answer = await service.Http.GetAsync(wanted, TestContext.Current.CancellationToken);
        var bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal("\uFEFF"u8.ToArray(), bytes[..3]);
        var lines = Encoding.UTF8.GetString(bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains($",{tag}@example.org,'+34612345678,", lines[1], StringComparison.Ordinal);
        Assert.Matches("attachment; filename=\"?contacts-", answer.Content.Headers.ContentDisposition!.ToString());
        using var posted = await service.Http.PostAsJsonAsync("/api/v1/contacts/export.csv", new { rule = new { field = "tag", op = "hasAnyOf", value = new[] { tag } } }, TestContext.Current.CancellationToken);
        Assert.Equal(2, (await posted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);

        using var other = new HttpClient { BaseAddress = service.Http.BaseAddress };
        other.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await service.MakeKeyAsync("contacts.edit", "contacts.erase", "broadcasts.send", "channels.manage", "reports.export"));
        using var refused = await other.GetAsync(wanted, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        other.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await service.MakeKeyAsync("contacts.export"));
        using var allowed = await other.GetAsync(wanted, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);

        var audit = (await service.GetAsync("/api/v1/audit?subject=contacts")).GetProperty("items").EnumerateArray().Select(e => e.GetProperty("detail").GetString()).ToList();
        Assert.Equal(2, audit.Count(d => d == $"1 contacts; tag '{tag}'"));
    }

    private Task<JsonElement> ImportAsync(string query, string file, HttpStatusCode expected) => PostFileAsync("/api/v1/contacts/imports?" + query, file, expected);

    private async Task<JsonElement> PostFileAsync(string path, string file, HttpStatusCode expected)
    {
        using var content = new StringContent(file, Encoding.UTF8, "text/csv");
        using var response = await service.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
        Assert.Equal(expected, response.StatusCode);
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }
}
