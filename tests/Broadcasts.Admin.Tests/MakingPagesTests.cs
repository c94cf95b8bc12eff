using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>A broadcast is made in five steps that save themselves.</summary>
public sealed class MakingPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData("en-GB", "Saved at", "5 steps"), InlineData("es-ES", "Guardado a las", "5 pasos")]
    public async Task Step_WhatIsTyped_IsSavedWithoutAButton(string locale, string saved, string name)
    {
        var id = await MakeAsync(name);
        await using var context = await NewContextAsync(locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");

        await page.RunAndWaitForResponseAsync(() => page.FillAsync("#part-0-text", "Changed {{ contact.frist_name }}"), r => r.Request.Method == "GET" && r.Url.EndsWith("/content", StringComparison.Ordinal));

        await Expect(page.Locator("#saved")).ToContainTextAsync(saved);
        await Expect(page.Locator("#at-parts-0")).ToBeVisibleAsync();
        await Expect(page.Locator("#stepper li.faulty a[aria-current]")).ToHaveCountAsync(1);
        await Expect(page.Locator("#look")).ToContainTextAsync("Changed");
        await page.ReloadAsync();
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Changed {{ contact.frist_name }}");
        await ConsoleFixture.PictureAsync(page, $"wizard-content-{locale}");
    }

    [Fact]
    public async Task Steps_WithoutScript_AreGoneThroughToTheEnd()
    {
        var id = await MakeAsync("No script", parts: false);
        await using var context = await NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/edit/content$"));
        await page.ClickAsync("button[value='add:text']");
        await page.FillAsync("#part-0-text", "First");
        await page.ClickAsync("button[value='add:text']");
        await page.FillAsync("#part-1-text", "Second");
        await page.ClickAsync("button[value='up:1']");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("#part-0-down$"));
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Second");
        await page.ClickAsync("button[value='go:delivery']");
        await page.CheckAsync("#p-rate");
        await page.FillAsync("[name='Input.Rate.Count']", "0");
        await page.ClickAsync("button[value='go:send']");
        await Expect(page.Locator("#at-sendRate")).ToBeVisibleAsync();
        await page.FillAsync("[name='Input.Rate.Count']", "100");
        await page.ClickAsync("button[value='go:send']");
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/send$"));
        await Expect(page.Locator("form[action$='handler=Start'] button")).ToBeEnabledAsync();
    }

    [Fact]
    public async Task TwoTabs_TheLaterSave_IsToldAndEitherIsKept()
    {
        var id = await MakeAsync("Two tabs");
        await using var context = await NewContextAsync(script: false);
        var (mine, other) = (await context.NewPageAsync(), await context.NewPageAsync());
        await mine.GotoAsync($"/broadcasts/{id}/edit/content");
        await other.GotoAsync($"/broadcasts/{id}/edit/content");
        await SaveTextAsync(other, "From the other tab");

        await SaveTextAsync(mine, "From this tab");

        await Expect(mine.Locator("#theirs")).ToContainTextAsync("From the other tab");
        await Expect(mine.Locator("#theirs")).ToContainTextAsync("From this tab");
        await mine.ClickAsync("button[value='save']");
        await Expect(mine.Locator("#theirs")).ToHaveCountAsync(1);
        await other.ReloadAsync();
        await Expect(other.Locator("#part-0-text")).ToHaveValueAsync("From the other tab");
        await mine.ClickAsync("button[value='mine']");
        await Expect(mine.Locator("#theirs")).ToHaveCountAsync(0);
        await other.ReloadAsync();
        await Expect(other.Locator("#part-0-text")).ToHaveValueAsync("From this tab");
    }

    [Theory, InlineData("en-GB", "Create", "Check and send"), InlineData("es-ES", "Crear", "Revisar y enviar")]
    public async Task KeyboardAlone_FromTheNameToTheSend_MakesABroadcast(string locale, string create, string check)
    {
        var name = $"By keys {locale}";
        await MakeAsync($"Channel for {locale}");
        var contact = await console.PostAsync("contacts", new { firstName = "Key", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } });
        await using var context = await NewContextAsync(locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/new?contact={contact.GetProperty("id").GetInt64()}");
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync(name);
        await TabToAsync(page, "main form button.primary");
        await Expect(page.Locator("main form button.primary")).ToContainTextAsync(create);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/edit/channel");
        await TabToAsync(page, "#step-channel input[type='radio']");
        await page.Keyboard.PressAsync("Space");
        await TabToAsync(page, "button[value='go:content']");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/edit/content");
        await TabToAsync(page, "button[value='add:text']");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#part-0-text")).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("Written by keys");
        await TabToAsync(page, "button[value='go:delivery']");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/edit/delivery");
        await TabToAsync(page, "button[value='go:send']");
        await Expect(page.Locator("button[value='go:send']")).ToContainTextAsync(check);
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync("**/send");
        await ConsoleFixture.PictureAsync(page, $"wizard-send-{locale}");
        await TabToAsync(page, "form[action$='handler=Start'] button");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForURLAsync(url => !url.Contains("/send", StringComparison.Ordinal));
        await Expect(page.Locator("#head-facts")).ToBeVisibleAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync(name);
    }

    [Fact]
    public async Task Start_OfWhatChangedSinceItWasSeen_IsRefused()
    {
        var id = await MakeAsync("Seen");
        await using var context = await NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/send");
        await console.PatchAsync($"broadcasts/{id}", new { parts = new[] { new { type = "text", text = "Changed" } } });

        await page.ClickAsync("form[action$='handler=Start'] button");

        await Expect(page.Locator("main .flash")).ToContainTextAsync("changed since you looked at it");
        await page.ClickAsync("form[action$='handler=Start'] button");
        await page.WaitForURLAsync($"**/broadcasts/{id}");
    }

    [Fact]
    public async Task Start_ToMoreThanTheThreshold_NeedsTheirNumber()
    {
        await console.PatchAsync("settings/sending", new { typeAbove = 0 });
        try
        {
            var id = await MakeAsync("Typed");
            await using var context = await NewContextAsync(script: false);
            var page = await context.NewPageAsync();
            await page.GotoAsync($"/broadcasts/{id}/send");
            await page.FillAsync("#number", "2");
            await page.ClickAsync("form[action$='handler=Start'] button");
            await Expect(page.Locator("main .flash")).ToContainTextAsync("Nothing was sent");
            await page.FillAsync("#number", "1");
            await page.ClickAsync("form[action$='handler=Start'] button");
            await page.WaitForURLAsync($"**/broadcasts/{id}");
        }
        finally
        {
            await console.PatchAsync("settings/sending", new { typeAbove = 1000 });
        }
    }

    [Fact]
    public async Task Blockers_OnTheLastStep_LeadToWhatMendsThem()
    {
        var id = await MakeAsync("Blocked", parts: false);
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/send");
        await Expect(page.Locator("#stepper li:nth-child(3)")).ToHaveClassAsync("open");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));

        await page.ClickAsync("#problems a");

        await page.WaitForURLAsync("**/edit/content#step-content");
    }

    [Fact]
    public async Task Audience_OnceChosen_SaysWhomItReachesAndWhyNotTheOthers()
    {
        var id = await MakeAsync("Reach");
        await console.PostAsync("contacts", new { firstName = "Phone only", addresses = new[] { new { kind = "phone", value = "+34600111222" } } });
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("1");

        await page.CheckAsync("#a-everyone");

        await Expect(page.Locator("#reach")).ToContainTextAsync("No address on this channel");
        await page.ClickAsync("#reach summary");
        await Expect(page.Locator("#reach li").Last).ToBeVisibleAsync();
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await ConsoleFixture.PictureAsync(page, "wizard-reach");
    }

    [Theory, InlineData("en-GB", true), InlineData("es-ES", false)]
    public async Task Time_OfTheDeliveryStep_IsWhatTheLastStepSchedules(string locale, bool script)
    {
        var id = await MakeAsync($"Timed {locale}");
        await using var context = await NewContextAsync(locale, script);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/delivery");
        await page.CheckAsync("#w-at");
        await page.FillAsync("#at", "2020-01-01T10:00");
        await page.SelectOptionAsync("#zone", "Europe/Madrid");
        await page.ClickAsync("button[value='go:send']");
        await Expect(page.Locator("#problems a")).ToHaveCountAsync(1);
        await page.ClickAsync("#problems a");
        await page.WaitForURLAsync("**/edit/delivery*");
        await page.FillAsync("#at", "2099-12-24T18:00");
        await ConsoleFixture.PictureAsync(page, $"wizard-time-{locale}");
        await page.ClickAsync("button[value='go:send']");
        await Expect(page.Locator("form[action$='handler=Start']")).ToHaveCountAsync(0);
        await ConsoleFixture.PictureAsync(page, $"wizard-send-later-{locale}");
        await page.ClickAsync("form[action$='handler=Schedule'] button");
        await page.WaitForURLAsync($"**/broadcasts/{id}");
        await Expect(page.Locator("main .flash")).ToContainTextAsync("2099-12-24 18:00");

        // Back to draft it keeps the time that was chosen.
        await console.PostAsync($"broadcasts/{id}/unschedule");
        await page.GotoAsync($"/broadcasts/{id}/send");
        await Expect(page.Locator("form[action$='handler=Schedule'] button")).ToContainTextAsync("2099-12-24 18:00");
    }

    [Fact]
    public async Task Rate_WhileItIsTyped_SaysWhenTheBroadcastWouldBeDone()
    {
        var id = await MakeAsync("Paced", contacts: 5);
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/delivery");
        await Expect(page.Locator("#look")).ToContainTextAsync("provider's own speed");
        await page.CheckAsync("#p-rate");
        await page.FillAsync("[name='Input.Rate.Count']", "1");
        await page.SelectOptionAsync("[name='Input.Rate.Unit']", new SelectOptionValue { Index = 2 });
        await Expect(page.Locator("#look")).ToContainTextAsync("send rate of this broadcast");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await ConsoleFixture.PictureAsync(page, "wizard-finish");
    }

    [Fact]
    public async Task Channel_ThatCantBeUsed_IsGreyedWithTheReason()
    {
        var id = await MakeAsync("Ways");
        var (paused, other) = (await ChannelAsync("Paused"), await ChannelAsync("Other"));
        await console.PostAsync($"channels/{paused}/pause");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/channel");
        await Expect(page.Locator($"#c-{paused}")).ToBeDisabledAsync();
        await Expect(page.Locator($"#c-{paused}-about")).ToContainTextAsync("Paused by somebody");
        await Expect(page.Locator($"#c-{other}")).ToBeEnabledAsync();
        await page.CheckAsync("#c-last");
        await page.SelectOptionAsync("#route-0", $"{other}");
        await Expect(page.Locator($"#route-0 option[value='{paused}']")).ToBeDisabledAsync();
        await page.SelectOptionAsync("#route-1", new SelectOptionValue { Index = 1 });
        await Expect(page.Locator("#shares li").First).ToContainTextAsync("%");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await ConsoleFixture.PictureAsync(page, "wizard-channels");
    }

    [Fact]
    public async Task Warnings_OnTheLastStep_LeadToWhatChangesThem()
    {
        var id = await MakeAsync("Warned", text: "Hello {{ contact.last_name }}");
        await using var context = await NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/send");
        await ConsoleFixture.PictureAsync(page, "wizard-warnings");
        await page.ClickAsync("#warnings a");
        await page.WaitForURLAsync("**/edit/content#parts");
    }

    [Fact]
    public async Task EndedSession_InTheMiddle_LosesNothingThatWasTyped()
    {
        var id = await MakeAsync("Session");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await SignOutElsewhereAsync(context);
        await page.FillAsync("#part-0-text", "Typed after the session ended");
        await Expect(page.Locator("#saved")).ToContainTextAsync("you are signed out");

        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await page.FillAsync("#email", ConsoleFixture.Email);
        await page.FillAsync("#password", ConsoleFixture.Password);
        await page.ClickAsync("button.primary");

        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Typed after the session ended");
        await Expect(page.Locator("#look")).ToContainTextAsync("Typed after the session ended");
    }

    [Theory, InlineData("audience"), InlineData("channel"), InlineData("content"), InlineData("delivery")]
    public async Task Step_OnAnyScreen_IsClean(string step)
    {
        const string Script = "<script>document.title='hacked'</script>";
        var id = await MakeAsync($"{Script} {step}");
        await console.PatchAsync($"broadcasts/{id}", new { labels = new[] { Script } });
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 390) })
        {
            await using var context = await console.NewContextAsync(width: width, scheme: scheme);
            var page = await context.NewPageAsync();
            await page.GotoAsync($"/broadcasts/{id}/edit/{step}");
            await Expect(page.Locator("h1")).ToContainTextAsync(Script);
            Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
            Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
            await ConsoleFixture.PictureAsync(page, $"wizard-{step}-{width}");
        }
    }

    private static async Task TabToAsync(IPage page, string selector)
    {
        var wanted = await page.Locator(selector).First.ElementHandleAsync();
        for (var i = 0; i < 200; i++)
        {
            if (await page.EvaluateAsync<bool>("e => e === document.activeElement || e.type === 'radio' && e.name === document.activeElement?.name", wanted)) return;
            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"{selector} can't be reached by Tab.");
    }

    private static async Task SaveTextAsync(IPage page, string text)
    {
        await page.FillAsync("#part-0-text", text);
        await page.ClickAsync("button[value='save']");
    }

    private static async Task SignOutElsewhereAsync(IBrowserContext context) => await context.ClearCookiesAsync();

    private async Task<IBrowserContext> NewContextAsync(string locale = "en-GB", bool script = true)
    {
        var context = await console.NewContextAsync(locale: locale, script: script);
        context.SetDefaultTimeout(Patient);
        return context;
    }

    private async Task<long> ChannelAsync(string name) =>
        (await console.PostAsync("channels", new { name = $"{name} {Guid.NewGuid():N}", transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } })).GetProperty("id").GetInt64();

    private async Task<long> MakeAsync(string name, bool parts = true, int contacts = 1, string text = "Hello")
    {
        var channel = await ChannelAsync("c");
        var ids = new List<long>();
        for (var i = 0; i < contacts; i++)
            ids.Add((await console.PostAsync("contacts", new { firstName = "Ann", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } })).GetProperty("id").GetInt64());
        var broadcast = await console.PostAsync("broadcasts", new
        {
            name,
            channelId = channel,
            contactIds = ids,
            parts = parts ? [new { type = "text", text }] : Array.Empty<object>(),
        });
        return broadcast.GetProperty("id").GetInt64();
    }
}
