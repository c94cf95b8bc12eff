using System.Text.Json;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using NodaTime;

namespace Broadcasts.Admin.Forms;

/// <summary>When a broadcast goes out, as a page's form gives it.</summary>
public sealed class ScheduleInput
{
    /// <summary><c>now</c> or <c>at</c>.</summary>
    public string When { get; set; } = "now";

    /// <summary>Local date and time in <see cref="Zone"/>.</summary>
    public string? At { get; set; }

    public string? Zone { get; set; }

    /// <summary>In each recipient's own zone.</summary>
    public bool Local { get; set; }

    public RepeatEvery? Every { get; set; }

    /// <summary>Days of the week by their English names.</summary>
    public string[]? Days { get; set; }

    public string? Until { get; set; }

    public int? Count { get; set; }

    public bool Has(DayOfWeek day) => Days?.Contains(day.ToString()) == true;

    internal static ScheduleInput Of(BroadcastRow row, Visitor visitor) => new()
    {
        When = row.ScheduledLocal is null ? "now" : "at",
        At = row.ScheduledLocal?[..Math.Min(16, row.ScheduledLocal.Length)] ?? Suggested(visitor),
        Zone = row.TimeZone ?? visitor.Zone.Id,
        Local = row.IsRecipientLocal,
        Every = row.Repeat?.Every,
        Days = row.Repeat?.Days?.Select(d => d.ToString()).ToArray(),
        Until = row.Repeat?.Until,
        Count = row.Repeat?.Count,
    };

    // No time where one was to be given is told as none that can be read.
    internal BroadcastSchedule ToSchedule() => When != "at" ? BroadcastSchedule.AtOnce : new() { LocalTime = string.IsNullOrWhiteSpace(At) ? " " : At, TimeZone = Zone ?? "", IsLocal = Local, RepeatJson = RepeatJson() };

    // A month's day is that of the first date.
    private string? RepeatJson() => Every is not { } unit ? null : JsonSerializer.Serialize(
        new RepeatRule
        {
            Every = unit,
            Days = unit == RepeatEvery.Week ? WindowInput.ReadDays(Days) : null,
            Day = unit == RepeatEvery.Month ? ScheduleTime.Parse(At)?.Day : null,
            Until = string.IsNullOrWhiteSpace(Until) ? null : Until,
            Count = Count,
        },
        BroadcastJson.Options);

    // The next full hour that is at least half an hour away.
    private static string Suggested(Visitor visitor)
    {
        var later = visitor.Now.Plus(Duration.FromMinutes(90)).InZone(visitor.Zone).LocalDateTime;
        return new LocalDateTime(later.Year, later.Month, later.Day, later.Hour, 0).ToString("yyyy-MM-dd'T'HH:mm", System.Globalization.CultureInfo.InvariantCulture);
    }
}
