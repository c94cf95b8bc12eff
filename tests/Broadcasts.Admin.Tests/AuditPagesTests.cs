using Deque.AxeCore.Playwright;
using Microsoft.Data.Sqlite;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The audit and the health page as people use them.</summary>
public sealed class AuditPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const float Patient = 60_000;

    [Theory, InlineData(true), InlineData(false)]
    public async Task Audit_ChangesAreFilteredReadAndVerified(bool script)
    {
        var tag = await console.PostAsync("tags", new { name = $"Gold {script}" });
        await using var context = await console.NewContextAsync(script: script);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/settings");
        await page.ClickAsync("a[href='/settings/audit']");
        await page.GotoAsync($"/settings/audit?what=tag&of=tag:{tag.GetProperty("id")}");
        var row = page.Locator(".card > .table-wrap > table > tbody > tr");
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync("Created");
        await Expect(row).ToContainTextAsync("API key");
        await page.ClickAsync("details summary.small");
        await Expect(row.Locator("details tbody tr")).ToContainTextAsync($"Gold {script}");
        await Expect(row.Locator("details tbody th")).ToHaveTextAsync("Name");
        if (script) Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await ConsoleFixture.PictureAsync(page, $"audit-{script}");
        await Expect(page.Locator("#export")).ToHaveAttributeAsync("href", new System.Text.RegularExpressions.Regex("^/api/v1/audit/export\\?bom=true&action=tag&subject=tag"));

        await page.GotoAsync("/settings/audit?from=2000-01-01&to=2000-01-02");
        await Expect(page.Locator(".empty")).ToContainTextAsync("No entry fits");
        await page.GotoAsync("/settings/audit");
        await page.ClickAsync("#chain button");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("is whole");
        await Expect(page.Locator("#chain")).ToContainTextAsync("as it was written");
    }

    [Fact]
    public async Task Pages_InSpanishAtPhoneWidth_AreWhole()
    {
        await using var context = await console.NewContextAsync(locale: "es-ES", width: 390);
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        foreach (var (path, title) in new[] { ("/settings/audit", "Auditoría"), ("/settings/health", "Estado") })
        {
            await page.GotoAsync(path);
            await Expect(page.Locator("h1")).ToHaveTextAsync(title);
            Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{path} {v.Id}: {v.Description}"));
            await ConsoleFixture.PictureAsync(page, $"{title}-es");
        }
    }

    [Fact]
    public async Task Health_WhenTheAuditWasTouched_IsRedAndSaysWhatToDo()
    {
        await using var context = await console.NewContextAsync();
        context.SetDefaultTimeout(Patient);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/settings/health");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(13);
        Assert.Empty((await page.RunAxe()).Violations.Select(v => $"{v.Id}: {v.Description}"));
        await ConsoleFixture.PictureAsync(page, "health");

        await ExecuteAsync("DROP TRIGGER audit_kept; UPDATE audit SET actor = actor || '!' WHERE position = 1");
        await page.GotoAsync("/settings/audit");
        await page.ClickAsync("#chain button");
        await Expect(page.Locator("[role=alert]")).ToContainTextAsync("Entry 1 was changed");
        await page.GotoAsync("/settings/health");
        await Expect(page.Locator("#worst")).ToContainTextAsync("does not work");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("broadcasts audit verify");
        await ConsoleFixture.PictureAsync(page, "health-red");

        await ExecuteAsync("UPDATE audit SET actor = REPLACE(actor, '!', '') WHERE position = 1");
        await page.GotoAsync("/settings/audit");
        await page.ClickAsync("#chain button");
        await Expect(page.Locator("[role=status]")).ToContainTextAsync("is whole");
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("The audit was changed by hand");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(console.Data, "broadcasts.db")};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
