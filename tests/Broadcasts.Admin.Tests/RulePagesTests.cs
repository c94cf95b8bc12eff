using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The editor of rules: groups in groups, moved and compared by type, with and without script.</summary>
public sealed class RulePagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 30_000;

    [Theory, InlineData(true, "en-GB"), InlineData(false, "es-ES")]
    public async Task Rule_OfGroupsInGroups_IsBuiltMovedSavedAndReadAgain(bool script, string locale)
    {
        var tag = $"rules {script}";
        foreach (var (name, country) in new[] { ("Ada", "PE"), ("Bea", "PE"), ("Cleo", "CL") })
            await console.PostAsync("contacts", new { firstName = name, country, addresses = new[] { new { kind = "email", value = $"{name}.{script}@example.com" } }, tags = new[] { tag } });
        await using var context = await console.NewContextAsync(locale: locale, script: script);
        var page = await PageAsync(context);
        await page.GotoAsync("/segments/new");
        await page.FillAsync("#name", $"Groups {script}");
        await FieldAsync(page, "#rule-0-field", "tag", script);
        await page.ClickAsync("#rule-0-value");
        await page.CheckAsync($"#rule-0 input[value='{tag}']");
        await page.ClickAsync("#rule button[value='rule:group.']");
        await FieldAsync(page, "#rule-1-0-field", "country", script);
        await page.FillAsync("#rule-1-0-value", "CL");
        await page.ClickAsync("#rule button[value='rule:add.1']");
        await FieldAsync(page, "#rule-1-1-field", "first_name", script);
        await page.FillAsync("#rule-1-1-value", "Ada");
        await page.SelectOptionAsync("#rule-join-1", "none");
        if (script) await AxeAsync(page);
        if (!script) await page.ClickAsync("button[value=look]");
        await Expect(page.Locator("#matches .big-number")).ToHaveTextAsync("1");
        await Expect(page.Locator("#matches li")).ToContainTextAsync("Bea");

        await page.ClickAsync("[aria-label$=' 2.2'] summary");
        await page.ClickAsync("button[value='rule:up.1.1']");
        await Expect(page.Locator("#rule-1-0-value")).ToHaveValueAsync("Ada");
        if (script) await Expect(page.Locator("#rule-1-0-field")).ToBeFocusedAsync();
        await ConsoleFixture.PictureAsync(page, $"rule-{locale}");
        await page.ClickAsync("button[value=save]");
        await page.WaitForURLAsync(url => !url.EndsWith("/new", StringComparison.Ordinal));
        await Expect(page.Locator("#rule-join-1")).ToHaveValueAsync("none");
        await Expect(page.Locator("#rule-1-1-value")).ToHaveValueAsync("CL");
        await Expect(page.Locator("#matches .big-number")).ToHaveTextAsync("1");
    }

    [Fact]
    public async Task Values_OfEveryType_HaveABoxOfTheirOwn()
    {
        await console.PostAsync("fields", new { name = "Points", type = "number" });
        await console.PostAsync("fields", new { name = "Born", type = "date" });
        await console.PostAsync("fields", new { name = "Plan", type = "list", options = new[] { "Gold", "Silver" } });
        await console.PostAsync("fields", new { name = "Paid", type = "checkbox" });
        var id = (await console.PostAsync("segments", new
        {
            name = "Every type",
            rule = new
            {
                all = new object[]
                {
                    new { field = "contact.points", op = "between", value = new[] { 1, 20 } }, new { field = "contact.born", op = "before", value = "2000-01-02" }, new { field = "contact.plan", op = "is", value = "Gold" },
                    new { field = "contact.paid", op = "is", value = "true" }, new { field = "last_interaction_at", op = "inLastDays", value = 30 }, new { field = "created_at", op = "after", value = "2020-01-02T03:04:05Z" },
                    new { field = "consent", op = "is", value = "granted" }, new { field = "channel", op = "hasAddress", value = new[] { "email", "phone" } }, new { not = new { field = "blocked", op = "is", value = "true" } },
                },
            },
        })).GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync(width: 390, scheme: ColorScheme.Dark);
        var page = await PageAsync(context);
        await page.GotoAsync($"/segments/{id}");
        Assert.Equal(("number", "20"), (await page.GetAttributeAsync("#rule-0-to", "type"), await page.InputValueAsync("#rule-0-to")));
        Assert.Equal(("date", "2000-01-02"), (await page.GetAttributeAsync("#rule-1-value", "type"), await page.InputValueAsync("#rule-1-value")));
        Assert.Equal(["", "Gold", "Silver"], await page.Locator("#rule-2-value option").EvaluateAllAsync<string[]>("all => all.map(o => o.value)"));
        await Expect(page.Locator("#rule-3-value")).ToHaveValueAsync("true");
        await Expect(page.Locator("#rule-4-value")).ToHaveAttributeAsync("type", "number");
        await Expect(page.Locator("#rule-5-value")).ToHaveValueAsync("2020-01-02T03:04:05.000Z");
        await Expect(page.Locator("#rule-6-value")).ToHaveValueAsync("granted");
        await Expect(page.Locator("#rule-7-value")).ToContainTextAsync("E-mail");
        await Expect(page.Locator("#rule-join-8")).ToHaveValueAsync("none");
        Assert.DoesNotContain("contains", await page.Locator("#rule-0-op option").EvaluateAllAsync<string[]>("all => all.map(o => o.value)"));
        await AxeAsync(page);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await ConsoleFixture.PictureAsync(page, "rule-types-390");
        await page.ClickAsync("button[value=save]");
        await Expect(page.Locator(".note.good")).ToBeVisibleAsync();
        await Expect(page.Locator("#rule-5-value")).ToHaveValueAsync("2020-01-02T03:04:05.000Z");

        await page.GotoAsync($"/segments/{id}?contact=nobody@example.com#why");
        await Expect(page.Locator("#why")).ToContainTextAsync("Nobody has");
        await console.PostAsync("contacts", new { firstName = "Why", addresses = new[] { new { kind = "email", value = "why@example.com" } } });
        await page.GotoAsync($"/segments/{id}?contact=why@example.com#why");
        await Expect(page.Locator("#why li").First).ToContainTextAsync("Does not fit: Points is between 1, 20");
        await AxeAsync(page);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Rule_OfABroadcast_IsTheSameEditor(bool script)
    {
        await using var context = await console.NewContextAsync(script: script);
        var page = await PageAsync(context);
        var id = (await console.PostAsync("broadcasts", new { name = "With a rule", segment = new { any = new object[] { new { field = "country", op = "is", value = "ES" }, new { all = new object[] { new { field = "email", op = "exists" } } } } } })).GetProperty("id").GetInt64();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#rule-0-value")).ToHaveValueAsync("ES");
        await page.ClickAsync("#rule button[value='rule:add.1']");
        await Expect(page.Locator("#rule-1-1-field")).ToBeVisibleAsync();
        if (script) await Expect(page.Locator("#rule-1-1-field")).ToBeFocusedAsync();
        await page.SelectOptionAsync("#rule-1-1-field", "blocked");
        if (!script) await page.ClickAsync("#rule button[value='rule:look']");
        await page.SelectOptionAsync("#rule-1-1-value", "false");
        await page.ClickAsync(".head-actions button[value=save]");
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#rule-1-1-value")).ToHaveValueAsync("false");
    }

    [Theory, InlineData("rule:up.9.9"), InlineData("rule:remove.-1"), InlineData("rule:"), InlineData("rule:add.NaN"), InlineData("rule-remove:0"), InlineData("rule:group.0.0.0.0.0.0.0.0.0.0.0.0")]
    public async Task Act_OfAPlaceThatIsNone_ChangesNothing(string act)
    {
        await using var context = await console.NewContextAsync(script: false);
        var page = await PageAsync(context);
        await page.GotoAsync("/segments/new");
        await page.EvaluateAsync("act => document.querySelector('button[value=look]').value = act", act);
        await page.ClickAsync("button[name=do][data-look]");
        await Expect(page.Locator("#rule-0-field")).ToHaveCountAsync(1);
    }

    // Without script the comparison of a chosen field comes when somebody asks for it.
    private static async Task FieldAsync(IPage page, string select, string field, bool script)
    {
        await page.SelectOptionAsync(select, field);
        if (!script) await page.ClickAsync("#rule button[value='rule:look']");
        await Expect(page.Locator(select.Replace("-field", "-op", StringComparison.Ordinal))).ToBeVisibleAsync();
    }

    private static async Task<IPage> PageAsync(IBrowserContext context)
    {
        context.SetDefaultTimeout(Patient);
        return await context.NewPageAsync();
    }

    private static async Task AxeAsync(IPage page) => Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
}
