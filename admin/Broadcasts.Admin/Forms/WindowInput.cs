using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>A send window as the page's form gives it: empty times are no window.</summary>
public sealed class WindowInput
{
    public string? From { get; set; }

    public string? To { get; set; }

    public string? Zone { get; set; }

    public bool Local { get; set; }

    /// <summary>Days of the week by their English names; none: every day.</summary>
    public string[]? Days { get; set; }

    /// <summary>Monday first.</summary>
    public static IReadOnlyList<DayOfWeek> Week { get; } = [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday, DayOfWeek.Saturday, DayOfWeek.Sunday];

    public bool Has(DayOfWeek day) => Days?.Contains(day.ToString()) == true;

    internal static WindowInput Of(SendWindow? window, string zone) => window is null
        ? new() { Zone = zone }
        : new() { From = window.From, To = window.To, Zone = window.TimeZone, Local = window.Local, Days = window.Days?.Select(d => d.ToString()).ToArray() };

    internal SendWindow? ToWindow() => string.IsNullOrWhiteSpace(From) && string.IsNullOrWhiteSpace(To)
        ? null
        : new() { From = From ?? "", To = To ?? "", TimeZone = Zone ?? "", Local = Local, Days = ReadDays(Days) };

    internal static DayOfWeek[]? ReadDays(string[]? days) =>
        days is { Length: > 0 } ? [.. Week.Where(d => days.Contains(d.ToString()))] : null;
}
