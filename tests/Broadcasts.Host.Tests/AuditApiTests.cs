using System.Net;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>The audit, health and inside addresses as programs meet them.</summary>
public sealed class AuditApiTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    [Fact]
    public async Task Audit_FilteredByTimeAndSubject_HasChangesAndHashes()
    {
        var tag = (await service.PostAsync("/api/v1/tags", new { name = "=Gold" })).GetProperty("id").GetInt64();
        var before = TimeProvider.System.GetUtcNow().AddDays(-1).ToString("O");
        var entry = Assert.Single((await service.GetAsync($"/api/v1/audit?subject=tag:{tag}&action=tag&from={Uri.EscapeDataString(before)}")).GetProperty("items").EnumerateArray());
        Assert.Equal("=Gold", Assert.Single(entry.GetProperty("changes").EnumerateArray()).GetProperty("after").GetString());
        Assert.Equal(64, entry.GetProperty("hash").GetString()!.Length);
        Assert.Empty((await service.GetAsync($"/api/v1/audit?subject=tag:{tag}&to={Uri.EscapeDataString(before)}")).GetProperty("items").EnumerateArray());

        var key = (await service.PostAsync("/api/v1/api-keys", new { name = "=cmd|calc", scopes = new[] { "read" } })).GetProperty("id").GetInt64();
        var csv = (await service.Http.GetStringAsync(new Uri($"/api/v1/audit/export?subject=key:{key}", UriKind.Relative), TestContext.Current.CancellationToken)).Split("\r\n");
        Assert.Equal("number,at,actor,action,subject,detail,changes,hash", csv[0]);
        Assert.Contains(",key.create,", csv[1], StringComparison.Ordinal);
        Assert.Contains(",\"'=cmd|calc\",", csv[1], StringComparison.Ordinal);
        Assert.Contains("scopes", csv[1], StringComparison.Ordinal);
        Assert.Contains((await service.GetAsync("/api/v1/audit?action=audit")).GetProperty("items").EnumerateArray(), e => e.GetProperty("action").GetString() == "audit.exported");
        Assert.True((await service.GetAsync("/api/v1/audit/state")).GetProperty("newest").GetProperty("number").GetInt64() >= 3);
    }

    [Fact]
    public async Task Health_OfASoundService_IsGreenWithAFindingEach()
    {
        var health = await service.GetAsync("/api/v1/health");
        Assert.Equal("green", health.GetProperty("level").GetString());
        Assert.All(health.GetProperty("checks").EnumerateArray(), c => Assert.NotEqual("", c.GetProperty("found").GetString()));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data", false)]
    [InlineData("https://[fd00::1]/", false)]
    [InlineData("http://127.0.0.1:9/", true)]
    public async Task Channel_WithAnInsideAddress_IsRefusedUnlessItIsPermitted(string url, bool permitted)
    {
        using var response = await service.Http.PostAsync(new Uri("/api/v1/channels", UriKind.Relative), JsonContent(new { name = url, transport = "webhook", settings = new { url, secret = "sixteen characters or more", addressKind = "email" } }), TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(permitted ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(!permitted, answer.Contains("\"addressInside\"", StringComparison.Ordinal));
    }

    private static StringContent JsonContent(object body) => new(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");
}
