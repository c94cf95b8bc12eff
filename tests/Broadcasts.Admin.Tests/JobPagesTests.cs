using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Acts on many contacts as people ask for them.</summary>
public sealed class JobPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Contacts_PickedAndTagged_AreDoneWhileThePageIsOpen(bool script)
    {
        var own = await CreateAsync(60, $"tagged{script}");
        await using var context = await console.NewContextAsync(script: script, locale: script ? "en-GB" : "es-ES");
        var page = await PageAsync(context);
        await page.GotoAsync($"/contacts?q={own}");
        if (script) await page.CheckAsync("#pick-all");
        else await page.SelectOptionAsync("#whom", "page");
        if (script) Assert.Equal(50, await page.Locator("tbody input:checked").CountAsync());
        if (script) await AxeAsync(page);
        await page.ClickAsync("button[value=AddTag]");
        await Expect(page.Locator("#how-many")).ToHaveTextAsync(script ? "50 contacts" : "50 contactos");
        if (script) await AxeAsync(page);
        await page.FillAsync("#new-tag", $"vip {own}");
        await page.ClickAsync("#act button.primary");

        await page.WaitForURLAsync("**/contacts/jobs/*");
        if (script) await Expect(page.Locator("#job-status")).ToContainTextAsync("Done");
        else await ReloadUntilAsync(page, "Hecho");
        Assert.Equal(["50", "0", "0"], await page.Locator("#job .tile dd").AllInnerTextsAsync());
        await Expect(page.Locator("#cancel")).ToHaveCountAsync(0);
        if (script) await AxeAsync(page);
        await page.GotoAsync("/contacts/jobs");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync($"vip {own}");
        if (script) await AxeAsync(page);
        await page.GotoAsync($"/contacts?tag=vip+{own}");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Delete_OfAllThatMatch_AsksForTheirNumber(bool script)
    {
        var own = await CreateAsync(55, $"gone{script}");
        await using var context = await console.NewContextAsync(script: script);
        var page = await PageAsync(context);
        await page.GotoAsync($"/contacts?q={own}");
        await page.SelectOptionAsync("#whom", "all");
        await page.ClickAsync("button[value=Delete]");
        await Expect(page.Locator("#act .note.bad")).ToContainTextAsync("for good");
        await Expect(page.Locator("label[for=confirm]")).ToContainTextAsync("55");
        if (script) await AxeAsync(page);
        await page.FillAsync("#confirm", "54");
        await page.ClickAsync("#act button.danger");
        await Expect(page.Locator("#problems")).ToContainTextAsync("55 and not 54");
        await page.FillAsync("#confirm", "55");
        await page.ClickAsync("#act button.danger");

        await page.WaitForURLAsync("**/contacts/jobs/*");
        await ReloadUntilAsync(page, "Done");
        Assert.Equal("55", await page.Locator("#job .tile dd").First.InnerTextAsync());
        await page.GotoAsync($"/contacts?q={own}");
        await Expect(page.Locator(".empty")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Nobody_Picked_IsToldOnTheListAsItWas()
    {
        var own = await CreateAsync(1, "nobody");
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        await page.GotoAsync($"/contacts?q={own}");
        await page.ClickAsync("button[value=Block]");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("Nobody is picked");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Exports_OfContactsConsentAndSuppressions_AreDownloaded()
    {
        var own = await CreateAsync(2, "exported");
        await console.PostAsync("suppressions", new { kind = "email", value = $"{own}@example.com" });
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        foreach (var (act, header) in new[] { ("ExportContacts", "broadcasts.id,"), ("ExportConsents", "contact_id,"), ("ExportSuppressions", "kind,address,") })
        {
            await page.GotoAsync(act == "ExportSuppressions" ? $"/suppressions?q={own}" : $"/contacts?q={own}");
            if (act == "ExportSuppressions") await page.ClickAsync("#export-job");
            else
            {
                await page.SelectOptionAsync("#whom", "all");
                await page.ClickAsync($"button[value={act}]");
            }

            await page.ClickAsync("#act button.primary");
            await page.WaitForURLAsync("**/contacts/jobs/*");
            var file = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#download"));
            Assert.StartsWith(header, await File.ReadAllTextAsync(await file.PathAsync(), TestContext.Current.CancellationToken));
        }

        await AxeAsync(page);
    }

    [Fact]
    public async Task Viewer_AndEditor_SeeTheActsThatAreTheirs()
    {
        var own = await CreateAsync(1, "seen");
        foreach (var (role, acts, exports) in new[] { ("Viewer", 0, 403), ("Editor", 6, 403), ("Manager", 8, 200) })
        {
            await using var made = console.Command("user", "add", "--email", $"{role}.jobs@example.com", "--name", role, "--role", role);
            await made.AssertExitCodeAsync(0, TimeSpan.FromSeconds(60));
            await using var context = await console.NewContextAsync(signedIn: false);
            var page = await PageAsync(context);
            await page.GotoAsync(new Uri(made.StandardOutput[^1]).AbsolutePath);
            await page.ClickAsync("button.primary");
            await page.WaitForURLAsync("**/broadcasts");
            await page.GotoAsync($"/contacts?q={own}");
            await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
            await Expect(page.Locator("button[name=act]")).ToHaveCountAsync(acts);
            Assert.Equal(exports, (await page.GotoAsync($"/contacts/act?act=ExportContacts&whom=all&q={own}"))!.Status);
            Assert.Equal(acts > 0 ? 200 : 403, (await page.GotoAsync($"/contacts/act?act=Delete&whom=all&q={own}"))!.Status);
            Assert.Equal(200, (await page.GotoAsync("/contacts/jobs"))!.Status);
        }
    }

    private static async Task<IPage> PageAsync(IBrowserContext context)
    {
        context.SetDefaultTimeout(Patient);
        SetDefaultExpectTimeout(Patient);
        return await context.NewPageAsync();
    }

    private static async Task AxeAsync(IPage page) => Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));

    private static async Task ReloadUntilAsync(IPage page, string status)
    {
        while (!(await page.Locator("#job-status").InnerTextAsync()).Contains(status, StringComparison.Ordinal)) await page.ReloadAsync();
    }

    private async Task<string> CreateAsync(int count, string prefix)
    {
        var own = (prefix + Guid.NewGuid().ToString("N")[..8]).ToLowerInvariant();
        await console.PostAsync("contacts/batch", new { contacts = Enumerable.Range(0, count).Select(i => new { firstName = $"N{i}", addresses = new[] { new { kind = "email", value = $"{own}.{i}@example.com" } } }) });
        return own;
    }
}
