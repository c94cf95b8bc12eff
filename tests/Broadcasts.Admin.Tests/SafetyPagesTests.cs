using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Undo, the second person and doubts as people settle them on the pages.</summary>
public sealed class SafetyPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Fact]
    public async Task Undo_WithinItsTime_MakesItADraftAgain()
    {
        var id = await MakeAsync("To undo");
        await console.PostAsync($"broadcasts/{id}/send", new { undoSeconds = 600 });
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}");

        await page.ClickAsync("#notes button:has-text('Undo')");

        await Expect(page.Locator("main")).ToContainTextAsync("It is a draft again");
        await Expect(page.Locator("#head-facts .status")).ToHaveTextAsync("Draft");
    }

    [Theory, InlineData("en-GB", "Agree and send", "Refuse", "Completed"), InlineData("es-ES", "Aceptar y enviar", "Rechazar", "Completada")]
    public async Task SecondPerson_OfWhatSomebodyElseSent_IsAskedAndItGoesOut(string locale, string agree, string refuse, string done)
    {
        await RequireApprovalAsync("0");
        var id = await MakeAsync($"Sent by a key {locale}");
        await console.PostAsync($"broadcasts/{id}/send");
        await using var context = await NewContextAsync(locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}");

        await Expect(page.Locator(".head-actions .primary")).ToHaveTextAsync(agree);
        await Expect(page.Locator("#notes form")).ToHaveCountAsync(2);
        await Expect(page.Locator("#notes button.danger")).ToHaveTextAsync(refuse);
        await page.ClickAsync(".head-actions .primary");

        await Expect(page.Locator("#head-facts .status")).ToHaveTextAsync(done, new() { Timeout = Patient });
        await RequireApprovalAsync("");
    }

    [Fact]
    public async Task SecondPerson_OfWhatOneSentOneself_IsSomebodyElse()
    {
        await RequireApprovalAsync("0");
        var id = await MakeAsync("Sent by the owner");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/send");
        await page.ClickAsync("form[action$='handler=Start'] button");
        await page.GotoAsync($"/broadcasts/{id}");
        await Expect(page.Locator("#head-facts .status")).ToHaveTextAsync("Paused");

        await Expect(page.Locator(".head-actions .primary")).ToHaveCountAsync(0);
        await Expect(page.Locator("#notes")).ToContainTextAsync("somebody else whose role lets them send must agree");
        await Expect(page.Locator("#notes button:has-text('Agree')")).ToHaveCountAsync(0);
        await page.GotoAsync($"/broadcasts?open={id}");
        await Expect(page.Locator("#drawer-panel .drawer-foot .primary")).ToHaveCountAsync(0);
        await page.FillAsync("#drawer-panel input[name='why']", "A slip");
        await page.ClickAsync("#drawer-panel button:has-text('Refuse')");

        await page.GotoAsync($"/broadcasts/{id}");
        await Expect(page.Locator("#head-facts .status")).ToHaveTextAsync("Cancelled");
        await RequireApprovalAsync("");
    }

    [Theory, InlineData("They were sent", "sent"), InlineData("They were not sent", "unknown")]
    public async Task Doubts_SettledByAPerson_AreCountedAsSheSays(string answer, string counted)
    {
        var id = await MakeAsync($"In doubt {counted}", lost: 100);
        await console.PostAsync($"broadcasts/{id}/send");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}");
        await Expect(page.Locator("#head-facts .status")).ToHaveTextAsync("Completed", new() { Timeout = Patient });
        await page.GotoAsync($"/broadcasts/{id}");
        await page.ClickAsync("#notes a[href*='status=unknown']");
        await Expect(page.Locator("#recipients tbody tr")).ToHaveCountAsync(1);

        await page.ClickAsync($"form[action$='handler=Settle'] button:has-text('{answer}')");

        // Whether it was not sent is nobody's to say as long as its answer can still come.
        await Expect(page.Locator("main")).ToContainTextAsync(counted == "sent" ? "1 message is settled." : "1 is too recent");
        await page.GotoAsync($"/broadcasts/{id}/recipients?status={counted}");
        await Expect(page.Locator("#recipients tbody tr")).ToHaveCountAsync(1);
    }

    [Theory, InlineData(390), InlineData(1280)]
    public async Task FoldedSection_OnAnyScreen_HasItsMarkerBesideItsHeading(int width)
    {
        var id = await MakeAsync($"Folded {width}");
        await using var context = await console.NewContextAsync(width: width);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/delivery");

        // A heading on a line of its own makes it two lines high.
        var lines = await page.Locator("summary:has(> h3)").EvaluateAsync<double>("s => s.getBoundingClientRect().height / s.querySelector('h3').getClientRects()[0].height");
        Assert.InRange(lines, 0.5, 1.7);
    }

    private async Task<IBrowserContext> NewContextAsync(string locale = "en-GB")
    {
        var context = await console.NewContextAsync(locale: locale);
        context.SetDefaultTimeout(Patient);
        return context;
    }

    private async Task RequireApprovalAsync(string above)
    {
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync("/settings");
        await page.FillAsync("#approval", above);
        await page.FillAsync("#undo", "0");
        await page.ClickAsync("form:has(#approval) button");
        await Expect(page.Locator("#approval")).ToHaveValueAsync(above);
    }

    private async Task<long> MakeAsync(string name, int lost = 0)
    {
        var channel = await console.PostAsync("channels", new { name, transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false, lostAnswerPercent = lost } });
        var contact = await console.PostAsync("contacts", new { firstName = "Ann", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } });
        var broadcast = await console.PostAsync("broadcasts", new
        {
            name,
            channelId = channel.GetProperty("id").GetInt64(),
            contactIds = new[] { contact.GetProperty("id").GetInt64() },
            parts = new[] { new { type = "email", subject = "Hi", text = "Hello" } },
        });
        return broadcast.GetProperty("id").GetInt64();
    }
}
