using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The console as people use it, in a real browser against the built program.</summary>
public sealed class ConsoleTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Fact]
    public async Task WelcomeLink_UsedTwice_IsGone()
    {
        await using var context = await console.NewContextAsync(signedIn: false);
        var page = await context.NewPageAsync();
        var response = await page.GotoAsync(console.WelcomeLink);
        Assert.Equal(410, response!.Status);
        await Expect(page.Locator("h1")).ToHaveTextAsync("This link is used up");
    }

    [Fact]
    public async Task Draft_WithAnUnknownName_SaysLineAndColumn()
    {
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync("/broadcasts/new");
        await page.FillAsync("#name", "Mistyped");
        await page.ClickAsync("form button.primary");
        await page.ClickAsync("#stepper a[href$='/content']");
        await page.ClickAsync("button[value='add:text']");
        await page.FillAsync("#part-0-text", "Hello\n{{ contact.frist_name }}");
        await page.ClickAsync(".head-actions button[value='save']");
        await Expect(page.Locator("#at-parts-0")).ToContainTextAsync("line 2, column 4");
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Hello\n{{ contact.frist_name }}");
    }

    [Theory]
    [InlineData("en-GB", "Draft", "New broadcast")]
    [InlineData("es-ES", "Borrador", "Nueva difusión")]
    public async Task Pages_InTheBrowsersLanguage_SpeakIt(string locale, string draft, string create)
    {
        await using var context = await console.NewContextAsync(locale: locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/broadcasts");
        await Expect(page.Locator("#side")).ToContainTextAsync(draft);
        await Expect(page.Locator(".head")).ToContainTextAsync(create);
        Assert.Equal(locale[..2], await page.Locator("html").GetAttributeAsync("lang"));
    }

    [Fact]
    public async Task Stylesheet_OfTheBuiltProgram_IsWholeAndKept()
    {
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        var css = page.WaitForResponseAsync("**/console.css");
        await page.GotoAsync("/broadcasts");
        Assert.True((await (await css).BodyAsync()).Length > 20_000);
        Assert.Contains("immutable", (await css).Headers["cache-control"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_NeverAllowInlineCode()
    {
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        var response = await page.GotoAsync("/broadcasts");
        var policy = response!.Headers["content-security-policy"];
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator("[style], script:not([src]), [onclick]").CountAsync());
    }

    [Fact]
    public async Task Password_WrongFiveTimes_LocksTheAccountWithoutTellingWhoExists()
    {
        await using var context = await console.NewContextAsync(signedIn: false);
        var page = await context.NewPageAsync();
        var unknown = await TryAsync("nobody@example.com");
        var known = await TryAsync(ConsoleFixture.Email);
        Assert.Equal(unknown, known);
        for (var i = 0; i < 3; i++) await TryAsync(ConsoleFixture.Email);
        Assert.NotEqual(unknown, await TryAsync(ConsoleFixture.Email));

        async Task<string> TryAsync(string email)
        {
            await page.GotoAsync("/sign-in");
            await page.FillAsync("#email", email);
            await page.FillAsync("#password", "wrong wrong wrong");
            await page.ClickAsync("button.primary");
            return await page.Locator("[role=alert]").InnerTextAsync();
        }
    }

    [Fact]
    public async Task Viewer_MayLookButChangeNothing()
    {
        await using var made = console.Command("user", "add", "--email", "viewer@example.com", "--name", "Vera Viewer", "--role", "Viewer");
        await made.AssertExitCodeAsync(0, TimeSpan.FromSeconds(60));
        await using var context = await console.NewContextAsync(signedIn: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(made.StandardOutput[^1]).AbsolutePath);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/broadcasts");
        await Expect(page.Locator("a[href='/broadcasts/new']")).ToHaveCountAsync(0);
        Assert.Equal(403, (await page.GotoAsync("/broadcasts/new"))!.Status);
        await Expect(page.Locator("h1")).ToHaveTextAsync("Not for your role");
        Assert.Equal(403, (await page.GotoAsync("/channels/new"))!.Status);
        Assert.Equal(200, (await page.GotoAsync("/contacts"))!.Status);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Channel_LimitsAreSaved_AreShownWithTheirUseAndCanBeRead(bool script)
    {
        await using var context = await console.NewContextAsync(script: script);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await MakeChannelAsync(page, $"Limits {script}");
        await page.FillAsync("#rate-count", "50");
        await page.ClickAsync(".card-foot button.primary");
        await Expect(page.Locator("#limits dl")).ToContainTextAsync("at most 50 per second");
        await page.FillAsync("#limit-0", "1000");
        await page.SelectOptionAsync("#limit-unit-0", "minute");
        await page.FillAsync("#limit-1", "100000");
        await page.FillAsync("#spacing", "1.5");
        await page.ClickAsync("#limits button");

        await Expect(page.Locator("#limits dl")).ToContainTextAsync("0 of 1,000 used");
        await Expect(page.Locator("#limits dl")).ToContainTextAsync("100,000 per day");
        await Expect(page.Locator("#spacing")).ToHaveValueAsync("1.5");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await page.FillAsync("#limit-0", "");
        await page.ClickAsync("#limits button");
        await Expect(page.Locator("#limits dl")).Not.ToContainTextAsync("1,000 used");
    }

    private static async Task MakeChannelAsync(IPage page, string name)
    {
        await page.GotoAsync("/channels/new?transport=filedrop");
        await page.FillAsync("#name", name);
        await page.ClickAsync("form button.primary");
        await page.WaitForURLAsync(url => !url.Contains("/new", StringComparison.Ordinal));
    }
}
