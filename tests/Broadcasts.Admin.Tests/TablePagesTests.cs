using System.Globalization;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The table of broadcasts: its columns, filters, saved views, and acts on many.</summary>
public sealed class TablePagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 30_000;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Filters_OfTheMenu_AreInTheAddressAndComeOffOneByOne(bool script)
    {
        var label = $"filters {script}";
        await DraftAsync($"Found {script}", label);
        await DraftAsync($"Other {script}");
        await using var context = await console.NewContextAsync(script: script);
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts");
        await page.ClickAsync("#more-filters > summary");
        await page.FillAsync("#f-from", "2020-01-02");
        await page.FillAsync("#f-to", "2099-01-02");
        await page.ClickAsync("#more-filters button.primary");
        await Expect(page).ToHaveURLAsync(new Regex("from=2020-01-02&to=2099-01-02"));
        await page.SelectOptionAsync("select[name=label]", label);
        if (!script) await page.ClickAsync(".filters > button");

        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page.Locator("#filters .chip")).ToHaveCountAsync(3);
        if (script) await AxeAsync(page);
        await page.ClickAsync($"#filters a[aria-label*='{label}']");
        await Expect(page.Locator("#filters .chip")).ToHaveCountAsync(2);
        await Expect(page.Locator("tbody tr", new() { HasText = $"Other {script}" })).ToHaveCountAsync(1);
        await page.ClickAsync("#clear-filters");
        await Expect(page).ToHaveURLAsync(new Regex("/broadcasts$"));
        await page.GotoAsync("/broadcasts?outcome=failed");
        await Expect(page.Locator(".empty h2")).ToHaveTextAsync("No broadcast matches");
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Columns_ThatSomebodyChose_AreThereTheNextTimeToo(bool script)
    {
        await DraftAsync($"Columns {script}");
        await using var context = await console.NewContextAsync(script: script, locale: script ? "en-GB" : "es-ES");
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts?sort=name");
        await page.ClickAsync("#columns > summary");
        foreach (var column in (string[])["progress", "delivered", "failed", "createdBy", "finish", "approval"]) await page.CheckAsync($"#columns input[value={column}]");
        await page.UncheckAsync("#columns input[value=segment]");
        if (script) await AxeAsync(page);
        await page.ClickAsync("#columns button.primary");

        await Expect(page).ToHaveURLAsync(new Regex("/broadcasts\\?sort=name$"));
        var heads = await page.Locator("thead th").AllInnerTextsAsync();
        Assert.Contains(script ? "Approval" : "Aprobación", heads);
        Assert.DoesNotContain(script ? "Segment" : "Segmento", heads);
        await page.GotoAsync("/broadcasts?sort=-delivered");
        await Expect(page.Locator("th[aria-sort=descending]")).ToHaveTextAsync(script ? "Delivered" : "Entregados");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync(script ? "API key" : "Clave de API");
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await page.Locator("tbody summary").First.ClickAsync();
        await Expect(page.Locator("tbody .menu[open] .menu-item").First).ToBeInViewportAsync(new() { Ratio = 1 });
        await ConsoleFixture.PictureAsync(page, $"table-columns-{script}");
        await page.ClickAsync("h1");
        await page.ClickAsync("#columns > summary");
        await page.ClickAsync("#columns button.plain");
        await Expect(page.Locator("thead th")).ToHaveCountAsync(10);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Views_SavedRenamedAndDeleted_AreTheirOwners(bool script)
    {
        await using var context = await console.NewContextAsync(script: script, locale: script ? "en-GB" : "es-ES");
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts?status=draft&q=View");
        await page.ClickAsync("#save-view > summary");
        await page.FillAsync("#view-name", $"My <drafts> {script}");
        await page.ClickAsync("#save-view button.primary");
        await Expect(page.Locator("#own-views [aria-current]")).ToHaveTextAsync($"My <drafts> {script}");
        await page.GotoAsync("/broadcasts");
        await page.ClickAsync($"#own-views >> text=My <drafts> {script}");
        await Expect(page).ToHaveURLAsync(new Regex("status=draft&q=View"));

        await page.GotoAsync("/broadcasts/views");
        if (script) await AxeAsync(page);
        var line = page.Locator($"li:has(input[value='My <drafts> {script}'])");
        await line.Locator("input[name=name]").FillAsync($"Renamed {script}");
        await line.Locator("form >> nth=0 >> button").ClickAsync();
        await Expect(page.Locator(".note.good")).ToBeVisibleAsync();
        await ConsoleFixture.PictureAsync(page, $"table-views-{script}");
        await page.Locator($"li:has(input[value='Renamed {script}']) button.danger").ClickAsync();
        await Expect(page.Locator($"input[value='Renamed {script}']")).ToHaveCountAsync(0);
    }

    [Theory, InlineData(true, "en-GB"), InlineData(false, "es-ES")]
    public async Task Bulk_OfMixedBroadcasts_DoesWhatIsLegalAndSaysWhyNotTheRest(bool script, string locale)
    {
        var own = $"bulk{script}";
        var ids = new[] { await DraftAsync($"{own} draft"), await CancelledAsync($"{own} over A"), await CancelledAsync($"{own} over B") };
        await using var context = await console.NewContextAsync(script: script, locale: locale);
        var page = await PageAsync(context);
        await page.GotoAsync($"/broadcasts?q={own}");
        await Expect(page.Locator("#bulk")).ToBeHiddenAsync();
        if (script)
        {
            await page.CheckAsync("#pick-all");
            await Expect(page.Locator("#picked")).ToHaveTextAsync("3 ticked");
            await AxeAsync(page);
        }
        else
        {
            await Expect(page.Locator("#pick-all")).ToBeHiddenAsync();
            foreach (var id in ids) await page.CheckAsync($"#pick-{id}");
        }

        await ConsoleFixture.PictureAsync(page, $"table-bulk-{locale}");
        await page.ClickAsync("#bulk button[value=archive]");
        await Expect(page.Locator("#legal li")).ToHaveCountAsync(2);
        await Expect(page.Locator("#skipped")).ToContainTextAsync($"{own} draft");
        await AxeAsync(page, script);
        await ConsoleFixture.PictureAsync(page, $"table-bulk-ask-{locale}");
        await page.ClickAsync("#act button.primary");

        await Expect(page.Locator(".note.good")).ToContainTextAsync(script ? $"2 archived. 1 not: {own} draft – Not while it is: Draft." : $"2 archivadas. 1 no: {own} draft");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await page.GotoAsync($"/broadcasts?q={own}&view=archived");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(2);
    }

    [Fact]
    public async Task Bulk_PostedTwice_IsDoneOnceAndToldTwice()
    {
        var id = await DraftAsync("Twice");
        await using var context = await console.NewContextAsync(script: false);
        var page = await PageAsync(context);
        await page.GotoAsync($"/broadcasts/act?what=delete&id={id}&to=/broadcasts?q=Twice");
        var form = context.APIRequest.CreateFormData();
        foreach (var input in await page.Locator("#act input[type=hidden]").AllAsync()) form.Append(await input.GetAttributeAsync("name") ?? "", await input.InputValueAsync());
        await page.ClickAsync("#act button.primary");
        await Expect(page.Locator(".note.good")).ToHaveTextAsync("1 deleted.");
        var again = await context.APIRequest.PostAsync("/broadcasts/act", new() { Form = form });
        Assert.Contains("1 deleted.", await again.TextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bulk_Labels_AreAddedRenamedEverywhereAndTakenOff()
    {
        var ids = new[] { await DraftAsync("Labelled A", "old"), await CancelledAsync("Labelled B") };
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts?q=Labelled&sort=name");
        foreach (var id in ids) await page.CheckAsync($"#pick-{id}");
        await page.ClickAsync("#bulk button[value=label]");
        await page.FillAsync("#label", "bulk spring");
        await page.ClickAsync("#act button.primary");
        await Expect(page.Locator("tbody .chip", new() { HasText = "bulk spring" })).ToHaveCountAsync(2);

        await page.GotoAsync("/broadcasts/labels");
        await AxeAsync(page);
        await ConsoleFixture.PictureAsync(page, "table-labels");
        var line = page.Locator("li:has(input[value='old'])");
        await line.Locator("input[name=name]").FillAsync("bulk spring");
        await line.Locator("form.row button").ClickAsync();
        await Expect(page.Locator("li:has(input[value='bulk spring'])")).ToContainTextAsync("2 broadcasts");
        await page.GotoAsync($"/broadcasts/act?what=unlabel&id={ids[0]}&to=/broadcasts?label=bulk%20spring");
        await page.SelectOptionAsync("#label", "bulk spring");
        await page.ClickAsync("#act button.primary");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Rows_ThatChangeWhileTheyAreTicked_StayTickedAndWhereTheyAre()
    {
        var id = await RunningAsync("Live row");
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts?q=Live row");
        await page.CheckAsync($"#pick-{id}");
        await page.EvaluateAsync("document.body.style.minHeight = '3000px'; scrollTo(0, 40)");
        await console.PostAsync($"broadcasts/{id}/pause");

        await Expect(page.Locator($"#b{id} .status")).ToHaveTextAsync("Paused", new() { Timeout = Patient });
        await Expect(page.Locator($"#pick-{id}")).ToBeCheckedAsync();
        await Expect(page.Locator($"#pick-{id}")).ToBeFocusedAsync();
        await Expect(page.Locator("#picked")).ToHaveTextAsync("1 ticked");
        Assert.Equal(40, await page.EvaluateAsync<int>("scrollY"));
        await console.PostAsync($"broadcasts/{id}/cancel");
    }

    [Theory, InlineData("en-GB", "The numbers are from"), InlineData("es-ES", "Los datos son de las")]
    public async Task Connection_Lost_SaysFromWhenTheDataIsUntilItIsBack(string locale, string said)
    {
        var id = await RunningAsync($"Offline {locale}");
        await using var context = await console.NewContextAsync(locale: locale);
        var page = await PageAsync(context);
        await page.GotoAsync($"/broadcasts?q=Offline {locale}");
        await Expect(page.Locator("#stale")).ToBeHiddenAsync();
        await context.SetOfflineAsync(true);
        await Expect(page.Locator("#stale")).ToContainTextAsync(new Regex($"{said}.*\\d\\d?:\\d\\d", RegexOptions.None), new() { Timeout = Patient });
        await ConsoleFixture.PictureAsync(page, $"table-offline-{locale}");
        await context.SetOfflineAsync(false);
        await Expect(page.Locator("#stale")).ToBeHiddenAsync(new() { Timeout = Patient });
        await console.PostAsync($"broadcasts/{id}/cancel");
    }

    [Theory]
    [InlineData("/broadcasts?p=-5"), InlineData("/broadcasts?p=NaN"), InlineData("/broadcasts?p=99999999999999999999"), InlineData("/broadcasts?sort=-nothing"), InlineData("/broadcasts?sort=99"), InlineData("/broadcasts?channel=NaN&segment=1e9")]
    [InlineData("/broadcasts?from=0001-01-01&to=9999-12-31"), InlineData("/broadcasts?from=NaN&to=%00"), InlineData("/broadcasts?outcome=99&status=-1&view=x"), InlineData("/broadcasts?by=%27%3B--&label=%22%3E%3Cscript%3E"), InlineData("/broadcasts?q=%25_%5C%00")]
    public async Task Address_Hostile_IsAnsweredByTheTable(string address)
    {
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        Assert.Equal(200, (await page.GotoAsync(address))!.Status);
        await Expect(page.Locator("h1")).ToHaveTextAsync("Broadcasts");
        await DraftAsync("There is one");
        await page.GotoAsync("/broadcasts?p=4000");
        Assert.InRange(await page.Locator("tbody tr").CountAsync(), 1, 50);
        Assert.Equal(200, (await page.GotoAsync($"/broadcasts?q={new string('x', 6000)}"))!.Status);
    }

    [Fact]
    public async Task Bulk_OfNobodyOthersOrTooMany_IsRefusedInWords()
    {
        var id = await DraftAsync("Alone");
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        Assert.Equal(404, (await page.GotoAsync($"/broadcasts/act?what=explode&id={id}"))!.Status);
        await page.GotoAsync("/broadcasts/act?what=archive&id=NaN");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("No broadcast is ticked");
        await page.GotoAsync($"/broadcasts/act?what=delete&{string.Join('&', Enumerable.Range(1, 201).Select(i => $"id={i}"))}");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("At most 200");
        await page.GotoAsync($"/broadcasts/act?what=delete&id={id}&id=999999999&id=-3&to=https://evil.example/");
        await Expect(page.Locator("#skipped li")).ToHaveCountAsync(2);
        await page.ClickAsync("#act button.primary");
        await Expect(page).ToHaveURLAsync(new Regex("^http://127.0.0.1:\\d+/broadcasts$"));
        await Expect(page.Locator(".note.good")).ToContainTextAsync("1 deleted. 2 not: 999999999");
    }

    [Fact]
    public async Task Viewer_MayKeepViewsAndColumnsButTickNothing()
    {
        await using var made = console.Command("user", "add", "--email", "table-viewer@example.com", "--name", "Vito", "--role", "Viewer");
        await made.AssertExitCodeAsync(0, TimeSpan.FromSeconds(60));
        await DraftAsync("Seen by Vito");
        await using var context = await console.NewContextAsync(signedIn: false);
        var page = await PageAsync(context);
        await page.GotoAsync(new Uri(made.StandardOutput[^1]).AbsolutePath);
        await page.ClickAsync("button.primary");
        await page.WaitForURLAsync("**/broadcasts");
        await Expect(page.Locator("tbody tr", new() { HasText = "Seen by Vito" })).ToHaveCountAsync(1);
        await Expect(page.Locator("[data-pick], #export, #own-views")).ToHaveCountAsync(0);
        await page.ClickAsync("#columns > summary");
        await page.UncheckAsync("#columns input[value=labels]");
        await page.ClickAsync("#columns button.primary");
        await Expect(page.Locator("th", new() { HasText = "Labels" })).ToHaveCountAsync(0);
        Assert.Equal(403, (await page.GotoAsync("/broadcasts/act?what=archive&id=1"))!.Status);
        await page.GotoAsync("/broadcasts/labels");
        await Expect(page.Locator("main form")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Export_OfTheFilteredList_IsAFileWithItsColumns()
    {
        await DraftAsync("=cmd|'/c calc'!A1", "export");
        await using var context = await console.NewContextAsync();
        var page = await PageAsync(context);
        await page.GotoAsync("/broadcasts?label=export");
        var download = await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#export"));
        var lines = await File.ReadAllLinesAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
        Assert.Equal("id,status,broadcast_time,name,labels,channel,segment,recipients,total_messages", lines[0].TrimStart('\uFEFF'));
        Assert.Contains("draft,,\"'=cmd|'/c calc'!A1\",export,,none,,", Assert.Single(lines[1..]), StringComparison.Ordinal);
    }

    [Theory, InlineData("en-GB", ColorScheme.Light, 1280), InlineData("es-ES", ColorScheme.Dark, 390)]
    public async Task Table_InBothLanguagesAndSizes_LooksAsItShould(string locale, ColorScheme scheme, int width)
    {
        var id = await RunningAsync($"Autumn news {locale}");
        await CancelledAsync($"Summer sale {locale}");
        await DraftAsync($"A draft of {locale}", "vip", "spring", "news");
        await using var context = await console.NewContextAsync(locale: locale, scheme: scheme, width: width);
        var page = await PageAsync(context);
        await page.GotoAsync($"/broadcasts?q={locale}&from=2020-02-03");
        await page.CheckAsync($"#pick-{id}");
        await AxeAsync(page);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await ConsoleFixture.PictureAsync(page, $"table-{locale}-{width}");
        await page.UncheckAsync($"#pick-{id}");
        await page.ClickAsync("#more-filters > summary");
        await AxeAsync(page);
        await ConsoleFixture.PictureAsync(page, $"table-filters-{locale}-{width}");
        await console.PostAsync($"broadcasts/{id}/cancel");
    }

    private static async Task<IPage> PageAsync(IBrowserContext context)
    {
        context.SetDefaultTimeout(Patient);
        return await context.NewPageAsync();
    }

    private static async Task AxeAsync(IPage page, bool applies = true)
    {
        if (applies) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
    }

    private async Task<long> DraftAsync(string name, params string[] labels) => (await console.PostAsync("broadcasts", new { name, labels })).GetProperty("id").GetInt64();

    private async Task<long> RunningAsync(string name)
    {
        var channel = (await console.PostAsync("channels", new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } })).GetProperty("id").GetInt64();
        var contacts = new List<long>();
        for (var i = 0; i < 5; i++)
            contacts.Add((await console.PostAsync("contacts", new { firstName = "Ann", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } })).GetProperty("id").GetInt64());
        var id = (await console.PostAsync("broadcasts", new { name, channelId = channel, contactIds = contacts, parts = new[] { new { type = "email", subject = "Hi", text = "Hello" } }, sendRate = new { count = 1, per = "hour" } })).GetProperty("id").GetInt64();
        await console.PostAsync($"broadcasts/{id}/send");
        return id;
    }

    private async Task<long> CancelledAsync(string name)
    {
        var id = await RunningAsync(name);
        await console.PostAsync(string.Create(CultureInfo.InvariantCulture, $"broadcasts/{id}/cancel"));
        return id;
    }
}
