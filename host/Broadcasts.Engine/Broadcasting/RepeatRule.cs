using System.Globalization;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;

namespace Broadcasts.Broadcasting;

/// <summary>The length of time after which a broadcast comes again.</summary>
public enum RepeatEvery
{
    Day,
    Week,
    Month,
}

/// <summary>When a broadcast comes again, at the local time of its schedule. Each occurrence is a broadcast of its own.</summary>
public sealed record RepeatRule
{
    // Long enough to find the next 31st or the next Monday; a month has one occurrence.
    private const int MostDaysApart = 31;

    /// <summary>The unit.</summary>
    public RepeatEvery Every { get; init; }

    /// <summary>For weeks: on which days.</summary>
    public DayOfWeek[]? Days { get; init; }

    /// <summary>For months: the day, 1 to 31; in a shorter month its last one.</summary>
    public int? Day { get; init; }

    /// <summary>The last date on which it may come, local: <c>2027-01-31</c>. None: no end.</summary>
    public string? Until { get; init; }

    /// <summary>How often it comes in all, from 1. None: no end.</summary>
    public int? Count { get; init; }

    /// <summary>What was stored; null for once.</summary>
    public static RepeatRule? Read(string? json) => json is null ? null : JsonSerializer.Deserialize<RepeatRule>(json, BroadcastJson.Options);

    /// <summary>What is wrong with a rule that somebody wrote; the schedule with its first occurrence when nothing is.</summary>
    internal static Problem? Resolve(BroadcastSchedule schedule, out BroadcastSchedule first)
    {
        first = schedule;
        if (schedule.RepeatJson is null) return null;
        var rule = TryRead(schedule.RepeatJson);
        if (rule is null) return new Problem("schedule.repeat", "notRepeat", "A repetition is {every: day | week | month, days, day, until, count}.");
        if (rule.Every == RepeatEvery.Week && rule.Days is not { Length: > 0 }) return new Problem("schedule.repeat.days", "repeatDays", "Choose the days of the week on which it comes.");
        if (rule.Every == RepeatEvery.Month && rule.Day is not (>= 1 and <= 31)) return new Problem("schedule.repeat.day", "repeatDay", "Choose the day of the month, 1 to 31; 31 is the last day of each month.");
        if (rule.Count is < 1) return new Problem("schedule.repeat.count", "repeatCount", "It comes at least once: give a count from 1, or none.");
        if (rule.Until is not null && rule.Last is null) return new Problem("schedule.repeat.until", "notADate", $"'{rule.Until}' is not a date. Write it like 2027-01-31.", rule.Until);
        // What is no local time is told by the schedule's own check.
        if (ScheduleTime.Parse(schedule.LocalTime) is not { } at) return null;
        if (rule.From(at) is not { } start) return new Problem("schedule.repeat", "noOccurrence", "The repetition never comes: its last date is before its first day.");
        first = schedule with { LocalTime = Text(start) };
        return null;
    }

    /// <summary>The occurrence after one; null when that was the last.</summary>
    /// <param name="current">Local time of an occurrence.</param>
    /// <param name="done">Occurrences up to and with it.</param>
    internal LocalDateTime? After(LocalDateTime current, int done) => done >= Count ? null : From(current.PlusDays(1));

    internal static string Text(LocalDateTime local) => local.ToString("uuuu-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);

    private LocalDateTime? From(LocalDateTime at)
    {
        for (var offset = 0; offset <= MostDaysApart; offset++)
        {
            var day = at.PlusDays(offset);
            if (Last is { } last && day.Date > last) return null;
            if (Comes(day.Date)) return day;
        }

        return null;
    }

    private bool Comes(LocalDate date) => Every switch
    {
        RepeatEvery.Week => Days!.Contains((DayOfWeek)((int)date.DayOfWeek % 7)),
        RepeatEvery.Month => date.Day == Math.Min(Day!.Value, date.Calendar.GetDaysInMonth(date.Year, date.Month)),
        _ => true,
    };

    private LocalDate? Last => LocalDatePattern.Iso.Parse(Until ?? "") is { Success: true } parsed ? parsed.Value : null;

    private static RepeatRule? TryRead(string json)
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
}
