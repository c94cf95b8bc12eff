using System.Globalization;
using System.Text;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The columns of a file, said by a person in a real browser.</summary>
public sealed class ImportPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Columns_ChosenOnce_AreRefusedWhenDoubledAndOfferedAgain(bool script)
    {
        var tag = $"m{script}".ToLowerInvariant();
        await using var context = await console.NewContextAsync(script: script);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        // Latin letters in an old encoding.
        var file = Encoding.Latin1.GetBytes($"Correo;Nombre;Alias {tag};Puntos {tag}\n{tag}1@example.com;José;Pepe;12,5\n{tag}2@example.com;Ana;;x\n");
        await UploadAsync(page, $"{tag}.csv", file);

        await Expect(page.Locator("#encoding")).ToHaveValueAsync("windows-1252");
        await Expect(page.Locator("#columns-table")).ToContainTextAsync("José · Ana");
        await Expect(Meaning(page, 1)).ToHaveValueAsync("email");
        await Expect(Meaning(page, 3)).ToHaveValueAsync("new.text");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await page.SelectOptionAsync("#delimiter", ",");
        await page.ClickAsync("#reading button");
        await Expect(page.Locator("#columns-table tbody tr")).ToHaveCountAsync(1);
        await page.SelectOptionAsync("#delimiter", ";");
        await page.ClickAsync("#reading button");

        await Meaning(page, 3).SelectOptionAsync("first_name");
        await Meaning(page, 4).SelectOptionAsync("new.number");
        await page.FillAsync("#consent", "shop 2026");
        await page.ClickAsync("#columns button.primary");
        await Expect(page.Locator("#problems")).ToContainTextAsync($"'Nombre' and 'Alias {tag}' mean the same");
        await Expect(Meaning(page, 4)).ToHaveValueAsync("new.number");
        await Expect(page.Locator("#consent")).ToHaveValueAsync("shop 2026");
        await Meaning(page, 3).SelectOptionAsync("ignore");
        await page.ClickAsync("#columns button.primary");
        await CompletedAsync(page);
        Assert.Equal(["1", "0", "0", "0", "1"], await page.Locator(".tile dd").AllInnerTextsAsync());

        await page.ClickAsync("#run a");
        await Expect(Meaning(page, 4)).ToHaveValueAsync("new.number");
        await Meaning(page, 4).SelectOptionAsync("new.text");
        await page.ClickAsync("#columns button[value='false']");
        await CompletedAsync(page);
        Assert.Equal(["2", "0", "0", "0", "0"], await page.Locator(".tile dd").AllInnerTextsAsync());
        await Expect(page.Locator("#continue")).ToHaveCountAsync(0);

        await UploadAsync(page, $"{tag}-again.csv", file);
        await Expect(page.Locator("#remembered")).ToContainTextAsync($"Olga Owner set them for {tag}.csv");
        await Expect(Meaning(page, 3)).ToHaveValueAsync("ignore");
        await Expect(Meaning(page, 4)).ToHaveValueAsync($"fields.puntos_{tag}");
        await page.ClickAsync("#remembered a");
        await Expect(Meaning(page, 3)).ToHaveValueAsync("new.text");
        await page.ClickAsync("button[formaction*='Discard']");
        await Expect(page.Locator("body")).ToContainTextAsync($"{tag}-again.csv is deleted");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(console.Data, "uploads")));
    }

    [Fact]
    public async Task Columns_FiveThousand_AreOnePageAndOneOfThemIsChosen()
    {
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        var columns = Enumerable.Range(1, 5_000).ToList();
        await UploadAsync(page, "wide.csv", Encoding.UTF8.GetBytes($"{string.Join(',', columns.Select(i => $"Wide {i}"))}\n{string.Join(',', columns.Select(i => i == 4_321 ? "wide@example.com" : $"v{i}"))}\n"));

        await Expect(page.Locator("#columns-table tbody tr")).ToHaveCountAsync(5_000);
        await Expect(Meaning(page, 4_321)).ToHaveValueAsync("ignore");
        await Meaning(page, 4_321).FillAsync("email");
        await Meaning(page, 5_000).FillAsync("new.text");
        await page.FillAsync("#consent", "shop");
        await page.ClickAsync("#columns button[value='false']");
        await CompletedAsync(page);
        Assert.Equal(["1", "0", "0", "0", "0"], await page.Locator(".tile dd").AllInnerTextsAsync());
    }

    [Theory]
    [InlineData("/contacts/import")]
    [InlineData("/suppressions/import")]
    public async Task Upload_LargerThanTheLimit_NamesIt(string path)
    {
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync(path);
        await page.SetInputFilesAsync("#file", new FilePayload { Name = "large.csv", MimeType = "text/csv", Buffer = new byte[(ConsoleFixture.ImportMegabytes * 1024 * 1024) + 100_000] });
        await page.Locator("form[enctype] button").First.ClickAsync();
        await Expect(page.Locator("#problems")).ToContainTextAsync(string.Create(CultureInfo.InvariantCulture, $"larger than {ConsoleFixture.ImportMegabytes} MB"));
    }

    private static ILocator Meaning(IPage page, int column) => page.Locator($"#columns-table tbody tr:nth-child({column}) [name='Columns']");

    private static async Task UploadAsync(IPage page, string name, byte[] file)
    {
        await page.GotoAsync("/contacts/import");
        await page.SetInputFilesAsync("#file", new FilePayload { Name = name, MimeType = "text/csv", Buffer = file });
        await page.ClickAsync("form button.primary");
        await Expect(page.Locator("#columns-table")).ToBeVisibleAsync();
    }

    private static async Task CompletedAsync(IPage page)
    {
        await page.WaitForURLAsync("**/contacts/imports/*", new() { WaitUntil = WaitUntilState.Commit });
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start).TotalMilliseconds < Patient;)
        {
            if ((await page.Locator("#import-status").InnerTextAsync()).Contains("Completed", StringComparison.Ordinal)) return;
            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, TestContext.Current.CancellationToken);
            await page.ReloadAsync();
        }

        Assert.Fail($"{page.Url} does not end.");
    }
}
