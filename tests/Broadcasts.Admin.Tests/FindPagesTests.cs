using Deque.AxeCore.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Everything by name: the palette on Ctrl-K, and the page that it is without script.</summary>
public sealed class FindPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    [Theory, InlineData("en-GB", "New segment", "Go to"), InlineData("es-ES", "Nuevo segmento", "Ir a")]
    public async Task Palette_ByKeysAlone_LeadsToWhatIsNamed(string locale, string place, string heading)
    {
        await console.PostAsync("contacts", new { firstName = "Petra", lastName = $"Palette{locale}", addresses = new[] { new { kind = "email", value = $"petra-{locale}@example.com" } } });
        await using var context = await console.NewContextAsync(locale: locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/channels");
        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.Locator("#palette-found")).ToContainTextAsync(heading);

        await page.Keyboard.TypeAsync($"palette{locale}");
        await Expect(page.Locator("#palette-found a")).ToHaveCountAsync(1);
        await Expect(page.Locator("#palette-found a")).ToContainTextAsync($"Petra Palette{locale}");
        await ConsoleFixture.PictureAsync(page, $"palette-{locale}");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/contacts/*");

        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync(place);
        await Expect(page.Locator("#palette-found a")).ToHaveCountAsync(1);
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/segments/new");

        await page.Keyboard.PressAsync("Control+k");
        await Expect(page.Locator("#palette")).ToHaveAttributeAsync("open", "");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#palette")).Not.ToHaveAttributeAsync("open", "");
    }

    [Fact]
    public async Task Find_WithoutScript_IsAPage()
    {
        await using var context = await console.NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/broadcasts");
        await page.ClickAsync(".top-end a[href='/find']");
        await page.FillAsync("main input[name='q']", "<script>alert(1)</script>");
        await page.PressAsync("main input[name='q']", "Enter");
        await Expect(page.Locator("#found")).ToContainTextAsync("Nothing is called \u201C<script>alert(1)</script>\u201D.");
        await page.FillAsync("main input[name='q']", "calen");
        await page.PressAsync("main input[name='q']", "Enter");
        await page.ClickAsync("#found a");
        await page.WaitForURLAsync("**/broadcasts/calendar");
    }
}
