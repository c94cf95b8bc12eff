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

    /// <summary>The local time that somebody wrote; null when it is none.</summary>
    public static LocalDateTime? Parse(string? text) => Patterns.Select(p => p.Parse(text ?? "")).FirstOrDefault(p => p.Success)?.Value;

    /// <summary>The instant of a local time in a zone, Unix milliseconds.</summary>
    public static long At(LocalDateTime local, DateTimeZone zone) => local.InZone(zone, Resolver).ToInstant().ToUnixTimeMilliseconds();

    /// <summary>The first and the last instant at which it is that local time anywhere, Unix milliseconds.</summary>
    public static (long First, long Last) Anywhere(LocalDateTime local)
    {
        var all = DateTimeZoneProviders.Tzdb.Ids.Select(id => At(local, DateTimeZoneProviders.Tzdb[id])).ToList();
        return (all.Min(), all.Max());
    }

    /// <summary>When a scheduled broadcast begins at a local time: in its zone, or where that time comes first.</summary>
    public static long StartOf(LocalDateTime local, Broadcast broadcast) =>
        broadcast.RecipientLocal == 1 ? Anywhere(local).First : At(local, DateTimeZoneProviders.Tzdb.GetZoneOrNull(broadcast.TimeZone ?? "") ?? DateTimeZone.Utc);

    /// <summary>The instant at which to begin, or what is wrong.</summary>
    public static Problem? Resolve(BroadcastSchedule schedule, DateTimeOffset now, out DateTimeOffset at)
    {
        at = default;
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(schedule.TimeZone ?? "") is not { } zone)
            return new Problem("schedule.timeZone", "unknownZone", $"'{schedule.TimeZone}' is not an IANA time zone. Write one like Europe/Madrid or America/Bogota.", schedule.TimeZone ?? "");
        if (Parse(schedule.LocalTime) is not { } local)
            return new Problem("schedule.at", "notATime", $"'{schedule.LocalTime}' is not a local date and time. Write it like 2026-12-24T18:00, without an offset: the zone says the rest.", schedule.LocalTime ?? "");
        var (first, last) = schedule.IsLocal ? Anywhere(local) : (At(local, zone), At(local, zone));
        // Where it is that time already somewhere, it begins now.
        at = DateTimeOffset.FromUnixTimeMilliseconds(schedule.IsLocal ? Math.Max(first, now.ToUnixTimeMilliseconds()) : first);
        var end = DateTimeOffset.FromUnixTimeMilliseconds(last);
        return end <= now
            ? new Problem("schedule.at", "past", string.Create(CultureInfo.InvariantCulture, $"{schedule.LocalTime} in {schedule.TimeZone} is over ({end:yyyy-MM-dd HH:mm} UTC). Choose a later time or send now."), schedule.LocalTime ?? "")
            : null;
    }

    /// <summary>The same of the first occurrence, where it comes again.</summary>
    public static Problem? ResolveFirst(BroadcastSchedule schedule, DateTimeOffset now, out DateTimeOffset at)
    {
        at = default;
        return RepeatRule.Resolve(schedule, out var first) ?? Resolve(first, now, out at);
    }

    /// <summary>When a broadcast begins: at its time, at the one that its draft was given, or now.</summary>
    public static DateTimeOffset BeginOf(Broadcast broadcast, DateTimeOffset now) =>
        broadcast.State != BroadcastStatus.Draft ? (broadcast.ScheduledAt is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : now)
        : broadcast.ReadSchedule() is { IsAtOnce: false } schedule && ResolveFirst(schedule, now, out var at) is null ? at
        : now;

    /// <summary>What is wrong when a broadcast expires before it begins.</summary>
    public static Problem? Expiry(Broadcast broadcast, DateTimeOffset at) => broadcast.ExpiresAt <= at.ToUnixTimeMilliseconds()
        ? new Problem("expiresAt", "expiresFirst", "It expires before it begins: nothing would be sent. Move the expiry or the time.")
        : null;
}
