using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>Users, roles, keys and one's own account, as people use them.</summary>
public sealed class AccessPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const string Password = "another long sentence";

    [Theory, InlineData(true), InlineData(false)]
    public async Task Person_IsInvitedGetsARoleOfTheWorkspaceAndIsDisabled(bool script)
    {
        await using var context = await console.NewContextAsync(script: script);
        var page = await context.NewPageAsync();
        var (email, role) = ($"ana-{script}@example.com", $"Support {script}");
        await page.GotoAsync("/settings/roles/new");
        await page.FillAsync("#name", role);
        await page.CheckAsync("input[value='EditContacts']");
        await page.ClickAsync("main form button.primary");
        await page.WaitForURLAsync("**/settings/roles");
        await Expect(page.Locator("thead")).ToContainTextAsync(role);

        await page.GotoAsync("/settings/users");
        await page.FillAsync("#email", email);
        await page.FillAsync("#name", "Ana");
        await page.SelectOptionAsync("#role", new SelectOptionValue { Label = role });
        await page.ClickAsync("main form button.primary");
        var link = await page.Locator("[role=status] code").InnerTextAsync();
        Assert.StartsWith("https://news.example.org/link/", link, StringComparison.Ordinal);
        await ConsoleFixture.PictureAsync(page, $"users-{script}");

        await using var theirs = await console.NewContextAsync(signedIn: false, script: script);
        var hers = await theirs.NewPageAsync();
        await hers.GotoAsync(new Uri(link).AbsolutePath);
        await hers.ClickAsync("button.primary");
        await hers.WaitForURLAsync("**/broadcasts");
        await Expect(hers.Locator("[role=status]").First).ToContainTextAsync("Choose a password");
        Assert.Equal(200, (await hers.GotoAsync("/contacts/new"))!.Status);
        // What is missing, and who has it.
        Assert.Equal(403, (await hers.GotoAsync("/settings/users"))!.Status);
        await Expect(hers.Locator("main")).ToContainTextAsync("Manage users and roles");
        await Expect(hers.Locator("main")).ToContainTextAsync("Owner");
        await Expect(hers.Locator("main")).Not.ToContainTextAsync("Manager");

        await page.GotoAsync("/settings/users");
        await page.ClickAsync($"tr:has-text('{email}') a");
        await Expect(page.Locator("table")).ToContainTextAsync("Chrome");
        await ConsoleFixture.PictureAsync(page, $"user-{script}");
        await page.ClickAsync("form[action$='handler=Disable'] button");
        await Expect(page.Locator(".facts-line")).ToContainTextAsync("Disabled");
        await hers.GotoAsync("/contacts");
        Assert.EndsWith("/sign-in", new Uri(hers.Url).AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SecondFactor_IsSetUpByPictureOrKeyAndAskedForAtTheNextSignIn()
    {
        var email = "totp@example.com";
        var link = (await console.PostAsync("users", new { email, name = "Toni", role = "Viewer" })).GetProperty("link").GetString()!;
        await using var context = await console.NewContextAsync(signedIn: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(link).AbsolutePath);
        await page.ClickAsync("button.primary");
        await page.GotoAsync("/account");
        await page.FillAsync("#next", Password);
        await page.ClickAsync("#password button");
        await page.GotoAsync("/account/second-factor");
        Assert.InRange((await page.Locator("svg.qr").BoundingBoxAsync())!.Width, 100, 400);
        await ConsoleFixture.PictureAsync(page, "second-factor");
        Assert.Empty((await page.RunAxe()).Violations.Select(v => v.Id));
        var secret = (await page.Locator("code.secret").InnerTextAsync()).Replace(" ", "", StringComparison.Ordinal);
        await page.FillAsync("#code", "123");
        await page.ClickAsync("main form button.primary");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("not right");
        await page.FillAsync("#code", Broadcasts.Security.Totp.CodeOf(secret, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / Broadcasts.Security.Totp.StepMs));
        await page.ClickAsync("main form button.primary");
        var codes = await page.Locator(".codes li").AllInnerTextsAsync();
        Assert.Equal(10, codes.Count);
        Assert.Empty((await page.RunAxe()).Violations.Select(v => v.Id));

        await using var next = await console.NewContextAsync(signedIn: false, locale: "es-ES");
        var again = await next.NewPageAsync();
        await again.GotoAsync("/sign-in");
        await again.FillAsync("#email", email);
        await again.FillAsync("#password", Password);
        await again.ClickAsync("button.primary");
        await again.WaitForURLAsync("**/sign-in/code**");
        Assert.Empty((await again.RunAxe()).Violations.Select(v => v.Id));
        await ConsoleFixture.PictureAsync(again, "second-factor-asked");
        await again.FillAsync("#code", codes[0]);
        await again.ClickAsync("button.primary");
        await again.WaitForURLAsync("**/broadcasts");
        await again.GotoAsync("/account");
        await Expect(again.Locator("#second-factor")).ToContainTextAsync("Quedan 9 códigos");
    }

    [Fact]
    public async Task Key_IsMadeShownOnceAndRevoked()
    {
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync("/settings/keys");
        await page.FillAsync("#name", "shop");
        await page.FillAsync("#until", "2099-12-31");
        await page.CheckAsync("input[value='ExportContacts']");
        await page.ClickAsync("main form:has(#name) button.primary");
        var key = await page.Locator("[role=status] code").InnerTextAsync();
        Assert.StartsWith("bcs_", key, StringComparison.Ordinal);
        var row = page.Locator("tbody tr").Filter(new() { HasText = "shop" });
        await Expect(row).ToContainTextAsync("contacts.export");
        await Expect(row).ToContainTextAsync("Olga Owner");
        await ConsoleFixture.PictureAsync(page, "keys");
        await page.GotoAsync("/settings/keys");
        Assert.DoesNotContain(key, await page.ContentAsync(), StringComparison.Ordinal);
        await row.Locator("button").ClickAsync();
        await Expect(row).ToContainTextAsync("Revoked");
        await Expect(row.Locator("button")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Account_ShowsWhereOneIsSignedIn()
    {
        await using var context = await console.NewContextAsync(locale: "es-ES");
        var page = await context.NewPageAsync();
        await page.GotoAsync("/account");
        await Expect(page.Locator("#sessions")).ToContainTextAsync("este navegador");
        await Expect(page.Locator("#sessions")).ToContainTextAsync("Chrome");
        await ConsoleFixture.PictureAsync(page, "account-es");
        await page.GotoAsync("/settings/roles");
        await Expect(page.Locator("table")).ToContainTextAsync("Propietario");
        await ConsoleFixture.PictureAsync(page, "roles-es");
    }
}
