using System.Text.Json;
using NodaTime;
using NodaTime.Text;

namespace Broadcasts.Broadcasting;

/// <summary>When messages may leave: days of the week and hours, as a person writes them. Quiet hours from 22:00 to 08:00 are the window from 08:00 to 22:00.</summary>
public sealed record SendWindow
{
    /// <summary>Days on which it opens; none given: every day.</summary>
    public DayOfWeek[]? Days { get; init; }

    /// <summary>Local time at which it opens: <c>08:00</c>.</summary>
    public string From { get; init; } = "";

    /// <summary>Local time at which it closes, exclusive. Earlier than <see cref="From"/>: on the next day; the same: after a whole day.</summary>
    public string To { get; init; } = "";

    /// <summary>IANA zone of the times; with <see cref="Local"/> the zone of those whose own is not known.</summary>
    public string TimeZone { get; init; } = "";

    /// <summary>True: in each recipient's own zone.</summary>
    public bool Local { get; init; }

    /// <summary>What was stored; null for none.</summary>
    public static SendWindow? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<SendWindow>(json, BroadcastJson.Options);

    /// <summary>What is wrong with a window that somebody wrote.</summary>
    internal static IEnumerable<Problem> Check(string? json)
    {
        if (json is null) yield break;
        var window = TryRead(json);
        if (window is null)
        {
            yield return new Problem("sendWindow", "notWindow", "A send window is {days, from, to, timeZone, local}.");
            yield break;
        }

        if (Time(window.From) is null) yield return new Problem("sendWindow.from", "notATimeOfDay", $"'{window.From}' is not a time of day. Write it like 08:00.", window.From);
        if (Time(window.To) is null) yield return new Problem("sendWindow.to", "notATimeOfDay", $"'{window.To}' is not a time of day. Write it like 22:00.", window.To);
        if (window.Days is { Length: 0 }) yield return new Problem("sendWindow.days", "neverOpens", "The window opens on no day. Choose at least one, or leave the days out for every day.");
        if (DateTimeZoneProviders.Tzdb.GetZoneOrNull(window.TimeZone) is null)
            yield return new Problem("sendWindow.timeZone", "unknownZone", $"'{window.TimeZone}' is not an IANA time zone. Write one like Europe/Madrid or America/Bogota.", window.TimeZone);
    }

    /// <summary>The moment from which messages may leave: now when it is open, else its next opening.</summary>
    /// <param name="zone">The zone whose clock counts.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal long OpensAt(DateTimeZone zone, long now) => Next(zone, now) is { } next ? Math.Max(now, next.Opens) : now;

    /// <summary>When the opening that is on, or the next one, is over. Unix milliseconds.</summary>
    internal long ClosesAt(DateTimeZone zone, long now) => Next(zone, now)?.Closes ?? long.MaxValue;

    private (long Opens, long Closes)? Next(DateTimeZone zone, long now)
    {
        var (from, to) = (Time(From) ?? LocalTime.Midnight, Time(To) ?? LocalTime.Midnight);
        var today = Instant.FromUnixTimeMilliseconds(now).InZone(zone).Date;
        // Yesterday's may still be open. A clock change can swallow one window whole, so a week and a day may not be enough.
        for (var offset = -1; offset <= 15; offset++)
        {
            var day = today.PlusDays(offset);
            if (Days is { Length: > 0 } days && !days.Contains((DayOfWeek)((int)day.DayOfWeek % 7))) continue;
            var opens = ScheduleTime.At(day + from, zone);
            var closes = ScheduleTime.At((to > from ? day : day.PlusDays(1)) + to, zone);
            if (closes > opens && now < closes) return (opens, closes);
        }

        return null;
    }

    private static SendWindow? TryRead(string json)
    {
        try
        {
            return Read(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static LocalTime? Time(string? text) => LocalTimePattern.CreateWithInvariantCulture("HH:mm").Parse(text ?? "") is { Success: true } parsed ? parsed.Value : null;
}
