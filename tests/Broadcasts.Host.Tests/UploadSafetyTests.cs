using System.Net.Http.Headers;
using System.Text;

namespace Broadcasts.Host.Tests;

/// <summary>What strangers upload never runs in the console's origin.</summary>
public sealed class UploadSafetyTests(RunningBroadcasts service) : IClassFixture<RunningBroadcasts>
{
    [Theory]
    [InlineData("page.html", "text/html", "<script>alert(1)</script>")]
    [InlineData("drawing.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")]
    [InlineData("page.xhtml", "application/xhtml+xml", "<html xmlns='http://www.w3.org/1999/xhtml'><script>alert(1)</script></html>")]
    [InlineData("nothing", "x/y", "<script>alert(1)</script>")]
    public async Task File_ThatHoldsScript_IsSavedAndNeverShown(string name, string mediaType, string content)
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(content)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(mediaType) } };
        using var added = await service.Http.PostAsync(new Uri($"/api/v1/files?name={name}", UriKind.Relative), body, TestContext.Current.CancellationToken);
        added.EnsureSuccessStatusCode();

        using var file = await service.Http.GetAsync(added.Headers.Location, TestContext.Current.CancellationToken);
        file.EnsureSuccessStatusCode();
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition?.DispositionType);
        AssertRunsNothing(file);
    }

    [Theory]
    [InlineData("/api/v1/contacts/export.csv")]
    [InlineData("/api/v1/suppressions/export")]
    [InlineData("/api/v1/audit/export")]
    public async Task Export_OfAnything_IsSavedAndNeverShown(string path)
    {
        using var file = await service.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        file.EnsureSuccessStatusCode();
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition?.DispositionType);
        AssertRunsNothing(file);
    }

    [Theory]
    [InlineData("/api/v1/audit?limit=1")]
    [InlineData("/api/v1/no-such-route")]
    [InlineData("/hooks/999?hub.challenge=%3Cscript%3Ealert(1)%3C/script%3E")]
    public async Task Answer_ToMachines_RunsNothingInABrowser(string path)
    {
        using var answer = await service.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        AssertRunsNothing(answer);
    }

    private static void AssertRunsNothing(HttpResponseMessage answer)
    {
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("sandbox", policy, StringComparison.Ordinal);
    }
}
