using System.Globalization;
using NodaTime;
using NodaTime.Text;
using NodaTime.TimeZones;

namespace Broadcasts.Broadcasting;

/// <summary>Turns a local time in a zone into an instant. In the hour that a clock skips the time moves forward by the gap; in the hour that comes twice it is the first one.</summary>
internal static class ScheduleTime
{
    private static readonly ZoneLocalMappingResolver Resolver = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnForwardShifted);

    private static readonly LocalDateTimePattern[] Patterns =
    [
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm"),
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss"),
        LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm"),
    ];

    /// <summary>The instant, or what is wrong.</summary>
    public static Problem? Resolve(BroadcastSchedule schedule, DateTimeOffset now, out DateTimeOffset at)
    {
        at = default;
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(schedule.TimeZone ?? "") is not { } zone)
            return new Problem("schedule.timeZone", "unknownZone", $"'{schedule.TimeZone}' is not an IANA time zone. Write one like Europe/Madrid or America/Bogota.", schedule.TimeZone ?? "");
        var parsed = Patterns.Select(p => p.Parse(schedule.LocalTime ?? "")).FirstOrDefault(p => p.Success);
        if (parsed is null)
            return new Problem("schedule.at", "notATime", $"'{schedule.LocalTime}' is not a local date and time. Write it like 2026-12-24T18:00, without an offset: the zone says the rest.", schedule.LocalTime ?? "");
        at = parsed.Value.InZone(zone, Resolver).ToDateTimeOffset();
        return at <= now
            ? new Problem("schedule.at", "past", string.Create(CultureInfo.InvariantCulture, $"{schedule.LocalTime} in {schedule.TimeZone} is over ({at.ToUniversalTime():yyyy-MM-dd HH:mm} UTC). Choose a later time or send now."), schedule.LocalTime ?? "")
            : null;
    }
}
