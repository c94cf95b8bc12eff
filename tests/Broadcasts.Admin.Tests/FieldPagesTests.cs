using Deque.AxeCore.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Custom fields on the page of a contact.</summary>
public sealed class FieldPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Fact]
    public async Task Contact_ValueThatItsFieldCantHoldAnyMore_IsShownAndNotLost()
    {
        var field = await console.PostAsync("fields", new { name = "Since", type = "text" });
        await console.PostAsync("fields", new { name = "Free list", type = "list" });
        var id = (await console.PostAsync("contacts", new { firstName = "Bea", addresses = new[] { new { kind = "email", value = "bea.since@example.com" } }, fields = new { since = "last spring", free_list = "anything" } })).GetProperty("id").GetInt64();
        await console.PutAsync($"fields/{field.GetProperty("id").GetInt64()}", new { name = "Since", type = "date" });
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();

        await page.GotoAsync($"/contacts/{id}");

        await Expect(page.Locator("#f-since")).ToHaveValueAsync("last spring");
        await Expect(page.Locator("#f-free_list")).ToHaveValueAsync("anything");
    }

    [Fact]
    public async Task Contact_FieldThatHoldsSeveral_KeepsWhatIsChosenAndForgetsItAgain()
    {
        await console.PostAsync("fields", new { name = "Interests", type = "listMulti", options = new[] { "Music", "Books", "Sport" } });
        var id = (await console.PostAsync("contacts", new { firstName = "Ana", addresses = new[] { new { kind = "email", value = "ana.several@example.com" } }, fields = new { interests = new[] { "sport", "Music" } } })).GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();

        await page.GotoAsync($"/contacts/{id}");
        await Expect(page.Locator("#f-interests")).ToHaveValuesAsync(["Music", "Sport"]);
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));

        foreach (var chosen in (string[][])[["Books", "Sport"], []])
        {
            await page.SelectOptionAsync("#f-interests", chosen);
            await page.ClickAsync("main button:has-text('Save')");
            await page.GotoAsync($"/contacts/{id}");
            await Expect(page.Locator("#f-interests")).ToHaveValuesAsync(chosen);
        }
    }
}
