using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Channels at work: what they use of their limits, and what another rate would do to what runs on them.</summary>
public sealed class ChannelPagesTests(DemoFixture demo) : IClassFixture<DemoFixture>
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task Rate_BeforeItIsSaved_ShowsWhatItDoesToTheBroadcastThatRuns(bool script)
    {
        await using var context = await demo.NewContextAsync(script: script);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/channels");
        var card = page.Locator(".channel", new() { HasText = "SMS (simulated)" });
        await Expect(card).ToContainTextAsync("per second");
        await card.Locator("h2 a").ClickAsync();
        var effect = page.Locator("#effect");
        await Expect(effect).ToContainTextAsync("Opening hours over the holidays");
        await Expect(effect).ToContainTextAsync("done in");

        // It sends one per second by its own rate; one per minute is less.
        await page.FillAsync("#rate-count", "1");
        await page.SelectOptionAsync("#rate-unit", "minute");
        if (!script) await page.ClickAsync("[data-look]");
        await Expect(effect).ToContainTextAsync("with this rate");
        await Expect(effect).ToContainTextAsync(" h ");
        await Expect(page.Locator("#rate-count")).ToHaveValueAsync("1");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await ConsoleFixture.PictureAsync(page, $"channel-effect-{script}");

        await page.GotoAsync("/channels/1");
        await Expect(page.Locator("#rate-count")).ToHaveValueAsync("");
    }

    [Fact]
    public async Task Limit_ThatIsInUse_IsAMeterOnTheCard()
    {
        await using var context = await demo.NewContextAsync(locale: "es-ES", scheme: ColorScheme.Dark);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/channels");
        await page.Locator(".channel", new() { HasText = "SMS (simulated)" }).Locator("h2 a").ClickAsync();
        await page.FillAsync("#limit-0", "1000");
        await page.SelectOptionAsync("#limit-unit-0", "minute");
        await page.FillAsync("#limit-1", "100000");
        await page.SelectOptionAsync("#limit-unit-1", "day");
        await page.ClickAsync("#limits button");
        await page.GotoAsync("/channels");
        var card = page.Locator(".channel", new() { HasText = "SMS (simulated)" });
        await Expect(card.Locator("svg.bar").First).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("%"));
        await Expect(card).ToContainTextAsync("100.000");
        await ConsoleFixture.PictureAsync(page, "channels-es-dark");
    }
}
