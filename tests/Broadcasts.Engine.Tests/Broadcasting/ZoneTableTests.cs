using System.Globalization;
using NodaTime;
using Xunit;

namespace Broadcasts.Broadcasting;

/// <summary>The expected instants were worked out with another implementation of the same rules over the same data (Python's zoneinfo).</summary>
public sealed class ZoneTableTests
{
    [Theory]
    [InlineData("2026-03-29T02:30", "Europe/Madrid", "2026-03-29T01:30")]
    [InlineData("2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30")]
    [InlineData("2026-03-29T01:15", "Europe/London", "2026-03-29T01:15")]
    [InlineData("2026-10-25T01:15", "Europe/London", "2026-10-25T00:15")]
    [InlineData("2026-03-29T00:30", "Atlantic/Azores", "2026-03-29T01:30")]
    [InlineData("2026-10-25T00:30", "Atlantic/Azores", "2026-10-25T00:30")]
    [InlineData("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30")]
    [InlineData("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30")]
    [InlineData("2026-03-08T02:15", "America/St_Johns", "2026-03-08T05:45")]
    [InlineData("2026-11-01T01:15", "America/St_Johns", "2026-11-01T03:45")]
    [InlineData("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45")]
    [InlineData("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45")]
    [InlineData("2026-10-04T02:30", "Australia/Sydney", "2026-10-03T16:30")]
    [InlineData("2026-04-05T02:30", "Australia/Sydney", "2026-04-04T15:30")]
    [InlineData("2026-09-27T02:30", "Pacific/Auckland", "2026-09-26T14:30")]
    [InlineData("2026-04-05T02:30", "Pacific/Auckland", "2026-04-04T13:30")]
    [InlineData("2026-09-27T02:50", "Pacific/Chatham", "2026-09-26T14:05")]
    [InlineData("2026-04-05T02:50", "Pacific/Chatham", "2026-04-04T13:05")]
    [InlineData("2026-09-06T00:30", "America/Santiago", "2026-09-06T04:30")]
    [InlineData("2026-04-04T23:30", "America/Santiago", "2026-04-05T02:30")]
    [InlineData("2026-03-08T00:30", "America/Havana", "2026-03-08T05:30")]
    [InlineData("2026-11-01T00:30", "America/Havana", "2026-11-01T04:30")]
    [InlineData("2026-03-29T00:30", "Asia/Beirut", "2026-03-28T22:30")]
    [InlineData("2026-10-24T23:30", "Asia/Beirut", "2026-10-24T20:30")]
    [InlineData("2026-04-24T00:30", "Africa/Cairo", "2026-04-23T22:30")]
    [InlineData("2026-10-29T23:30", "Africa/Cairo", "2026-10-29T20:30")]
    [InlineData("2026-07-01T09:00", "Asia/Kathmandu", "2026-07-01T03:15")]
    [InlineData("2026-07-01T09:00", "Asia/Kolkata", "2026-07-01T03:30")]
    [InlineData("2026-07-01T09:00", "Australia/Eucla", "2026-07-01T00:15")]
    [InlineData("2026-07-01T09:00", "Asia/Tehran", "2026-07-01T05:30")]
    [InlineData("2026-07-01T09:00", "Pacific/Kiritimati", "2026-06-30T19:00")]
    [InlineData("2026-07-01T09:00", "Pacific/Pago_Pago", "2026-07-01T20:00")]
    [InlineData("2026-07-01T09:00", "Pacific/Apia", "2026-06-30T20:00")]
    [InlineData("2011-12-30T09:00", "Pacific/Apia", "2011-12-30T19:00")]
    [InlineData("1994-12-31T12:00", "Pacific/Kiritimati", "1994-12-31T22:00")]
    [InlineData("2010-07-01T09:00", "Europe/Moscow", "2010-07-01T05:00")]
    [InlineData("2026-07-01T09:00", "Europe/Moscow", "2026-07-01T06:00")]
    [InlineData("2026-07-01T09:00", "America/Sao_Paulo", "2026-07-01T12:00")]
    [InlineData("2018-11-04T00:30", "America/Sao_Paulo", "2018-11-04T03:30")]
    [InlineData("2026-07-01T09:00", "America/Mexico_City", "2026-07-01T15:00")]
    [InlineData("2021-07-01T09:00", "America/Mexico_City", "2021-07-01T14:00")]
    [InlineData("2026-07-01T09:00", "Europe/Istanbul", "2026-07-01T06:00")]
    [InlineData("2026-07-01T09:00", "Africa/Casablanca", "2026-07-01T08:00")]
    [InlineData("2026-07-01T09:00", "America/Nuuk", "2026-07-01T10:00")]
    [InlineData("2028-02-29T23:59", "America/Bogota", "2028-03-01T04:59")]
    public void At_LocalTimeInZone_IsTheInstantOfTheRule(string local, string zone, string utc)
    {
        var at = ScheduleTime.At(ScheduleTime.Parse(local)!.Value, DateTimeZoneProviders.Tzdb[zone]);

        Assert.Equal(utc, DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Anywhere_LocalTime_BeginsInKiritimatiAndEndsInTheLastZone()
    {
        var (first, last) = ScheduleTime.Anywhere(new LocalDateTime(2026, 7, 1, 9, 0));

        Assert.Equal(ScheduleTime.At(new LocalDateTime(2026, 7, 1, 9, 0), DateTimeZoneProviders.Tzdb["Pacific/Kiritimati"]), first);
        Assert.Equal(26, TimeSpan.FromMilliseconds(last - first).TotalHours);
    }
}
