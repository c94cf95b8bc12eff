using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Two contacts that are one person: found, compared, merged and told apart again, also without JavaScript.</summary>
public sealed class MergePagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory]
    [InlineData(true, "en-GB", 1280)]
    [InlineData(false, "es-ES", 380)]
    public async Task Duplicates_ComparedMergedAndUndone_AreTwoAgain(bool script, string locale, int width)
    {
        var number = script ? "600888001" : "600888002";
        await console.PostAsync("fields", new { name = $"Town {number}", type = "text" });
        var a = await AddAsync($"Ana {number}", "phone", $"+34{number}");
        var b = await AddAsync($"Bea {number}", "whatsapp", $"34{number}", new Dictionary<string, string> { [$"town_{number}"] = "Vigo" });
        await using var context = await console.NewContextAsync(locale: locale, script: script, width: width);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();

        await page.GotoAsync("/contacts/duplicates");
        await AssertAccessibleAsync(page, script);
        await page.ClickAsync($"a[href='/contacts/{a}/merge?with={b}']");
        await Expect(page.Locator("h1")).ToContainTextAsync($"Ana {number}");
        await Expect(page.Locator($"#c-fields\\.town_{number}-secondary")).ToBeCheckedAsync();
        await AssertAccessibleAsync(page, script);
        await page.CheckAsync("#c-firstName-secondary");
        await page.ClickAsync("main button.primary");
        await page.WaitForURLAsync($"**/contacts/{a}");
        await Expect(page.Locator("#first")).ToHaveValueAsync($"Bea {number}");
        await Expect(page.Locator($"#f-town_{number}")).ToHaveValueAsync("Vigo");
        await Expect(page.Locator("#merges")).ToContainTextAsync($"Bea {number}");
        await AssertAccessibleAsync(page, script);

        await page.ClickAsync("#merges button");
        await page.WaitForURLAsync($"**/contacts/{a}");
        await Expect(page.Locator("#first")).ToHaveValueAsync($"Ana {number}");
        await page.GotoAsync($"/contacts/{b}");
        await Expect(page.Locator("#first")).ToHaveValueAsync($"Bea {number}");
        await Expect(page.Locator("#merges")).ToContainTextAsync($"Ana {number}");

        await page.GotoAsync("/contacts/duplicates");
        await page.ClickAsync($"tr:has(a[href='/contacts/{a}']) button");
        await Expect(page.Locator($"a[href='/contacts/{a}/merge?with={b}']")).ToHaveCountAsync(0);
        await AssertAccessibleAsync(page, script);
    }

    [Fact]
    public async Task Merge_WithoutAnother_FindsIt()
    {
        var a = await AddAsync("Carla Findme", "email", "carla@merge.example.com");
        var b = await AddAsync("Carlota Findme", "email", "carlota@merge.example.com");
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();

        await page.GotoAsync($"/contacts/{a}/merge");
        await AssertAccessibleAsync(page, true);
        await page.FillAsync("main input[type=search]", "Findme");
        await page.ClickAsync("main .filters button");
        await page.ClickAsync($"a[href='/contacts/{a}/merge?with={b}']");
        await page.ClickAsync($"a[href='/contacts/{b}/merge?with={a}']");

        await Expect(page.Locator("main button.primary")).ToContainTextAsync("Merge Carla Findme into Carlota Findme");
        var response = await page.GotoAsync($"/contacts/{a}/merge?with={a}");
        Assert.Equal(404, response!.Status);
    }

    private async Task<long> AddAsync(string name, string kind, string value, Dictionary<string, string>? fields = null) =>
        (await console.PostAsync("contacts", new { firstName = name, addresses = new[] { new { kind, value } }, fields = fields ?? [] })).GetProperty("id").GetInt64();

    // The checker itself is a script.
    private static async Task AssertAccessibleAsync(IPage page, bool script)
    {
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        Assert.Equal(0, await page.EvaluateAsync<int>("() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"));
    }
}
