using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The library of templates: writing, trying, comparing and bringing back, and the files that messages carry.</summary>
public sealed class TemplatePagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData("en-GB", "Saved as version 2.", "Version 1 is back, as version 3."), InlineData("es-ES", "Guardada como versión 2.", "La versión 1 ha vuelto, como versión 3.")]
    public async Task Template_WithoutScript_IsWrittenChangedAndBroughtBack(string locale, string saved, string back)
    {
        await using var context = await console.NewContextAsync(locale: locale, script: false);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/templates");
        await page.ClickAsync("a[href='/templates/new']");
        await page.FillAsync("#name", $"Plain {locale}");
        await page.FillAsync("#code-0", "en");
        await page.FillAsync("#part-0-text", "Hello {{ contact.frist_name }}");
        await page.ClickAsync("button[value='save']");
        await Expect(page.Locator("#problems")).ToContainTextAsync("contact.first_name");

        await page.FillAsync("#part-0-text", "Hello {{ contact.first_name }}");
        await page.FillAsync("#new-language", "es");
        await page.ClickAsync("button[value='language']");
        await page.FillAsync("#l1-part-0-text", "Hola <script>alert(1)</script> {{ contact.first_name }}");
        await page.ClickAsync("button[value='save']");
        await page.WaitForURLAsync("**/templates/*");
        await Expect(page.Locator("#preview")).ToContainTextAsync("Hola <script>alert(1)</script> Laura");

        await page.FillAsync("#part-0-text", "Good day {{ contact.first_name }}");
        await page.FillAsync("#note", "More polite");
        await page.ClickAsync("button[value='save']");
        await Expect(page.Locator("main")).ToContainTextAsync(saved);
        await page.ClickAsync("a[href$='/versions']");
        await Expect(page.Locator(".diff-text del")).ToHaveTextAsync("Hello");
        await Expect(page.Locator(".diff-text ins")).ToHaveTextAsync("Good day");
        await Expect(page.Locator("main")).ToContainTextAsync("More polite");
        await page.ClickAsync("form[action*='Restore'] button, form[action*='restore'] button");
        await Expect(page.Locator("main")).ToContainTextAsync(back);
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Hello {{ contact.first_name }}");
    }

    [Theory, InlineData("en-GB", ColorScheme.Light, 1280), InlineData("es-ES", ColorScheme.Dark, 1280), InlineData("es-ES", ColorScheme.Light, 390)]
    public async Task Pages_OfTheLibrary_StandAxe(string locale, ColorScheme scheme, int width)
    {
        var name = $"Welcome {locale}{width}";
        var id = (await console.PostAsync("templates", new
        {
            name, description = "The first message that a new customer gets.",
            languages = new[] { Language("en", "Hello {{ contact.first_name }}, good to have you with us."), Language("es", "Hola {{ contact.first_name | fallback \"cliente\" }}, qué bien que estés con nosotros.") },
        })).GetProperty("id").GetInt64();
        await console.PutAsync($"templates/{id}", new
        {
            name, description = "The first message that a new customer gets.", note = "Warmer",
            languages = new[] { Language("en", "Hi {{ contact.first_name }}, it is good to have you with us."), Language("es", "Hola {{ contact.first_name | fallback \"cliente\" }}, qué bien que estés con nosotros.") },
        });
        var broadcast = (await console.PostAsync("broadcasts", new { name = $"Spring {name}", templateId = id, templateVersion = 1 })).GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync(locale: locale, scheme: scheme, width: width);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        foreach (var (path, picture) in new[] { ("/templates", "list"), ($"/templates/{id}", "write"), ($"/templates/{id}/try", "try"), ($"/templates/{id}/versions", "versions"), ("/templates/new", "new"), ("/files", "files"), ($"/broadcasts/{broadcast}/content", "content"), ($"/broadcasts/{broadcast}/template", "take") })
        {
            await page.GotoAsync(path);
            await ConsoleFixture.PictureAsync(page, $"templates-{picture}-{locale}-{width}-{scheme}");
            Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{path} {v.Id}: {string.Join(" | ", v.Nodes.Select(n => n.Html))}"));
            Assert.Equal(0, await page.EvaluateAsync<int>("Math.max(0, document.documentElement.scrollWidth - innerWidth)"));
        }

        await page.GotoAsync($"/templates/{id}/try");
        await Expect(page.Locator(".tried .problem")).ToHaveCountAsync(1);
        await page.GotoAsync("/find?q=welcome");
        await Expect(page.Locator($"#found a[href='/templates/{id}']")).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Write_WithScript_ShowsWhatAContactGetsWhileOneWrites()
    {
        var contact = (await console.PostAsync("contacts", new { firstName = "Nadia", language = "en", addresses = new[] { new { kind = "email", value = "nadia.preview@example.com" } } })).GetProperty("id").GetInt64();
        var id = (await console.PostAsync("templates", new { name = "Live", languages = new[] { Language("en", "Hello") } })).GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/templates/{id}");
        await page.FillAsync("#as", "nadia.preview@example.com");
        await page.FillAsync("#part-0-text", "Dear {{ contact.first_name }}");
        await Expect(page.Locator("#preview")).ToContainTextAsync("Dear Nadia");
        await page.FillAsync("#part-0-text", "Dear {{ contact.first_name");
        await Expect(page.Locator("#preview .problem")).ToHaveCountAsync(1);
        await page.FillAsync("#part-0-text", "{{ contact.country }}");
        await Expect(page.Locator("#preview")).ToContainTextAsync("Gets nothing: contact.country is missing");
        await page.FillAsync("#as", $"{contact}00");
        await Expect(page.Locator("#preview")).Not.ToContainTextAsync("Gets nothing");
    }

    [Fact]
    public async Task Broadcast_FromATemplate_IsToldOfANewerVersionAndTakesIt()
    {
        var id = (await console.PostAsync("templates", new { name = "News", languages = new[] { Language("en", "First"), Language("es", "Primero") } })).GetProperty("id").GetInt64();
        await using var context = await console.NewContextAsync(script: false);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/templates/{id}");
        await page.ClickAsync("form[action*='Use'] button, form[action*='use'] button");
        await page.WaitForURLAsync("**/broadcasts/*/edit/content");
        var broadcast = new Uri(page.Url).AbsolutePath.Split('/')[2];
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("First");
        await console.PutAsync($"templates/{id}", new { name = "News", languages = new[] { Language("en", "Second"), Language("es", "Segundo") } });

        await page.GotoAsync($"/broadcasts/{broadcast}/content");
        await Expect(page.Locator("main")).ToContainTextAsync("From template News, version 1");
        await Expect(page.Locator("main")).ToContainTextAsync("Primero");
        await page.ClickAsync($"a[href='/broadcasts/{broadcast}/template']");
        await ConsoleFixture.PictureAsync(page, "templates-take");
        await page.ClickAsync("button:has-text('Take version 2')");
        await page.WaitForURLAsync("**/edit/content");
        await Expect(page.Locator("#part-0-text")).ToHaveValueAsync("Second");

        await page.GotoAsync($"/templates/{id}");
        await page.ClickAsync("details.menu summary[aria-label*='News']");
        await page.ClickAsync("button.danger");
        await Expect(page.Locator(".note.bad")).ToContainTextAsync("News");
    }

    [Fact]
    public async Task Files_WithoutScript_AreUploadedAndDeleted()
    {
        await using var context = await console.NewContextAsync(script: false);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/files");
        await page.SetInputFilesAsync("#file", new FilePayload { Name = "price <b>list.pdf", MimeType = "application/pdf", Buffer = [1, 2, 3] });
        await page.ClickAsync("button.primary");
        await Expect(page.Locator("tbody")).ToContainTextAsync("price <b>list.pdf");
        await ConsoleFixture.PictureAsync(page, "files-one");
        await page.ClickAsync("tr:has-text('price') button");
        await Expect(page.Locator("main")).Not.ToContainTextAsync("price <b>list.pdf");
    }

    private static object Language(string language, string text) => new { language, parts = new[] { new { type = "text", text } } };
}
