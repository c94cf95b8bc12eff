using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>A broadcast's page while it runs and after: its tabs, its pace.</summary>
public sealed class BroadcastPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    private static readonly string[] Tabs = ["", "/recipients", "/content", "/plan", "/activity", "/related"];

    [Theory, InlineData("en-GB", "Pace, messages per second", "this broadcast\u2019s own rate", "Rate changed"), InlineData("es-ES", "Ritmo, mensajes por segundo", "el ritmo propio de esta difusi\u00F3n", "Ritmo cambiado")]
    public async Task Tabs_OfARunningBroadcast_TellItsPaceContentPlanAndActs(string locale, string pace, string limit, string changed)
    {
        var id = await StartAsync($"In tabs {locale}", 60);
        await using var context = await console.NewContextAsync(locale: locale);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await UntilAsync(page, $"/broadcasts/{id}", "#pace svg[role=img]");
        await console.PatchAsync($"broadcasts/{id}/rate", new { sendRate = new { count = 10, per = "second" } });
        await UntilAsync(page, $"/broadcasts/{id}", $"#pace li:has-text('{changed}')");

        await Expect(page.Locator("#pace h2")).ToHaveTextAsync(pace);
        await Expect(page.Locator("#pace .timeline")).ToContainTextAsync(limit);
        foreach (var tab in Tabs)
        {
            await page.GotoAsync($"/broadcasts/{id}{tab}");
            await Expect(page.Locator(".tabs a[aria-current]")).ToHaveAttributeAsync("href", $"/broadcasts/{id}{tab}");
            Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{tab} {v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
            await ConsoleFixture.PictureAsync(page, $"broadcast{tab.Replace('/', '-')}-{locale}");
        }

        await Expect(page.Locator("main")).ToContainTextAsync(locale == "en-GB" ? "not made from another" : "No se cre\u00F3");
        Assert.Equal(404, (await page.GotoAsync($"/broadcasts/{id}/nowhere"))!.Status);
        await page.GotoAsync($"/broadcasts/{id}/activity");
        await Expect(page.Locator($"main .timeline li:has-text('{changed}')")).ToHaveCountAsync(1);
    }

    private async Task<long> StartAsync(string name, int people)
    {
        var channel = (await console.PostAsync("channels", new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } })).GetProperty("id").GetInt64();
        var contacts = new List<long>();
        for (var i = 0; i < people; i++)
        {
            contacts.Add((await console.PostAsync("contacts", new { firstName = "Ann", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } })).GetProperty("id").GetInt64());
        }

        var id = (await console.PostAsync("broadcasts", new { name, channelId = channel, contactIds = contacts, parts = new[] { new { type = "email", subject = "Hi", text = "Hello" } }, sendRate = new { count = 2, per = "second" } })).GetProperty("id").GetInt64();
        await console.PostAsync($"broadcasts/{id}/send");
        return id;
    }

    private static async Task UntilAsync(IPage page, string path, string selector)
    {
        for (var i = 0; i < 60; i++)
        {
            await page.GotoAsync(path);
            if (await page.Locator(selector).CountAsync() > 0) return;
            await page.WaitForTimeoutAsync(500);
        }

        Assert.Fail($"{selector} never came on {path}: {await page.InnerTextAsync("main")}");
    }
}
