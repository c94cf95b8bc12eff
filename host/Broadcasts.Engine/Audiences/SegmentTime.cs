using System.Globalization;
using NodaTime;

namespace Broadcasts.Audiences;

/// <summary>What the days and times of a rule mean as instants.</summary>
internal static class SegmentTime
{
    private const long DayMs = 86_400_000;

    /// <summary>From (inclusive) and to (exclusive) of a day in its zone, or of one instant, in Unix milliseconds.</summary>
    public static (long From, long To) Range(string value, string? zone)
    {
        if (value.Length > 10)
        {
            var at = DateTimeOffset.Parse(value, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
            return (at, at + 1);
        }

        var day = LocalDate.FromDateOnly(DateOnly.ParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture));
        var rules = Zone(zone);
        // The last day of the calendar has no next one to begin.
        var to = day == LocalDate.MaxIsoValue || day.Year == 9999 && day.Month == 12 && day.Day == 31 ? long.MaxValue : Start(day.PlusDays(1), rules);
        return (Start(day, rules), to);
    }

    /// <summary>First instant of "in the last N days".</summary>
    public static long Since(long nowMs, int days) => nowMs - days * DayMs;

    /// <summary>First and last day of "in the last N days", for fields that hold days.</summary>
    public static (string From, string To) LastDays(long nowMs, int days, string? zone)
    {
        var today = NodaTime.Instant.FromUnixTimeMilliseconds(nowMs).InZone(Zone(zone)).Date;
        return (Iso(today.PlusDays(-days)), Iso(today));
    }

    private static long Start(LocalDate day, DateTimeZone zone) => zone.AtStartOfDay(day).ToInstant().ToUnixTimeMilliseconds();

    private static DateTimeZone Zone(string? name) => name is null ? DateTimeZone.Utc : DateTimeZoneProviders.Tzdb[name];

    private static string Iso(LocalDate day) => day.ToDateOnly().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
