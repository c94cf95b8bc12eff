using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The HTML of an e-mail is shown as its readers see it, and does nothing in the console.</summary>
public sealed class PreviewSafetyTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const string Hostile = """
        <p id="letter">Hello</p>
        <img src="data:image/png;base64,x" onerror="document.getElementById('letter').textContent = 'ran'; top.document.title = 'ran'">
        <svg onload="document.getElementById('letter').textContent = 'ran'"></svg>
        <a id="out" href="javascript:document.body.textContent='ran'" target="_top">out</a>
        """;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Preview_OfHostileHtml_RunsNothing(bool framed)
    {
        var channel = await console.PostAsync("channels", new { name = $"Mail {framed}", transport = "simulator", settings = new { addressKind = "email", receipts = false } });
        var broadcast = await console.PostAsync("broadcasts", new { name = "Letter", channelId = channel.GetProperty("id").GetInt64(), parts = new[] { new { type = "email", subject = "Hi", html = Hostile } } });
        var id = broadcast.GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(framed ? $"/broadcasts/{id}" : $"/broadcasts/{id}/preview/0");
        var title = await page.TitleAsync();

        var letter = framed ? page.FrameLocator("iframe").Locator("#letter") : page.Locator("#letter");
        await Expect(letter).ToHaveTextAsync("Hello");
        await (framed ? page.FrameLocator("iframe").Locator("#out") : page.Locator("#out")).ClickAsync();
        await Expect(letter).ToHaveTextAsync("Hello");
        Assert.Equal(title, await page.TitleAsync());
        if (framed) Assert.Equal("", await page.Locator("iframe").GetAttributeAsync("sandbox"));
    }
}
