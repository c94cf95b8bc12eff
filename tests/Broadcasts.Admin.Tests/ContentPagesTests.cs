using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>What a broadcast says: in several languages, in the order that somebody drags it to, shown and tried as its readers get it.</summary>
public sealed class ContentPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Preview_AsAContact_IsOverTheChannelAndInTheLanguageThatOneChooses(bool script)
    {
        var name = $"Nadia{(script ? "Live" : "Plain")}";
        var contact = await ContactAsync(name, "es");
        var (id, second) = await MakeAsync([Text("Hello {{ contact.first_name }} on {{ channel.name }}")], [Text("Hola {{ contact.first_name }} por {{ channel.name }}")]);
        await using var context = await NewContextAsync(script: script);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await Expect(page.Locator("#look")).ToContainTextAsync("Hola Laura");

        await page.FillAsync("#as", name);
        await ShowAsync(page, script);
        await Expect(page.Locator("#look")).ToContainTextAsync($"Hola {name}");
        await Expect(page.Locator("#look")).ToContainTextAsync($"{contact}@example.com");
        await Expect(page.Locator("#look")).Not.ToContainTextAsync("Hello");

        await page.SelectOptionAsync("#in", "en");
        await page.SelectOptionAsync("#over", new SelectOptionValue { Index = 1 });
        await ShowAsync(page, script);
        await Expect(page.Locator("#look")).ToContainTextAsync($"Hello {name} on {second}");

        await page.FillAsync("#as", "nobody has this name");
        await ShowAsync(page, script);
        await Expect(page.Locator("#look")).ToContainTextAsync("nobody has this name");
        await Expect(page.Locator("#look .bubble")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Preview_OfAnEmail_ShowsItsHtmlWithTheContactsValues()
    {
        var contact = await ContactAsync("Hedwig", "en");
        var (id, _) = await MakeAsync([new { type = "email", subject = "To {{ contact.first_name }}", html = "<p>Dear <b>{{ contact.first_name }}</b></p><script>parent.document.title = 'hacked'</script>" }], null);
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content?as={contact}@example.com");

        await Expect(page.FrameLocator("#look iframe").Locator("b")).ToHaveTextAsync("Hedwig");
        await Expect(page).Not.ToHaveTitleAsync("hacked");
    }

    [Theory, InlineData("en-GB"), InlineData("es-ES")]
    public async Task Language_AddedBesideTheFirst_IsWrittenSavedAndTakenAway(string locale)
    {
        var (id, _) = await MakeAsync([Text("Hello"), Text("Bye")], null);
        await using var context = await NewContextAsync(locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await page.FillAsync("#new-language", locale == "en-GB" ? "es" : "en");
        await page.ClickAsync("button[value='language']");
        await Expect(page.Locator("#l1-part-1-text")).ToHaveValueAsync("Bye");

        await page.FillAsync("#l1-part-1-text", "");
        await Expect(page.Locator("#l1-at-parts-1 .problem")).ToHaveCountAsync(1);
        await Expect(page.Locator("#stepper li.faulty a[aria-current]")).ToHaveCountAsync(1);
        await Expect(page.Locator("#saved")).ToContainTextAsync(":");
        await page.FillAsync("#l1-part-1-text", "Another farewell");
        await Expect(page.Locator("#look")).ToContainTextAsync("Another farewell");
        await page.ReloadAsync();
        await Expect(page.Locator("#l1-part-1-text")).ToHaveValueAsync("Another farewell");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await ConsoleFixture.PictureAsync(page, $"content-languages-{locale}");

        await page.FillAsync("#code-1", "no language");
        await Expect(page.Locator("#at-language-1 .problem")).ToHaveCountAsync(1);
        await page.ClickAsync("button[value='drop:1']");
        await Expect(page.Locator("#l1-part-0-text")).ToHaveCountAsync(0);
        await Expect(page.Locator("#part-1-text")).ToHaveValueAsync("Bye");
    }

    [Fact]
    public async Task Language_WithoutScript_IsAddedMadeFirstAndMovedWithTheOther()
    {
        var (id, _) = await MakeAsync([Text("One"), Text("Two")], null);
        await using var context = await NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await page.FillAsync("#new-language", "es");
        await page.ClickAsync("button[value='language']");
        await page.FillAsync("#l1-part-0-text", "Uno");
        await page.FillAsync("#l1-part-1-text", "Dos");
        await page.ClickAsync("button[value='first:1']");
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Uno");
        await Expect(page.Locator("#l1-part-0-text")).ToHaveValueAsync("One");

        await page.ClickAsync("button[value='down:0']");

        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Dos");
        await Expect(page.Locator("#l1-part-0-text")).ToHaveValueAsync("Two");
    }

    [Fact]
    public async Task Part_DraggedByItsGrip_IsWhereItWasDroppedAndSaysSo()
    {
        var (id, _) = await MakeAsync([Text("One"), Text("Two"), Text("Three")], null);
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        var (from, to) = (await page.Locator("#part-0 [data-grip]").BoundingBoxAsync(), await page.Locator("#part-2").BoundingBoxAsync());
        await page.Mouse.MoveAsync(from!.X + 4, from.Y + 4);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(from.X + 4, to!.Y + 40, new() { Steps = 5 });
        await Expect(page.Locator("#part-2.drop-after")).ToHaveCountAsync(1);
        await page.Mouse.UpAsync();

        await Expect(page.Locator("#parts [role='status']")).ToHaveTextAsync("Part 1 is part 3 now.");
        await Expect(page.Locator("#part-2-text")).ToHaveValueAsync("One");
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Two");
        await page.FocusAsync("#part-2-up");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#parts [role='status']")).ToHaveTextAsync("Part 3 is part 2 now.");
        await Expect(page.Locator("#part-1-up")).ToBeFocusedAsync();
        await Expect(page.Locator("#part-1-text")).ToHaveValueAsync("One");
    }

    [Fact]
    public async Task Test_InNoChosenLanguage_IsTheOneThatTheContactGets()
    {
        var contact = await ContactAsync("Tester", "es");
        var (id, _) = await MakeAsync([Text("Hello")], [Text("Hola {{ contact.last_name }}")]);
        await using var context = await NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/send");
        await page.FillAsync("#address", $"{contact}@example.com");
        await page.ClickAsync("form[action$='handler=Test'] button");
        await Expect(page.Locator("main .flash")).ToContainTextAsync("contact.last_name");

        await page.FillAsync("#address", $"{contact}@example.com");
        await page.SelectOptionAsync("#language", "en");
        await page.ClickAsync("form[action$='handler=Test'] button");
        await Expect(page.Locator("main .flash")).ToContainTextAsync("Test sent");
    }

    private static Task ShowAsync(IPage page, bool script) => script ? Task.CompletedTask : page.ClickAsync("#look-as");

    private static object Text(string text) => new { type = "text", text };

    private async Task<IBrowserContext> NewContextAsync(string locale = "en-GB", bool script = true)
    {
        var context = await console.NewContextAsync(locale: locale, script: script);
        context.SetDefaultTimeout(Patient);
        return context;
    }

    // The local part of its address.
    private async Task<string> ContactAsync(string name, string language)
    {
        var address = $"{Guid.NewGuid():N}";
        await console.PostAsync("contacts", new { firstName = name, language, addresses = new[] { new { kind = "email", value = $"{address}@example.com" } } });
        return address;
    }

    // A draft to Ann over two channels; the name of the second.
    private async Task<(long Id, string Second)> MakeAsync(object[] parts, object[]? spanish)
    {
        var channels = new List<System.Text.Json.JsonElement>();
        for (var i = 0; i < 2; i++)
            channels.Add(await console.PostAsync("channels", new { name = $"{Guid.NewGuid():N}", transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } }));
        var contact = await console.PostAsync("contacts", new { firstName = "Ann", lastName = "Lee", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } });
        var broadcast = await console.PostAsync("broadcasts", new
        {
            name = "Said",
            lastInteracted = channels.Select(c => c.GetProperty("id").GetInt64()),
            contactIds = new[] { contact.GetProperty("id").GetInt64() },
            parts,
            language = spanish is null ? null : "en",
            variants = spanish is null ? null : new[] { new { language = "es", parts = spanish } },
        });
        return (broadcast.GetProperty("id").GetInt64(), channels[1].GetProperty("name").GetString()!);
    }
}
