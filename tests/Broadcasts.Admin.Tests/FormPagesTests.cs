using System.Text.Json;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Forms as their author makes them and as people fill them in; the contact that comes of it; the segment that means it.</summary>
public sealed class FormPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData(true, "en-GB", 1280), InlineData(false, "es-ES", 390)]
    public async Task Form_MadeAndFilledIn_AsksItsVisitorToConfirm(bool script, string locale, int width)
    {
        var name = $"Form {locale}";
        await ChannelAsync($"Mail {locale}");
        await using var context = await console.NewContextAsync(script: script, locale: locale, width: width);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/contacts");
        await page.ClickAsync(".head-actions summary");
        await page.ClickAsync("a[href='/forms']");
        await page.ClickAsync(".head a[href='/forms/new']");
        await page.ClickAsync($"text=Mail {locale}");
        await AxeAsync(page, script);
        await page.FillAsync("#text", "No link here");
        await page.FillAsync("#name", name);
        await page.CheckAsync("input[name='Input.Needed'][value='first_name']");
        await page.ClickAsync(".card-foot button.primary");
        await Expect(page.Locator("form [role=alert], form .note.bad").First).ToContainTextAsync("links.confirm");
        await page.FillAsync("#text", "Confirm: {{ links.confirm }}");
        await page.ClickAsync(".card-foot button.primary");
        await page.WaitForURLAsync(url => !url.EndsWith("/new", StringComparison.Ordinal) && !url.Contains("channel=", StringComparison.Ordinal));
        await Expect(page.Locator("h1")).ToHaveTextAsync(name);
        await AxeAsync(page, script);
        await ConsoleFixture.PictureAsync(page, $"form-{locale}");
        Assert.Contains("name=\"f.first_name\" required", await page.Locator("#embed").InputValueAsync(), StringComparison.Ordinal);

        var form = new Uri(await page.Locator("#url").InputValueAsync()).AbsolutePath;
        await page.GotoAsync(form);
        await AxeAsync(page, script);
        await ConsoleFixture.PictureAsync(page, $"sign-up-{locale}");
        await page.FillAsync("#address", $"visitor.{locale}@example.com");
        await page.FillAsync("[id='f-first_name']", "Vera");
        await page.CheckAsync("input[name='agreed']");
        await page.ClickAsync("form button");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync(locale == "es-ES" ? "Un paso más" : "One more step");
        await AxeAsync(page, script);

        await page.GotoAsync($"/contacts?q=visitor.{locale}");
        await page.ClickAsync("tbody a.cell-name");
        await Expect(page.Locator("#reach tbody tr").First).ToContainTextAsync(locale == "es-ES" ? "no ha confirmado" : "has not confirmed", new() { IgnoreCase = true });
        await Expect(page.Locator("#messages tbody tr")).ToHaveCountAsync(1);
        await AxeAsync(page, script);
        await ConsoleFixture.PictureAsync(page, $"contact-{locale}");
    }

    [Fact]
    public async Task Rule_BeingWritten_IsCountedAsItIsTyped_AndKeepsItsCommas()
    {
        foreach (var (name, city) in new[] { ("Ada", "Paris, Texas"), ("Bea", "Paris, Texas"), ("Cleo", "Lima") })
            await console.PostAsync("contacts", new { firstName = name, lastName = "Rule", country = "PE", addresses = new[] { new { kind = "email", value = $"{name}.rule@example.com" } }, tags = new[] { $"in {city}" } });
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/segments/new");
        await page.FillAsync("#name", "Typed");
        await page.SelectOptionAsync("#rule-0-field", "tag");
        await page.ClickAsync("#rule-0-value");
        await page.CheckAsync("#rule-0 input[value='in Paris, Texas']");
        await Expect(page.Locator("#matches .big-number")).ToHaveTextAsync("2");
        await page.CheckAsync("#rule-0 input[value='in Lima']");
        await Expect(page.Locator("#rule-0-value")).ToContainTextAsync("in Lima, in Paris, Texas");
        await Expect(page.Locator("#matches .big-number")).ToHaveTextAsync("3");
        await Expect(page.Locator("#matches li")).ToHaveCountAsync(3);
        await page.ClickAsync("button[value='save']");
        await page.WaitForURLAsync(url => !url.EndsWith("/new", StringComparison.Ordinal));
        await Expect(page.Locator("#rule-0-value")).ToContainTextAsync("in Lima, in Paris, Texas");
        await Expect(page.Locator("#matches .big-number")).ToHaveTextAsync("3");
        await AxeAsync(page, true);
        await ConsoleFixture.PictureAsync(page, "segment");

        await page.GotoAsync("/segments?q=type");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("tbody tr td.end")).ToContainTextAsync("3");
        await page.GotoAsync("/contacts/fields");
        await page.ClickAsync("tr:has-text('in Lima') summary");
        await page.ClickAsync("tr:has-text('in Lima') button.danger");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("The segment 'Typed' has it as a condition");
        await page.ClickAsync("tr:has-text('in Lima') summary");
        await page.FillAsync("tr:has-text('in Lima') input[name='name']", "in Cusco");
        await page.ClickAsync("tr:has-text('in Lima') form.menu-form button");
        await page.GotoAsync("/segments?q=type");
        await page.ClickAsync("tbody a.cell-name");
        Assert.Equal(["in Cusco", "in Paris, Texas"], await page.Locator("#rule-0 input:checked").EvaluateAllAsync<string[]>("boxes => boxes.map(b => b.value)"));
    }

    private Task<JsonElement> ChannelAsync(string name) => console.PostAsync("channels", new { name, transport = "filedrop", settings = new { folder = console.Data, format = "eml", addressKind = "email" } });

    private static async Task AxeAsync(IPage page, bool script)
    {
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description} {string.Join("; ", v.Nodes.Select(n => n.Html))}"));
    }
}
