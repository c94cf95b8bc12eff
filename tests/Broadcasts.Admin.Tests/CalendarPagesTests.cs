using System.Globalization;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Broadcasts.Admin.Tests;

/// <summary>The calendar as people move in it, and move broadcasts on it.</summary>
public sealed class CalendarPagesTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    // The middle of a month that is always to come: the days around it are on the same page.
    private static readonly DateOnly Day = new(TimeProvider.System.GetUtcNow().Year + 1, 6, 16);

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [Theory, InlineData("en-GB"), InlineData("es-ES")]
    public async Task Scheduled_DroppedOnAnotherDay_IsAskedMovedAndTakenBack(string locale)
    {
        var id = await ScheduleAsync($"Dragged {locale}", Day);
        await using var context = await console.NewContextAsync(locale: locale);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/calendar?on={Text(Day)[..7]}");
        var there = page.Locator($".day[data-day='{Text(Day.AddDays(2))}']");

        await Event(page, Day, id).DragToAsync(there);
        await Expect(page.Locator("#at")).ToHaveValueAsync($"{Text(Day.AddDays(2))}T10:00");
        await ConsoleFixture.PictureAsync(page, $"calendar-move-{locale}");
        await page.ClickAsync("#act button.primary");

        await Expect(Event(page, Day.AddDays(2), id)).ToHaveCountAsync(1);
        await Expect(Event(page, Day, id)).ToHaveCountAsync(0);
        await ConsoleFixture.PictureAsync(page, $"calendar-moved-{locale}");
        await page.ClickAsync(".note.good form button");

        await Expect(Event(page, Day, id)).ToHaveCountAsync(1);
    }

    [Fact]
    public async Task Scheduled_WithoutScript_IsMovedByItsMenu()
    {
        var id = await ScheduleAsync("By menu", Day);
        await using var context = await console.NewContextAsync(script: false);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/{id}/act?what=reschedule");
        await page.FillAsync("#at", "2020-01-01T10:00");
        await page.ClickAsync("#act button.primary");
        await Expect(page.Locator(".note.bad")).ToContainTextAsync("is over");

        await page.GotoAsync($"/broadcasts/{id}/act?what=reschedule");
        await page.FillAsync("#at", $"{Text(Day.AddDays(-1))}T17:30");
        await page.ClickAsync("#act button.primary");
        await page.GotoAsync($"/broadcasts/calendar?on={Text(Day)[..7]}");

        await Expect(Event(page, Day.AddDays(-1), id)).ToContainTextAsync("17:30");
    }

    [Fact]
    public async Task Scales_MonthWeekAndAgenda_ShowTheSameBroadcast()
    {
        var id = await ScheduleAsync("On every scale", Day);
        await using var context = await console.NewContextAsync();
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/broadcasts/calendar?scale=week&on={Text(Day)}");
        await Expect(page.Locator(".day")).ToHaveCountAsync(7);
        await Expect(Event(page, Day, id)).ToHaveCountAsync(1);
        await ConsoleFixture.PictureAsync(page, "calendar-week");

        await page.Keyboard.PressAsync("PageDown");
        await Expect(Event(page, Day, id)).ToHaveCountAsync(0);
        await page.Keyboard.PressAsync("PageUp");
        await Expect(Event(page, Day, id)).ToHaveCountAsync(1);

        await page.ClickAsync(".month-scales a:last-child");
        await page.FillAsync("#month-pick", Text(Day)[..7]);
        await Expect(page.Locator(".agenda-day").Filter(new() { HasText = "On every scale" })).ToHaveCountAsync(1);
        await Expect(page.Locator(".day")).ToHaveCountAsync(0);
        await ConsoleFixture.PictureAsync(page, "calendar-agenda");
    }

    private static ILocator Event(IPage page, DateOnly day, long id) => page.Locator($".day[data-day='{Text(day)}'] a.event[href*='open={id}']");

    private async Task<long> ScheduleAsync(string name, DateOnly day)
    {
        var channel = (await console.PostAsync("channels", new { name, transport = "simulator", settings = new { receipts = false } })).GetProperty("id").GetInt64();
        var contact = (await console.PostAsync("contacts", new { firstName = "Ana", addresses = new[] { new { kind = "phone", value = $"+346{Random.Shared.Next(10_000_000, 99_999_999)}" } } })).GetProperty("id").GetInt64();
        var id = (await console.PostAsync("broadcasts", new { name, channelId = channel, contactIds = new[] { contact }, parts = new[] { new { type = "text", text = "Hello" } } })).GetProperty("id").GetInt64();
        await console.PostAsync($"broadcasts/{id}/schedule", new { at = $"{Text(day)}T10:00", timeZone = "Etc/UTC" });
        return id;
    }
}
