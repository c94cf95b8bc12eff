using System.Globalization;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The suppression list as people use it.</summary>
public sealed class SuppressionPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Address_AddedFilteredAndTakenOff_IsSaid(bool script)
    {
        await using var context = await console.NewContextAsync(script: script);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        var address = $"ana.{script}@example.com".ToLowerInvariant();
        await page.GotoAsync("/contacts");
        await page.ClickAsync(".head-actions summary");
        await page.ClickAsync("a[href='/suppressions']");
        await AddAsync(page, $"Ana.{script}@Example.com");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync(address);
        await AddAsync(page, address);
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("already");
        await AddAsync(page, "nobody");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("has an @");

        await page.GotoAsync($"/suppressions?q={address}&kind=Email&reason=Manual");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("tbody tr")).ToContainTextAsync("Olga Owner");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await page.ClickAsync("tbody summary");
        await page.ClickAsync("tbody button.danger");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("can be written to again");
        await Expect(page.Locator(".empty")).ToContainTextAsync("Nobody matches");
        await Expect(page.Locator("#export")).ToHaveCountAsync(0);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task List_Imported_ShowsWhatWasNotTaken_AndIsTakenOffByItsPersonsWordAlone(bool script)
    {
        await using var context = await console.NewContextAsync(script: script, locale: script ? "en-GB" : "es-ES");
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        var file = console.File($"list {script}.csv");
        var lines = Enumerable.Range(10, 60).Select(i => $"{i}.list.{script}@example.com").Append("no address").Append($"10.list.{script}@example.com");
        await File.WriteAllLinesAsync(file, lines, TestContext.Current.CancellationToken);

        await page.GotoAsync("/suppressions");
        await page.SetInputFilesAsync("#file", file);
        await page.ClickAsync("#list button");
        await page.WaitForURLAsync("**/suppressions/import", new() { WaitUntil = WaitUntilState.Commit });
        await Expect(page.Locator("#result h2")).ToHaveTextAsync($"list {script}.csv");
        Assert.Equal(["60", "1", "1"], await page.Locator("#result dd").AllInnerTextsAsync());
        await Expect(page.Locator("#errors tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#errors tbody")).ToContainTextAsync("no address");
        await Expect(page.Locator("#errors tbody")).ToContainTextAsync(script ? "has an @" : "@");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));

        await page.GotoAsync($"/suppressions?q=list.{script}&reason=Imported");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await Expect(page.Locator("#export")).ToHaveAttributeAsync("href", $"/api/v1/suppressions/export?bom=true&search=list.{script}&reason=Imported");
        await page.ClickAsync("a[rel=next]");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(10);
        await page.ClickAsync("tbody tr:last-child summary");
        await Expect(page.Locator("tbody tr:last-child .menu-title")).ToContainTextAsync(script ? "may have opted out" : "se haya dado de baja");
        // What the browser asks for, the service asks for too.
        await page.Locator("tbody tr:last-child form").EvaluateAsync("form => form.noValidate = true");
        await page.ClickAsync("tbody tr:last-child button.danger");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync(script ? "Not removed" : "No se ha quitado");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(10);
        await page.ClickAsync("tbody tr:last-child summary");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await page.CheckAsync("tbody tr:last-child input[name=sure]");
        await page.ClickAsync("tbody tr:last-child button.danger");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync($"69.list.{script}@example.com".ToLowerInvariant());
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(9);
    }

    [Fact]
    public async Task Import_WithoutAFileOrOfAPicture_SaysWhatIsWrong()
    {
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        var file = console.File("picture.csv");
        await File.WriteAllBytesAsync(file, [0x89, 0x50, 0x4E, 0x47, 1, 2, 3, 4], TestContext.Current.CancellationToken);

        await page.GotoAsync("/suppressions/import");
        await page.SetInputFilesAsync("#file", file);
        await page.SelectOptionAsync("#list-kind", "Phone");
        await page.ClickAsync("#list button");

        await Expect(page.Locator("#problems")).ToContainTextAsync("a picture");
        await Expect(page.Locator("#list-kind")).ToHaveValueAsync("Phone");
        await Expect(page.Locator("#result")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Viewer_SeesTheListAndChangesNothing()
    {
        await console.PostAsync("suppressions", new { kind = "email", value = "seen@example.com" });
        await using var made = console.Command("user", "add", "--email", "viewer.list@example.com", "--name", "Vera Viewer", "--role", "Viewer");
        await made.AssertExitCodeAsync(0, TimeSpan.FromSeconds(60));
        await using var context = await console.NewContextAsync(signedIn: false);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(made.StandardOutput[^1]).AbsolutePath);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/broadcasts");

        await page.GotoAsync("/suppressions?q=seen@example.com");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#add, #list, #export, tbody form")).ToHaveCountAsync(0);
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        Assert.Equal(403, (await page.GotoAsync("/suppressions/import"))!.Status);
        var token = await page.Locator("input[name=__RequestVerificationToken]").First.GetAttributeAsync("value");
        foreach (var handler in (string[])["Add", "Remove"])
        {
            var form = context.APIRequest.CreateFormData();
            form.Set("__RequestVerificationToken", token!);
            form.Set("kind", "Email");
            form.Set("value", "seen@example.com");
            form.Set("channel", 0.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(403, (await context.APIRequest.PostAsync($"/suppressions?handler={handler}", new() { Form = form })).Status);
        }
    }

    private static async Task AddAsync(IPage page, string address)
    {
        await page.FillAsync("#add-value", address);
        await page.ClickAsync("#add button");
    }
}
