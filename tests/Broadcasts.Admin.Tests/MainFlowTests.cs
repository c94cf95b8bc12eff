using System.Globalization;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The main job from the file of people to the report, in a browser against the built program. The same on both databases.</summary>
public abstract class MainFlow(ConsoleFixture console)
{
    private const int People = 40;
    private const float Patient = 60_000;

    [Theory, InlineData("en-GB", true), InlineData("es-ES", false)]
    public async Task Broadcast_ImportedSentPausedAndResumed_ReachesEachPersonOnce(string locale, bool script)
    {
        await using var context = await console.NewContextAsync(locale: locale, script: script);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        var name = $"Spring {locale}";
        var journal = console.File($"{locale}.journal");
        await ChannelAsync(page, name, journal);
        await ImportAsync(page, locale);

        await page.ClickAsync("a[href^='/broadcasts/new?import=']");
        await page.FillAsync("#name", name);
        await page.ClickAsync("form button.primary");
        await page.WaitForURLAsync("**/edit/channel");
        await page.CheckAsync($"role=radio[name=/{name}/]");
        await page.ClickAsync("button[value='go:content']");
        await page.ClickAsync("button[value='add:text']");
        await page.FillAsync("#part-0-text", "Hello {{ contact.first_name | fallback \"you\" }} of {{ contact.city }}");
        await page.ClickAsync("button[value='go:delivery']");
        await page.ClickAsync("button[value='go:send']");
        await page.WaitForURLAsync(url => url.Contains("/send", StringComparison.Ordinal));

        // The forecast: all of them match, all of them would get it, one message each.
        await Expect(page.Locator(".tile dd").First).ToHaveTextAsync($"{People}");
        await Expect(page.Locator(".tile dd").Nth(1)).ToContainTextAsync("100");
        await Expect(page.Locator(".tile dd").Nth(2)).ToHaveTextAsync($"{People}");
        await page.ClickAsync($"form[action$='handler=Start'] button:has-text('{People}')");
        await page.WaitForURLAsync(url => !url.Contains("/send", StringComparison.Ordinal));
        var sent = page.Locator("[data-count='sent']").First;
        await UntilAsync(page, script, async () => await sent.CountAsync() > 0 && Number(await sent.InnerTextAsync()) >= 3);
        await ActAsync(page, "pause");
        await UntilAsync(page, script, () => StatusAsync(page, locale == "en-GB" ? "Paused" : "En pausa"));
        // What was in flight is told; then nothing leaves.
        await page.ReloadAsync();
        var stopped = Number(await sent.InnerTextAsync());
        Assert.InRange(stopped, 3, People - 1);
        var taken = Taken(journal).Length;
        Assert.InRange(taken, stopped, People - 1);
        await page.ReloadAsync();
        Assert.Equal(taken, Taken(journal).Length);

        await ActAsync(page, "resume");
        await UntilAsync(page, script, () => StatusAsync(page, locale == "en-GB" ? "Completed" : "Completada"));
        await Expect(sent).ToHaveTextAsync(People.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(People, Taken(journal).Distinct().Count());
        Assert.Equal(People, Taken(journal).Length);

        await page.ClickAsync(".tabs a[href$='/recipients']");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(People);
        var file = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("a[download], a[href*='recipients.csv']"));
        Assert.Equal(People + 1, (await File.ReadAllLinesAsync(await file.PathAsync(), TestContext.Current.CancellationToken)).Length);
        await page.ClickAsync(".tabs a[href$='/activity']");
        await Expect(page.Locator("main")).ToContainTextAsync("Olga Owner");
    }

    private static async Task ChannelAsync(IPage page, string name, string journal)
    {
        await page.GotoAsync("/channels/new?transport=simulator");
        await page.FillAsync("#name", name);
        await page.SelectOptionAsync("[name$='addressKind']", "email");
        await page.EvaluateAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
        await page.FillAsync("[name$='journalFile']", journal);
        await page.UncheckAsync("[name$='receipts'][type='checkbox']");
        await page.ClickAsync("form button.primary");
        await page.WaitForURLAsync(url => !url.Contains("/new", StringComparison.Ordinal));
        await page.FillAsync("#rate-count", "10");
        await page.ClickAsync(".card-foot button.primary");
        await Expect(page.Locator("#rate-count")).ToHaveValueAsync("10");
    }

    // Three rows are wrong: one address twice, one that is none, and one line with too little in it.
    private async Task ImportAsync(IPage page, string locale)
    {
        var file = console.File($"{locale}.csv");
        var people = Enumerable.Range(0, People).Select(i => $"person{i}-{locale}@example.com,Person {i},Bilbao");
        await File.WriteAllLinesAsync(file, ["Email,First name,City", .. people, $"person1-{locale}@example.com,Again,Leeds", "nobody,Nobody,Nowhere", ",,"], TestContext.Current.CancellationToken);
        string[] tiles = [People.ToString(CultureInfo.InvariantCulture), "0", "0", "1", "2"];
        await page.GotoAsync("/contacts/import");
        await page.SetInputFilesAsync("#file", file);
        await page.ClickAsync("form button.primary");
        await page.WaitForURLAsync("**/contacts/import/*", new() { WaitUntil = WaitUntilState.Commit });
        await page.FillAsync("#consent", "shop 2026");
        await page.ClickAsync("#columns button.primary");
        await page.WaitForURLAsync("**/contacts/imports/*", new() { WaitUntil = WaitUntilState.Commit });
        await DoneAsync();
        var trial = page.Url;
        await UntilAsync(page, script: false, async () => await page.Locator("#run button").CountAsync() == 1);
        await page.ClickAsync("#run button");
        // What it shows is waited for below. A wait for its load event timed out once, although the page was there.
        await page.WaitForURLAsync(url => url.Contains("/contacts/imports/", StringComparison.Ordinal) && url != trial, new() { WaitUntil = WaitUntilState.Commit });
        await DoneAsync();
        await Expect(page.Locator("tbody")).ToContainTextAsync("nobody");

        async Task DoneAsync()
        {
            await UntilAsync(page, script: false, async () => (await page.Locator("#import-status").InnerTextAsync()).Contains(locale == "en-GB" ? "Completed" : "Completada", StringComparison.Ordinal));
            Assert.Equal(tiles, await page.Locator(".tile dd").AllInnerTextsAsync());
        }
    }

    private static Task ActAsync(IPage page, string what) => page.ClickAsync($".head-actions form:has(input[value='{what}']) button");

    private static async Task<bool> StatusAsync(IPage page, string status) => (await page.Locator("#head-facts .status").InnerTextAsync()).Contains(status, StringComparison.Ordinal);

    private static int Number(string text) => int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    private static string[] Taken(string journal) => File.Exists(journal) ? [.. File.ReadAllLines(journal).Select(line => line.Split(' ', ',', '\t')[0])] : [];

    // Without script a page does not follow by itself: it is loaded again, as a person would.
    private static async Task UntilAsync(IPage page, bool script, Func<Task<bool>> fits)
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start).TotalMilliseconds < Patient;)
        {
            if (await fits()) return;
            await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, TestContext.Current.CancellationToken);
            if (!script) await page.ReloadAsync();
        }

        Assert.Fail($"{page.Url} still says: {await page.Locator("main").InnerTextAsync()}");
    }
}

/// <inheritdoc/>
public sealed class MainFlowOnSqliteTests(ConsoleFixture console) : MainFlow(console), IClassFixture<ConsoleFixture>;

/// <inheritdoc/>
public sealed class MainFlowOnPostgresTests(PostgresConsoleFixture console) : MainFlow(console), IClassFixture<PostgresConsoleFixture>;
