using System.Net;

namespace Broadcasts.Admin.Tests;

/// <summary>What people and programs send that no page asks for.</summary>
public sealed class HostileInputTests(DemoFixture demo) : IClassFixture<DemoFixture>
{
    private const string Script = "\"'><script>alert(1)</script><img src=x onerror=\"alert(1)\">{{ 1 }}";

    private static readonly string[] Ids = ["0", "-1", "999999999", "9223372036854775807", "99999999999999999999", "abc", "1%27--", "%2e%2e%2f", "%00", "1.5", new string('9', 2000)];

    private static readonly string[] Queries = ["p", "q", "status", "sort", "open", "on", "view", "scale", "move", "channel", "label", "contact", "reason", "what", "from", "to", "handler", "tab", "name", "import", "transport", "limit", "cursor"];

    [Fact]
    public async Task Address_MadeByHand_IsNeverAFault()
    {
        await using var context = await demo.NewContextAsync();
        var wrong = new List<string>();
        foreach (var route in PageRoutes.All.Where(r => r.Contains('*', StringComparison.Ordinal)))
        {
            foreach (var id in Ids) await LookAsync(route.Replace("*", id, StringComparison.Ordinal));
        }

        foreach (var path in PageRoutes.All.Where(r => !r.Contains('*', StringComparison.Ordinal) && r is not "/sign-out"))
        {
            foreach (var id in (string[])["-1", "99999999999999999999", Script, "%00", new string('x', 5000)])
                await LookAsync($"{path}?{string.Join('&', Queries.Select(q => $"{q}={(id == "%00" ? id : Uri.EscapeDataString(id))}"))}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        async Task LookAsync(string path)
        {
            if (path.Length > 7000) path = path[..7000];
            var answer = await context.APIRequest.GetAsync(path, new() { MaxRedirects = 0 });
            if (answer.Status >= 500 || (await answer.TextAsync()).Contains("   at Broadcasts.", StringComparison.Ordinal)) wrong.Add($"{path[..Math.Min(path.Length, 100)]} answers {answer.Status}");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("CfDJ8AAAAAAAAAAA")]
    [InlineData("%00%FF")]
    [InlineData("c=en|uic=../../etc")]
    public async Task Cookie_ThatIsBroken_LeadsToThePageOrToSignIn(string value)
    {
        await using var context = await demo.NewContextAsync();
        var names = (await context.CookiesAsync()).Select(c => c.Name).Concat(["broadcasts.theme", "broadcasts.language", ".AspNetCore.Mvc.CookieTempDataProvider", "Identity.TwoFactorUserId"]).Distinct();
        foreach (var name in names)
        {
            using var handler = new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false };
            using var http = new HttpClient(handler) { BaseAddress = new Uri(demo.Address) };
            var cookies = (await context.CookiesAsync()).Where(c => c.Name != name).Select(c => $"{c.Name}={c.Value}").Append($"{name}={value}");
            http.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", string.Join("; ", cookies));
            using var answer = await http.GetAsync(new Uri("/broadcasts", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{name}: {answer.StatusCode}");
        }
    }

    [Fact]
    public async Task Name_OfTenMegabytes_IsRefusedWithWords()
    {
        await using var context = await demo.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync("/broadcasts/new");
        await page.EvaluateAsync("() => { const field = document.querySelector('#name'); field.removeAttribute('maxlength'); field.value = 'x'.repeat(10_000_000); }");
        var answer = page.WaitForResponseAsync(r => r.Request.Method == "POST");
        await page.ClickAsync("form button.primary");
        Assert.Contains((await answer).Status, new[] { 400, 413, 422 });
        Assert.NotEmpty((await page.Locator("h1").InnerTextAsync()).Trim());
        Assert.DoesNotContain("   at Broadcasts.", await page.ContentAsync(), StringComparison.Ordinal);
    }
}
