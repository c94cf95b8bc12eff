using System.Globalization;
using NodaTime;
using Xunit;

namespace Broadcasts.Broadcasting;

public sealed class SendWindowTests
{
    private static readonly DayOfWeek[] WorkDays = [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday];

    [Theory]
    // 2026-11-23 is a Monday; Madrid is an hour ahead of UTC.
    [InlineData("08:00", "22:00", false, "2026-11-23T06:59", "2026-11-23T07:00")]
    [InlineData("08:00", "22:00", false, "2026-11-23T07:00", "2026-11-23T07:00")]
    [InlineData("08:00", "22:00", false, "2026-11-23T20:59", "2026-11-23T20:59")]
    [InlineData("08:00", "22:00", false, "2026-11-23T21:00", "2026-11-24T07:00")]
    [InlineData("20:00", "02:00", false, "2026-11-23T00:30", "2026-11-23T00:30")]
    [InlineData("20:00", "02:00", false, "2026-11-23T01:00", "2026-11-23T19:00")]
    [InlineData("09:00", "17:00", true, "2026-11-27T16:00", "2026-11-30T08:00")]
    [InlineData("09:00", "17:00", true, "2026-11-28T10:00", "2026-11-30T08:00")]
    // Friday's night goes on into Saturday; Sunday's belongs to Sunday.
    [InlineData("20:00", "02:00", true, "2026-11-28T00:30", "2026-11-28T00:30")]
    [InlineData("20:00", "02:00", true, "2026-11-28T01:30", "2026-11-30T19:00")]
    [InlineData("00:00", "00:00", true, "2026-11-28T12:00", "2026-11-29T23:00")]
    // The clock skips 02:00 to 03:00 on 29 March: the window opens at 03:30, when 02:30 would have been; one that ends with the gap is swallowed whole.
    [InlineData("02:30", "04:00", false, "2026-03-29T00:00", "2026-03-29T01:30")]
    [InlineData("02:00", "03:00", false, "2026-03-29T00:30", "2026-03-30T00:00")]
    // It goes through 02:00 to 03:00 twice on 25 October: from the first 02:30.
    [InlineData("02:30", "04:00", false, "2026-10-25T00:00", "2026-10-25T00:30")]
    public void OpensAt_InMadrid_IsNowOrTheNextOpening(string from, string to, bool workDays, string now, string expected)
    {
        var window = new SendWindow { From = from, To = to, TimeZone = "Europe/Madrid", Days = workDays ? WorkDays : null };

        var opens = window.OpensAt(DateTimeZoneProviders.Tzdb["Europe/Madrid"], Ms(now));

        Assert.Equal(expected, DateTimeOffset.FromUnixTimeMilliseconds(opens).ToString("yyyy-MM-dd'T'HH:mm", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("""{"from":"8","to":"22:00","timeZone":"Europe/Madrid"}""", "sendWindow.from", "notATimeOfDay")]
    [InlineData("""{"from":"08:00","to":"25:00","timeZone":"Europe/Madrid"}""", "sendWindow.to", "notATimeOfDay")]
    [InlineData("""{"from":"08:00","to":"22:00","timeZone":"Europe/Atlantis"}""", "sendWindow.timeZone", "unknownZone")]
    [InlineData("""{"from":"08:00","to":"22:00","timeZone":"Europe/Madrid","days":[]}""", "sendWindow.days", "neverOpens")]
    [InlineData("""{"days":"monday"}""", "sendWindow", "notWindow")]
    public void Check_Wrong_SaysWhatAndWhere(string json, string path, string code) =>
        Assert.Contains(SendWindow.Check(json), p => (p.Path, p.Code) == (path, code));

    private static long Ms(string utc) => DateTimeOffset.Parse(utc + "Z", CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
