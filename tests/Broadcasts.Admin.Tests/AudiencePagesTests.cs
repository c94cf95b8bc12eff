using System.Text.Json;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The first step of a broadcast: who gets it, and whom that reaches.</summary>
public sealed class AudiencePagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    [Fact]
    public async Task Reach_IsCountedApart_AndNothingMovesWhenItComes()
    {
        var id = await MakeAsync("Apart", new { contactIds = new[] { await PersonAsync("Ann") } });
        await using var context = await console.NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("");
        var before = (await page.Locator("#reach").BoundingBoxAsync())!;

        await page.ClickAsync("#reach a");

        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("1");
        Assert.InRange((await page.Locator("#reach").BoundingBoxAsync())!.Height, before.Height - 1, before.Height + 1);
        await using var other = await console.NewContextAsync();
        var live = await other.NewPageAsync();
        await live.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(live.Locator("#reach .big-number")).ToHaveTextAsync("1");
        await Expect(live.Locator("#reach-said")).ToContainTextAsync("can be reached");
    }

    [Theory, InlineData("en-GB", "2 picked contacts"), InlineData("es-ES", "2 contactos elegidos")]
    public async Task Contacts_SearchedAndTicked_AreSavedAndTakenOutAgain(string locale, string two)
    {
        var name = $"Zoe{Guid.NewGuid():N}"[..12];
        var people = new[] { await PersonAsync(name), await PersonAsync(name), await PersonAsync("Other") };
        var id = await MakeAsync("Picked", new { });
        await using var context = await console.NewContextAsync(locale: locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await page.CheckAsync("#a-picked");
        await page.FillAsync("#find", name);
        await Expect(page.Locator("#picker .check")).ToHaveCountAsync(2);
        await page.CheckAsync($"#person-{people[0]}");
        await page.CheckAsync($"#person-{people[1]}");
        await Expect(page.Locator("#picked-count")).ToHaveTextAsync(two);
        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("2");
        await ConsoleFixture.PictureAsync(page, $"audience-picked-{locale}");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));

        await page.FillAsync("#find", "Nobody is called so");
        await Expect(page.Locator("#picker .check")).ToHaveCountAsync(2);
        await page.UncheckAsync($"#person-{people[0]}");

        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("1");
        Assert.Equal([people[1]], await PickedAsync(id));
    }

    [Fact]
    public async Task Contacts_WithoutScript_AreSearchedTickedAndTakenOut()
    {
        var name = $"Yve{Guid.NewGuid():N}"[..12];
        var people = new[] { await PersonAsync(name), await PersonAsync(name) };
        var id = await MakeAsync("Picked without script", new { });
        await using var context = await console.NewContextAsync(script: false, width: 320);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await page.CheckAsync("#a-picked");
        await page.FillAsync("#find", name);
        await page.ClickAsync("button[value='find']");
        await page.CheckAsync($"#person-{people[0]}");
        await page.CheckAsync($"#person-{people[1]}");
        await page.ClickAsync("button[value='save']");
        Assert.Equal(people.Order(), (await PickedAsync(id)).Order());
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#picker .check input:checked")).ToHaveCountAsync(2);
        Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
        await ConsoleFixture.PictureAsync(page, "audience-picked-320");
        await page.UncheckAsync($"#person-{people[1]}");
        await page.ClickAsync("button[value='go:channel']");
        Assert.Equal([people[0]], await PickedAsync(id));
    }

    [Theory, InlineData("en-GB", "Less"), InlineData("es-ES", "Menos")]
    public async Task Segment_TakenOut_IsSaidOnTheStepAndOnThePlan(string locale, string less)
    {
        var mark = $"Out{Guid.NewGuid():N}"[..12];
        var (inside, outside) = (await PersonAsync("Inside"), await PersonAsync(mark));
        var segment = (await console.PostAsync("segments", new { name = mark, rule = JsonSerializer.Deserialize<JsonElement>($$"""{"field":"first_name","op":"is","value":"{{mark}}"}""") })).GetProperty("id").GetInt64();
        var id = await MakeAsync($"Without {mark}", new { contactIds = new[] { inside, outside } });
        await using var context = await console.NewContextAsync(locale: locale, scheme: locale == "es-ES" ? ColorScheme.Dark : ColorScheme.Light);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("2");

        await page.SelectOptionAsync("#exclude-0", $"{segment}");

        await Expect(page.Locator("#reach .less")).ToContainTextAsync($"{less} {mark}");
        await Expect(page.Locator("#reach .big-number")).ToHaveTextAsync("1");
        await Expect(page.Locator("#exclude-1")).ToBeVisibleAsync();
        await ConsoleFixture.PictureAsync(page, $"audience-less-{locale}");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
        await console.PostAsync($"broadcasts/{id}/send");
        await page.GotoAsync($"/broadcasts/{id}/plan");
        for (var looks = 0; looks < 100 && (await console.GetAsync($"broadcasts/{id}")).GetProperty("status").GetString() != "completed"; looks++) await page.ReloadAsync();
        await page.ReloadAsync();
        await Expect(page.Locator("main")).ToContainTextAsync($"{mark}: 1");
        await page.GotoAsync($"/segments/{segment}");
        await Expect(page.Locator("main")).ToContainTextAsync($"Without {mark}");
    }

    [Fact]
    public async Task List_ImportedForTheDraft_ComesBackToIt()
    {
        var id = await MakeAsync("Imported", new { contactIds = new[] { await PersonAsync("Before") } });
        await using var context = await console.NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/edit/audience");
        await page.CheckAsync("#a-import");
        await page.ClickAsync($"a[href='/contacts/import?broadcast={id}']");
        await page.SetInputFilesAsync("#file", new FilePayload { Name = "guests.csv", MimeType = "text/csv", Buffer = System.Text.Encoding.UTF8.GetBytes($"email,first_name\n{Guid.NewGuid():N}@example.com,Guest\n") });
        await page.ClickAsync("form[enctype] button.primary");
        await page.FillAsync("#consent", "at the door");
        await page.ClickAsync("#columns button[name='trial'][value='false']");
        for (var looks = 0; await page.Locator("#for button").CountAsync() == 0 && looks < 50; looks++) await page.ReloadAsync();

        await page.ClickAsync("#for button");

        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex($"/broadcasts/{id}/edit/audience$"));
        await Expect(page.Locator("#a-import")).ToBeCheckedAsync();
        await Expect(page.Locator("[name='Input.ImportId'] option:checked")).ToContainTextAsync("guests.csv");
        await ConsoleFixture.PictureAsync(page, "audience-import");
    }

    private async Task<long[]> PickedAsync(long id) => [.. (await console.GetAsync($"broadcasts/{id}")).GetProperty("contactIds").EnumerateArray().Select(i => i.GetInt64())];

    private async Task<long> PersonAsync(string name) =>
        (await console.PostAsync("contacts", new { firstName = name, addresses = new[] { new { kind = "email", value = $"{Guid.NewGuid():N}@example.com" } } })).GetProperty("id").GetInt64();

    private async Task<long> MakeAsync(string name, object audience)
    {
        var channel = await console.PostAsync("channels", new { name = $"{Guid.NewGuid():N}", transport = "simulator", settings = new { addressKind = "email", latencyMs = 1, jitterMs = 0, receipts = false } });
        var id = (await console.PostAsync("broadcasts", new { name, channelId = channel.GetProperty("id").GetInt64(), parts = new[] { new { type = "text", text = "Hello" } } })).GetProperty("id").GetInt64();
        await console.PatchAsync($"broadcasts/{id}", audience);
        return id;
    }
}
