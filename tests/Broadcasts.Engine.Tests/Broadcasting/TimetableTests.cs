using System.Globalization;
using Broadcasts.Channels;
using NodaTime;
using Xunit;

namespace Broadcasts.Broadcasting;

public sealed class TimetableTests
{
    private const string Utc = "UTC";
    private static readonly SendRate[] Longer = [new(80, 1000), new(1000, 60_000), new(20_000, 3_600_000)];

    // A Thursday.
    private static readonly long Noon = At("2026-11-19T12:00");

    [Fact]
    public void Of_NoLimit_EverybodyAtOnce() => Assert.Equal((Noon, Noon), Timetable.Of(Noon, Shares(1_000_000), null, []));

    [Theory]
    [InlineData(80, 1)]
    [InlineData(1000, 12.7)]
    [InlineData(1001, 61)]
    [InlineData(20_000, (19 * 61) + 12.7)]
    [InlineData(20_001, 3601)]
    public void Of_SeveralLimits_IsThatOfTheSlowest(long messages, double seconds) =>
        Assert.InRange((Timetable.Of(Noon, Shares(messages), null, Longer).Last - Noon) / 1000.0, 0.97 * seconds, 1.03 * seconds);

    [Fact]
    public void Of_WindowClosesMeanwhile_TheRestGoesOnAtTheNextOpening()
    {
        var (first, last) = Timetable.Of(At("2026-11-19T21:00"), Shares(250), Window("08:00", "22:00"), [new(100, 3_600_000)]);

        Assert.Equal(At("2026-11-19T21:00"), first);
        Assert.InRange(last, At("2026-11-20T09:28"), At("2026-11-20T09:33"));
    }

    [Fact]
    public void Of_WindowOfWorkingDays_LeavesTheWeekendOut()
    {
        var window = Window("09:00", "17:00", [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday]);

        // 500 an hour: 2,500 on Thursday afternoon, 4,000 on Friday, the last 500 on Monday.
        Assert.InRange(Timetable.Of(Noon, Shares(7000), window, [new(500, 3_600_000)]).Last, At("2026-11-23T09:55"), At("2026-11-23T10:10"));
    }

    [Fact]
    public void Of_DailyTier_IsUsedUpAtOnceEveryDay()
    {
        var last = Timetable.Of(Noon, Shares(600), null, [new(10, 1000), new(250, 86_400_000)]).Last;

        Assert.InRange(last, At("2026-11-21T12:00"), At("2026-11-21T12:00") + 20_000);
    }

    [Fact]
    public void Of_RecipientLimitThatIsUsedInPart_TheRestWaitsUntilItIsFreeAgain()
    {
        var free = At("2026-11-19T18:00");
        var last = Timetable.Of(Noon, Shares(300), null, [new(10, 1000)], recipients: new UsedLimit(new(250, 86_400_000), 200, free)).Last;

        Assert.InRange(last, free + 25_000, free + 28_000);
    }

    [Fact]
    public void Of_DailyTierAndAWindowThatClosesFirst_BothHold()
    {
        // Just under 300 go until 22:00; at 08:00 the tier has room for 700; others only when the first ones are a day old, five minutes before the window closes.
        var last = Timetable.Of(At("2026-11-19T21:55"), Shares(1250), Window("08:00", "22:00"), [new(1, 1000), new(1000, 86_400_000)]).Last;

        Assert.InRange(last, At("2026-11-20T21:58"), At("2026-11-20T22:00"));
    }

    [Fact]
    public void Of_RecipientsInTwoZones_EachHasItsOwnOpening()
    {
        var zones = DateTimeZoneProviders.Tzdb;
        var times = Window("08:00", "20:00", local: true);
        var (first, last) = Timetable.Of(At("2026-11-19T05:00"), [new(zones["Europe/Madrid"], 100), new(zones["America/Bogota"], 100)], times, [new(100, 3_600_000)]);

        // Madrid at 07:00 UTC, Bogota at 13:00.
        Assert.Equal(At("2026-11-19T07:00"), first);
        Assert.InRange(last, At("2026-11-19T13:57"), At("2026-11-19T14:03"));
    }

    [Fact]
    public void Of_OwnRateIsSlower_DecidesAndHasNoGuard() =>
        Assert.InRange(Timetable.Of(Noon, Shares(1000), null, [new(100, 1000)], ownInterval: 3600).Last - Noon, 3_590_000, 3_600_000);

    [Fact]
    public void Of_NobodyIsLeft_EndsWhereItBegins() => Assert.Equal((Noon, Noon), Timetable.Of(Noon, [], null, Longer));

    [Fact]
    public void Of_WouldTakeCenturies_IsReckonedAndNotCounted()
    {
        var last = Timetable.Of(Noon, Shares(1_000_000), null, [new(1, 1000), new(1, 86_400_000)]).Last;

        Assert.InRange(last - Noon, 0.95 * 1_000_000 * 86_400_000.0, 1.05 * 1_000_000 * 86_400_000.0);
    }

    [Fact]
    public void Of_BesideWhatTheBudgetDeals_IsLessThanFivePercentWrong()
    {
        var random = new Random(11);
        for (var i = 0; i < 25; i++)
        {
            var pace = new SendRate(random.Next(5, 200), 1000);
            SendRate[] more = [new((int)(pace.Count * random.Next(5, 50)), 60_000), new(pace.Count * random.Next(200, 2000), 3_600_000)];
            var messages = random.Next(500, 30_000);
            var driver = new BudgetDriver(new Budget());
            driver.Budget.SetLimits(pace, more, driver.Now);
            driver.AddGreedy(1);
            var begin = driver.Now;
            while (driver.Permits.Count < messages) driver.Run(1000);
            var real = driver.Permits.Select(p => p.At).Order().ElementAt(messages - 1) - begin;

            var said = Timetable.Of((long)begin, Shares(messages), null, more.Prepend(pace)).Last - begin;

            Assert.True(Math.Abs(said - real) <= 0.05 * real + 500, $"{messages} at {pace}, {more[0]}, {more[1]}: {real / 1000:0.0} s, forecast {said / 1000:0.0} s.");
        }
    }

    private static ZoneShare[] Shares(long messages) => [new(DateTimeZone.Utc, messages)];

    private static SendTimes? Window(string from, string to, DayOfWeek[]? days = null, bool local = false) => SendTimes.Of(new Broadcast
    {
        Name = "x", Audience = "{}", Parts = "[]",
        SendWindow = System.Text.Json.JsonSerializer.Serialize(new SendWindow { From = from, To = to, Days = days, TimeZone = Utc, Local = local }, BroadcastJson.Options),
    });

    private static long At(string utc) => DateTimeOffset.Parse(utc + ":00Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
