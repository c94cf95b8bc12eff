using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Plugins as an administrator installs, swaps, takes back and removes them on the pages.</summary>
public sealed class PluginPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Fact]
    public async Task Versions_AreInstalledActivatedRolledBackAndRemoved()
    {
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await UploadAsync(page, "lab-1.nupkg", LabPackages.Of("1.0.0"));
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/plugins/lab$"));
        await Expect(page.Locator("main")).ToContainTextAsync("lab 1.0.0 is installed.");
        await Expect(Row(page, "1.0.0")).ToContainTextAsync("In service");
        await Expect(page.Locator("button:has-text('Go back to')")).ToHaveCountAsync(0);

        await UploadAsync(page, "lab-2.nupkg", LabPackages.Of("2.0.0"), activate: false);
        await Expect(Row(page, "2.0.0")).ToContainTextAsync("Stored");
        await ActAsync(page, "2.0.0", "Put into service");
        await Expect(Row(page, "2.0.0")).ToContainTextAsync("In service");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));

        await page.FillAsync("input[name='why']", "It mumbles");
        await page.ClickAsync("button:has-text('Go back to 1.0.0')");
        await Expect(page.Locator("main")).ToContainTextAsync("Version 1.0.0 serves again.");
        await Expect(Row(page, "2.0.0")).ToContainTextAsync("It mumbles");

        await ActAsync(page, "2.0.0", "Remove");
        await Expect(page.Locator("main")).ToContainTextAsync("Version 2.0.0 is removed.");
        await Expect(Row(page, "2.0.0")).ToHaveCountAsync(0);
        await console.PostAsync("channels", new { name = "On the lab", transport = "lab", settings = new { token = "secret-1" } });
        await ActAsync(page, "1.0.0", "Remove");
        await Expect(page.Locator("main")).ToContainTextAsync("Nothing was changed: lab 1.0.0 serves the channels On the lab.");
    }

    [Theory]
    [InlineData("en-GB", "was refused and nothing was changed", "throws.nupkg", "throw-in-constructor", "no licence")]
    [InlineData("es-ES", "fue rechazado y no se cambió nada", "throws.nupkg", "throw-in-constructor", "no licence")]
    [InlineData("en-GB", "was refused and nothing was changed", "letter.nupkg", null, "is not a NuGet package")]
    public async Task Upload_PackageThatIsNoGood_IsRefusedWithItsReason(string locale, string refused, string file, string? behaviour, string why)
    {
        await using var context = await console.NewContextAsync(locale: locale);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();

        await UploadAsync(page, file, behaviour is null ? "Dear Sir"u8.ToArray() : LabPackages.Of("9.0.0", behaviour));

        await Expect(page.Locator("#problems")).ToContainTextAsync(refused);
        await Expect(page.Locator("#problems")).ToContainTextAsync(file);
        await Expect(page.Locator("#problems")).ToContainTextAsync(why);
    }

    private static async Task UploadAsync(IPage page, string name, byte[] package, bool activate = true)
    {
        await page.GotoAsync("/plugins");
        await page.SetInputFilesAsync("#package", new FilePayload { Name = name, MimeType = "application/octet-stream", Buffer = package });
        await page.SetCheckedAsync("input[name='Activate']", activate);
        await page.ClickAsync("form:has(#package) button");
    }

    private static async Task ActAsync(IPage page, string version, string act)
    {
        await Row(page, version).Locator("summary").ClickAsync();
        await Row(page, version).Locator($"button:has-text('{act}')").ClickAsync();
    }

    private static ILocator Row(IPage page, string version) => page.Locator($"tr:has(.num.strong:text-is('{version}'))");
}
