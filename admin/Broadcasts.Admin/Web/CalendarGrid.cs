using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using NodaTime;
using NodaTime.Text;

namespace Broadcasts.Admin.Web;

/// <summary>How much of the calendar is seen.</summary>
internal enum CalendarScale
{
    Month,
    Week,

    /// <summary>The days of a month that have something, one below the other.</summary>
    Agenda,
}

/// <summary>A broadcast on one day.</summary>
/// <param name="Item">The broadcast.</param>
/// <param name="IsContinued">It began on an earlier day.</param>
internal readonly record struct DayEvent(CalendarItem Item, bool IsContinued);

/// <summary>A day of the calendar with what happens on it.</summary>
internal sealed record CalendarDay(LocalDate Date, bool IsInside, IReadOnlyList<DayEvent> Events);

/// <summary>A month as whole weeks, or one week, from the first weekday of the visitor's region.</summary>
internal sealed class CalendarGrid
{
    private readonly LocalDate _day;

    private CalendarGrid(CalendarScale scale, LocalDate day, DateTimeZone zone)
    {
        (Scale, _day) = (scale, day);
        var (first, last) = scale == CalendarScale.Week ? (day, day) : (day.With(DateAdjusters.StartOfMonth), day.With(DateAdjusters.EndOfMonth));
        From = WeekStart(first);
        Weeks = (Period.DaysBetween(From, last) / 7) + 1;
        Start = zone.AtStartOfDay(From).ToDateTimeOffset();
        End = zone.AtStartOfDay(From.PlusDays(Weeks * 7)).ToDateTimeOffset();
    }

    public CalendarScale Scale { get; }

    /// <summary>First day shown.</summary>
    public LocalDate From { get; }

    public int Weeks { get; }

    /// <summary>The instants that the whole grid covers; a day of a clock change has 23 or 25 hours.</summary>
    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    public IReadOnlyList<CalendarDay> Days { get; private set; } = [];

    public bool IsEmpty => Days.All(d => !d.IsInside || d.Events.Count == 0);

    public string Title
    {
        get
        {
            var culture = CultureInfo.CurrentCulture;
            if (Scale != CalendarScale.Week) return _day.ToDateOnly().ToString("Y", culture);
            var (first, last) = (From.ToDateOnly(), From.PlusDays(6).ToDateOnly());
            return $"{first.ToString("m", culture)} \u2013 {last.ToString("m", culture)}, {last.Year}";
        }
    }

    public static IEnumerable<string> DayNames
    {
        get
        {
            var format = CultureInfo.CurrentCulture.DateTimeFormat;
            return Enumerable.Range(0, 7).Select(i => format.AbbreviatedDayNames[((int)format.FirstDayOfWeek + i) % 7]);
        }
    }

    /// <summary>The month or the week of an address such as <c>2026-11</c> or <c>2026-11-23</c>; the present one for anything else.</summary>
    public static CalendarGrid Of(CalendarScale scale, string? on, Visitor visitor) => new(scale, DayOf(on) ?? visitor.Today, visitor.Zone);

    /// <summary>A day of an address; the first one of a month; null for anything else, and for years that no calendar shows.</summary>
    public static LocalDate? DayOf(string? text)
    {
        LocalDate? day = LocalDatePattern.Iso.Parse(text ?? "") is { Success: true } date ? date.Value
            : YearMonthPattern.Iso.Parse(text ?? "") is { Success: true } month ? month.Value.OnDayOfMonth(1)
            : null;
        return day is { Year: > 1970 and < 9000 } ? day : null;
    }

    /// <summary>The address of the same scale, so many steps away.</summary>
    public string Text(int steps) => Scale == CalendarScale.Week
        ? From.PlusWeeks(steps).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)
        : _day.PlusMonths(steps).ToString("yyyy-MM", CultureInfo.InvariantCulture);

    /// <summary>Puts each broadcast on the days that it touches.</summary>
    public void Fill(IReadOnlyList<CalendarItem> items, DateTimeZone zone, DateTimeOffset now)
    {
        var byDay = items.OrderBy(i => i.From).SelectMany(i => DaysOf(i, zone, now)).ToLookup(e => e.Day, e => e.Event);
        Days = [.. Enumerable.Range(0, Weeks * 7).Select(n => From.PlusDays(n)).Select(d => new CalendarDay(d, IsInside(d), [.. byDay[d]]))];
    }

    private bool IsInside(LocalDate day) => Scale == CalendarScale.Week || day.ToYearMonth() == _day.ToYearMonth();

    private IEnumerable<(LocalDate Day, DayEvent Event)> DaysOf(CalendarItem item, DateTimeZone zone, DateTimeOffset now)
    {
        var first = DayIn(item.From, zone);
        var last = DayIn(item.To ?? (item.Status == BroadcastStatus.InProgress ? now : item.From), zone);
        for (var day = LocalDate.Max(first, From); day <= last && day < From.PlusWeeks(Weeks); day = day.PlusDays(1)) yield return (day, new(item, day > first));
    }

    private static LocalDate DayIn(DateTimeOffset at, DateTimeZone zone) => Instant.FromDateTimeOffset(at).InZone(zone).Date;

    private static LocalDate WeekStart(LocalDate day) =>
        day.PlusDays(-(((int)day.ToDateOnly().DayOfWeek - (int)CultureInfo.CurrentCulture.DateTimeFormat.FirstDayOfWeek + 7) % 7));
}
