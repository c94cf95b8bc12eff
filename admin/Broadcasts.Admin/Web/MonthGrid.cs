using System.Globalization;
using Broadcasts.Reporting;
using NodaTime;

namespace Broadcasts.Admin.Web;

/// <summary>A day of the calendar with what happens on it.</summary>
internal sealed record MonthDay(LocalDate Date, bool InMonth, IReadOnlyList<CalendarItem> Items);

/// <summary>A month as whole weeks, from the first weekday of the visitor's region.</summary>
internal sealed class MonthGrid
{
    private MonthGrid(YearMonth month, DateTimeZone zone)
    {
        Month = month;
        var first = month.OnDayOfMonth(1);
        var start = CultureInfo.CurrentCulture.DateTimeFormat.FirstDayOfWeek;
        From = first.PlusDays(-(((int)first.ToDateOnly().DayOfWeek - (int)start + 7) % 7));
        var last = first.PlusMonths(1).PlusDays(-1);
        Weeks = (Period.DaysBetween(From, last) / 7) + 1;
        Start = zone.AtStartOfDay(From).ToDateTimeOffset();
        End = zone.AtStartOfDay(From.PlusDays(Weeks * 7)).ToDateTimeOffset();
    }

    public YearMonth Month { get; }

    /// <summary>First day of the first week shown.</summary>
    public LocalDate From { get; }

    public int Weeks { get; }

    /// <summary>The instants that the whole grid covers; a day of a clock change has 23 or 25 hours.</summary>
    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    public IReadOnlyList<MonthDay> Days { get; private set; } = [];

    public string Title => Month.OnDayOfMonth(1).ToDateOnly().ToString("Y", CultureInfo.CurrentCulture);

    public static IEnumerable<string> DayNames
    {
        get
        {
            var format = CultureInfo.CurrentCulture.DateTimeFormat;
            return Enumerable.Range(0, 7).Select(i => format.AbbreviatedDayNames[((int)format.FirstDayOfWeek + i) % 7]);
        }
    }

    /// <summary>The month of an address such as <c>2026-11</c>; the present one for anything else.</summary>
    public static MonthGrid Of(string? month, Visitor visitor)
    {
        var parsed = NodaTime.Text.YearMonthPattern.Iso.Parse(month ?? "");
        var chosen = parsed.Success && parsed.Value.Year is > 1970 and < 9000 ? parsed.Value : visitor.Today.ToYearMonth();
        return new MonthGrid(chosen, visitor.Zone);
    }

    public string Text(int months) => Month.PlusMonths(months).ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public void Fill(IReadOnlyList<CalendarItem> items, DateTimeZone zone)
    {
        var byDay = items
            .OrderBy(i => i.From)
            .ToLookup(i => Instant.FromDateTimeOffset(i.From).InZone(zone).Date);
        Days = [.. Enumerable.Range(0, Weeks * 7).Select(n => From.PlusDays(n)).Select(d => new MonthDay(d, d.ToYearMonth() == Month, [.. byDay[d]]))];
    }
}
