using System.Globalization;
using Xunit;

namespace Broadcasts.Broadcasting;

public sealed class ScheduleTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("2026-12-24T18:00", "Europe/Madrid", "2026-12-24T17:00:00Z")]
    [InlineData("2026-07-24T18:00", "Europe/Madrid", "2026-07-24T16:00:00Z")]
    [InlineData("2026-12-24T18:00:30", "America/Bogota", "2026-12-24T23:00:30Z")]
    [InlineData("2026-12-24 18:00", "Asia/Kathmandu", "2026-12-24T12:15:00Z")]
    [InlineData("2026-02-28T23:59", "Etc/UTC", "2026-02-28T23:59:00Z")]
    // The hour that the clock skips: forward by the gap.
    [InlineData("2026-03-29T02:00", "Europe/Madrid", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-29T02:30", "Europe/Madrid", "2026-03-29T01:30:00Z")]
    [InlineData("2026-03-29T03:00", "Europe/Madrid", "2026-03-29T01:00:00Z")]
    [InlineData("2026-03-08T02:15", "America/New_York", "2026-03-08T07:15:00Z")]
    [InlineData("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00Z")]
    // A whole day can be skipped too, and midnight.
    [InlineData("2026-09-06T00:30", "America/Santiago", "2026-09-06T04:30:00Z")]
    // The hour that comes twice: the first one.
    [InlineData("2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30:00Z")]
    [InlineData("2026-10-25T03:00", "Europe/Madrid", "2026-10-25T02:00:00Z")]
    [InlineData("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z")]
    [InlineData("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00Z")]
    public void Resolve_LocalTime_IsItsInstant(string local, string zone, string expected)
    {
        var problem = ScheduleTime.Resolve(new BroadcastSchedule { LocalTime = local, TimeZone = zone }, Now, out var at);

        Assert.Null(problem);
        Assert.Equal(DateTimeOffset.Parse(expected, CultureInfo.InvariantCulture), at.ToUniversalTime());
    }

    [Theory]
    [InlineData("2026-12-24T18:00", "Europe/Atlantis", "schedule.timeZone", "unknownZone")]
    [InlineData("2026-12-24T18:00", "", "schedule.timeZone", "unknownZone")]
    [InlineData("2026-12-24T18:00", "CET+1", "schedule.timeZone", "unknownZone")]
    [InlineData("2026-02-30T18:00", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("2026-12-24T24:30", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("2026-12-24T18:00Z", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("2026-12-24T18:00+01:00", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("24/12/2026 18:00", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("tomorrow", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("", "Europe/Madrid", "schedule.at", "notATime")]
    [InlineData("2025-12-31T23:59", "Etc/UTC", "schedule.at", "past")]
    [InlineData("2026-01-01T00:00", "Etc/UTC", "schedule.at", "past")]
    public void Resolve_Wrong_SaysWhatAndWhere(string local, string zone, string path, string code)
    {
        var problem = ScheduleTime.Resolve(new BroadcastSchedule { LocalTime = local, TimeZone = zone }, Now, out _);

        Assert.Equal((path, code), (problem?.Path, problem?.Code));
    }

    [Fact]
    public void Resolve_Nothing_IsAProblemAndNoException()
    {
        Assert.Equal("unknownZone", ScheduleTime.Resolve(new BroadcastSchedule { LocalTime = null!, TimeZone = null! }, Now, out _)?.Code);
        Assert.Equal("notATime", ScheduleTime.Resolve(new BroadcastSchedule { LocalTime = null!, TimeZone = "Etc/UTC" }, Now, out _)?.Code);
    }
}
