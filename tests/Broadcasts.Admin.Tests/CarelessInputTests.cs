using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Two clicks for one, back and once more, half a sentence and away, markup where words belong: nothing is doubled, lost or run.</summary>
public sealed class CarelessInputTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;
    private const string Script = "\"'><script>hacked=1</script><img src=x>";

    [Theory, InlineData(true), InlineData(false)]
    public async Task Create_ClickedTwiceAndOnceMoreFromBefore_MakesOneBroadcast(bool script)
    {
        var name = $"Once {script}";
        await using var context = await NewContextAsync(script);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/broadcasts/new");
        await page.FillAsync("#name", name);
        var before = context.APIRequest.CreateFormData();
        foreach (var field in await page.Locator("main form input").AllAsync()) before.Set(await field.GetAttributeAsync("name") ?? "", await field.InputValueAsync());
        await page.DblClickAsync("main form button.primary");
        await page.WaitForURLAsync("**/edit/audience");
        var made = page.Url;

        // As it was before: what going back shows where the browser keeps pages.
        var again = await context.APIRequest.PostAsync("/broadcasts/new", new() { Form = before });
        Assert.EndsWith(new Uri(made).AbsolutePath, again.Url, StringComparison.Ordinal);
        await page.GotoAsync($"/broadcasts?q={Uri.EscapeDataString(name)}");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Send_ClickedTwiceAndOnceMoreFromBefore_SendsOnce(bool script)
    {
        var id = await MakeAsync("Sent once");
        await using var context = await NewContextAsync(script);
        var page = await context.NewPageAsync();
        await console.PatchAsync("settings/sending", new { undoSeconds = 0 });
        try
        {
            // As it was before: what going back shows where the browser keeps pages.
            var before = await context.NewPageAsync();
            await before.GotoAsync($"/broadcasts/{id}/send");
            await page.GotoAsync($"/broadcasts/{id}/send");
            await page.DblClickAsync("form[action$='handler=Start'] button");
            await page.WaitForURLAsync($"**/broadcasts/{id}");

            await before.ClickAsync("form[action$='handler=Start'] button");

            await before.WaitForURLAsync($"**/broadcasts/{id}");
            await page.GoBackAsync();
            await page.GotoAsync($"/broadcasts/{id}/recipients");
            await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
            Assert.Equal(1, (await console.GetAsync($"audit?subject=broadcast:{id}&action=broadcast.start")).GetProperty("items").GetArrayLength());
        }
        finally
        {
            await console.PatchAsync("settings/sending", new { undoSeconds = 10 });
        }
    }

    [Fact]
    public async Task HalfTyped_LeftAndComeBackTo_IsThereAndCalledUnsaved()
    {
        var id = await MakeAsync("Half");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/delivery");
        await page.CheckAsync("#p-rate");
        await page.FillAsync("[name='Input.Rate.Count']", "0");
        await Expect(page.Locator("#saved")).ToContainTextAsync("Not saved yet", new() { Timeout = Patient });
        await page.ClickAsync("#stepper a[href$='/edit/content']");
        // What was typed is tried once more before the page is left.
        await page.WaitForURLAsync("**/edit/content");
        await page.FillAsync("#name", " ");
        await page.FillAsync("#part-0-text", "Half a sen");
        await Expect(page.Locator("#saved")).ToContainTextAsync("Not saved yet", new() { Timeout = Patient });
        await page.GotoAsync("/broadcasts");

        await page.GotoAsync($"/broadcasts/{id}/edit/delivery");
        await Expect(page.Locator("[name='Input.Rate.Count']")).ToHaveValueAsync("0");
        await Expect(page.Locator("#p-rate")).ToBeCheckedAsync();
        await Expect(page.Locator("#saved")).ToContainTextAsync("Not saved yet", new() { Timeout = Patient });
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Half a sen");
        await Expect(page.Locator("#saved")).ToContainTextAsync("Not saved yet", new() { Timeout = Patient });
        // Left once more without a word, it is kept once more; mended, it is saved.
        await page.GotoAsync("/broadcasts");
        await page.GotoAsync($"/broadcasts/{id}/edit/content");
        await page.FillAsync("#name", "Whole");
        await Expect(page.Locator("#look")).ToContainTextAsync("Half a sen");
        await page.ReloadAsync();
        await Expect(page.Locator("h1")).ToHaveTextAsync("Whole");
    }

    [Fact]
    public async Task Markup_InEveryTextField_IsShownAsTextAndRunsNowhere()
    {
        var id = await MakeAsync("Marked");
        await using var context = await NewContextAsync();
        var page = await context.NewPageAsync();
        var wrong = new List<string>();
        page.Dialog += async (_, dialog) =>
        {
            if (dialog.Type != "beforeunload") wrong.Add($"{page.Url}: {dialog.Message}");
            await dialog.AcceptAsync();
        };
        foreach (var type in (string[])["choices", "file", "email", "template"])
        {
            await page.GotoAsync($"/broadcasts/{id}/edit/content");
            await page.ClickAsync($"button[value='add:{type}']");
            await page.Locator(".part").Nth(1).WaitForAsync();
            await FillAsync("button[value='save']");
            await page.ClickAsync("button[value='remove:1']");
            await Expect(page.Locator(".part")).ToHaveCountAsync(1);
        }

        foreach (var step in (string[])["audience", "channel", "content", "delivery"]) await VisitAsync($"/broadcasts/{id}/edit/{step}", "button[value='save']");
        await VisitAsync($"/broadcasts/{id}/send", "form[action$='handler=Test'] button");
        await VisitAsync("/broadcasts/new", "main form button.primary");
        await VisitAsync("/templates/new", "button[value='save']");
        await VisitAsync("/segments/new", "main form button.primary");
        await VisitAsync("/contacts/new", "main form button.primary");
        await VisitAsync("/channels/new?transport=simulator", "main form button.primary");

        // Where a name is that it was given: a list, a page, a search.
        await console.PostAsync("contacts", new { firstName = Script, addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } });
        await console.PatchAsync($"broadcasts/{id}", new { name = Script, labels = new[] { "<b>label</b>" } });
        await console.PostAsync("segments", new { name = $"{Script} again", rule = new { all = Array.Empty<object>() } });
        await console.PostAsync("templates", new { name = $"{Script} again", languages = new[] { new { language = "en", parts = new[] { new { type = "text", text = Script } } } } });
        foreach (var path in new[] { "/broadcasts", $"/broadcasts/{id}", $"/broadcasts/{id}/edit/audience", $"/broadcasts/{id}/send", "/contacts", "/segments", "/templates", "/find?q=script" })
        {
            await page.GotoAsync(path);
            await LookAsync();
            await Expect(page.Locator("main")).ToContainTextAsync("<script>hacked=1</script>");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        async Task VisitAsync(string path, string button)
        {
            await page.GotoAsync(path);
            await FillAsync(button);
        }

        async Task FillAsync(string button)
        {
            foreach (var field in await page.Locator("main").Locator("input:visible:is(:not([type]), [type='text'], [type='search'], [type='email']), textarea:visible").AllAsync())
                if (await field.IsEditableAsync()) await field.FillAsync(Script);
            await page.Locator(button).First.ClickAsync();
            await page.WaitForLoadStateAsync();
            await LookAsync();
        }

        async Task LookAsync()
        {
            if (await page.EvaluateAsync<bool>("() => window.hacked === 1 || document.querySelector('main img[src=\"x\"], main script') !== null")) wrong.Add($"{page.Url} runs markup");
        }
    }

    private async Task<IBrowserContext> NewContextAsync(bool script = true)
    {
        var context = await console.NewContextAsync(script: script);
        context.SetDefaultTimeout(Patient);
        return context;
    }

    private async Task<long> MakeAsync(string name)
    {
        var channel = await console.PostAsync("channels", new { name = $"{Guid.NewGuid():N}", transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } });
        var contact = await console.PostAsync("contacts", new { firstName = "Ann", addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } });
        var broadcast = await console.PostAsync("broadcasts", new
        {
            name,
            channelId = channel.GetProperty("id").GetInt64(),
            contactIds = new[] { contact.GetProperty("id").GetInt64() },
            parts = new[] { new { type = "text", text = "Hello" } },
        });
        return broadcast.GetProperty("id").GetInt64();
    }
}
