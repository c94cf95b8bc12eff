using System.Globalization;
using System.Text.Encodings.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Html;
using NodaTime;

namespace Broadcasts.Admin.Web;

/// <summary>How values look in the visitor's language and zone.</summary>
internal sealed class Show(Texts texts, Visitor visitor)
{
    private static CultureInfo Culture => CultureInfo.CurrentCulture;

    /// <summary>Date and time in the visitor's zone; UTC on hover.</summary>
    public IHtmlContent Time(long? unixMs) => unixMs is { } ms ? TimeTag(ms, TimeText(ms)) : Nothing;

    /// <inheritdoc cref="Time(long?)"/>
    public IHtmlContent Time(DateTimeOffset? at) => Time(at?.ToUnixTimeMilliseconds());

    /// <summary>Date and time as plain text.</summary>
    public string TimeText(long unixMs)
    {
        var local = visitor.Local(unixMs);
        var day = DayText(local.Date);
        return $"{day}, {local.TimeOfDay.ToString("t", Culture)}";
    }

    /// <summary>The time alone, for places that show the day already.</summary>
    public IHtmlContent Clock(long unixMs) => TimeTag(unixMs, visitor.Local(unixMs).TimeOfDay.ToString("t", Culture));

    public string ClockText(long unixMs) => visitor.Local(unixMs).TimeOfDay.ToString("t", Culture);

    /// <summary>The time with its seconds, and the day where it is not today.</summary>
    public string MomentText(long unixMs)
    {
        var local = visitor.Local(unixMs);
        var clock = local.TimeOfDay.ToString("T", Culture);
        return local.Date == visitor.Today ? clock : $"{DayText(local.Date)}, {clock}";
    }

    /// <summary>Today, Yesterday, Tomorrow, or the date; the year only when it is another.</summary>
    public string DayText(LocalDate date)
    {
        var today = visitor.Today;
        return Period.DaysBetween(today, date) switch
        {
            0 => texts["Time.Today"],
            1 => texts["Time.Tomorrow"],
            -1 => texts["Time.Yesterday"],
            _ => date.Year == today.Year
                ? date.ToDateOnly().ToString(texts["Time.DayFormat"], Culture)
                : date.ToDateOnly().ToString(texts["Time.DayYearFormat"], Culture),
        };
    }

    /// <summary>How far away: <c>in 3 min</c>.</summary>
    public string Duration(TimeSpan span) => span switch
    {
        { TotalSeconds: < 60 } => texts["Time.Seconds", Math.Max(1, (int)span.TotalSeconds)],
        { TotalMinutes: < 60 } => texts["Time.Minutes", (int)span.TotalMinutes],
        { TotalHours: < 24 } => texts["Time.Hours", (int)span.TotalHours, span.Minutes],
        _ => texts["Time.Days", (int)span.TotalDays, span.Hours],
    };

    /// <summary>A language's name in the visitor's own, with its code where the name is none.</summary>
    public static string Language(string code)
    {
        try
        {
            var name = CultureInfo.GetCultureInfo(code).DisplayName;
            return name.Length == 0 ? code : char.ToUpper(name[0], Culture) + name[1..];
        }
        catch (CultureNotFoundException)
        {
            return code;
        }
    }

    /// <summary>A day of the week, short.</summary>
    public static string Day(DayOfWeek day) => Culture.DateTimeFormat.GetAbbreviatedDayName(day);

    /// <summary>When messages may leave: <c>Mon, Tue 08:00–22:00, Europe/Madrid</c>.</summary>
    public string Window(SendWindow window) => string.Join(' ', new[]
    {
        window.Days is { Length: > 0 } days ? string.Join(", ", days.Select(Day)) : "",
        $"{window.From}–{window.To},",
        window.Local ? texts["Window.Local", window.TimeZone] : window.TimeZone,
    }.Where(t => t.Length > 0));

    /// <summary>When it comes again.</summary>
    public string Repeat(RepeatRule rule) => string.Join(", ", new[]
    {
        rule.Every switch
        {
            RepeatEvery.Week => texts["Repeat.OnDays", string.Join(", ", (rule.Days ?? []).Select(Day))],
            RepeatEvery.Month => texts["Repeat.OnDay", rule.Day],
            _ => texts["Repeat.Day"],
        },
        rule.Until is { } until ? texts["Repeat.Until", until] : "",
        rule.Count is { } count ? texts["Repeat.Times", count] : "",
    }.Where(t => t.Length > 0));

    /// <summary>How much too late; empty below a minute.</summary>
    public string Late(BroadcastRow row) => row.LateBy(visitor.Now.ToDateTimeOffset()) is { TotalMinutes: >= 1 } late ? texts["Late.By", Duration(late)] : "";

    public static string Number(long? number) => number?.ToString("N0", Culture) ?? "–";

    /// <summary>A number of percent.</summary>
    public static string PercentText(double percent) => (percent / 100).ToString("P1", Culture);

    /// <summary>A share of a whole; a part of nothing is a dash, not zero.</summary>
    public static string Percent(long part, long whole) =>
        whole == 0 ? "–" : ((double)part / whole).ToString(part == 0 || part == whole || (double)part / whole >= 0.1 ? "P0" : "P1", Culture);

    public string Rate(SendRate? rate) => rate is null ? texts["Rate.AsSoonAsPossible"] : rate.PerMs switch
    {
        1000 => texts["Rate.PerSecond", Number(rate.Count)],
        60_000 => texts["Rate.PerMinute", Number(rate.Count)],
        3_600_000 => texts["Rate.PerHour", Number(rate.Count)],
        86_400_000 => texts["Rate.PerDay", Number(rate.Count)],
        _ => texts["Rate.Per", Number(rate.Count), Duration(TimeSpan.FromMilliseconds(rate.PerMs))],
    };

    public string PerSecond(double rate) => texts["Rate.PerSecond", rate.ToString(rate < 10 ? "0.#" : "N0", Culture)];

    /// <summary>What the audit keeps beside an action, as people read it.</summary>
    public string AuditDetail(AuditEntry entry) => entry.Action switch
    {
        "broadcast.rate" => entry.Detail?.Split(' ') is [var count, "per", var ms, "ms"] && int.TryParse(count, out var messages) && long.TryParse(ms, out var per) ? Rate(new SendRate(messages, per)) : Rate(null),
        "broadcast.schedule" => entry.Detail is { Length: > 10 } at ? $"{at[..10]} {at[11..]}" : "",
        // Why it failed or was paused stands above, in the visitor's words.
        "broadcast.fail" or "broadcast.pause" => "",
        _ => texts.Said(entry.Told, null, entry.Detail ?? ""),
    };

    /// <summary>A template's text with its places marked, so that nobody takes them for words.</summary>
    public static IHtmlContent Template(string text)
    {
        var html = new HtmlContentBuilder();
        var at = 0;
        while (text.IndexOf("{{", at, StringComparison.Ordinal) is var open && open >= 0 && text.IndexOf("}}", open, StringComparison.Ordinal) is var close && close > 0)
        {
            html.Append(text[at..open]).AppendHtml("<span class=\"var\">").Append(text[(open + 2)..close].Trim(' ', '-')).AppendHtml("</span>");
            at = close + 2;
        }

        return html.Append(text[at..]);
    }

    /// <summary>One side of two texts: what is the same, and what was taken out of the first or put into the second.</summary>
    public static IHtmlContent Diff(IEnumerable<DiffPiece> pieces, DiffKind side)
    {
        var html = new HtmlContentBuilder();
        foreach (var piece in pieces.Where(p => p.Kind == DiffKind.Same || p.Kind == side))
        {
            if (piece.Kind == DiffKind.Same) html.Append(piece.Text);
            else html.AppendHtml(side == DiffKind.Deleted ? "<del>" : "<ins>").Append(piece.Text).AppendHtml(side == DiffKind.Deleted ? "</del>" : "</ins>");
        }

        return html;
    }

    /// <summary>One or two letters for a name.</summary>
    public static string Initials(string name)
    {
        var words = name.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length switch { 0 => "?", 1 => words[0][..1], _ => words[0][..1] + words[^1][..1] };
    }

    /// <summary>A file's size.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1024 => string.Create(Culture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(Culture, $"{bytes / 1024.0:0} kB"),
        _ => string.Create(Culture, $"{bytes / 1024.0 / 1024.0:0.0} MB"),
    };

    /// <summary>Status by icon and text, never by colour alone.</summary>
    public IHtmlContent Status(BroadcastStatus status) => Badge($"s-{status.ToString().ToLowerInvariant()}", IconOf(status), texts.Of(status));

    public IHtmlContent Status(DeliveryStatus status) => Badge($"d-{status.ToString().ToLowerInvariant()}", IconOf(status), texts.Of(status));

    public static IHtmlContent Badge(string tone, string icon, string text)
    {
        var html = new HtmlContentBuilder();
        html.AppendHtml("<span class=\"status ").Append(tone).AppendHtml("\">").AppendHtml(Icon.Of(icon));
        html.AppendHtml("<span>").Append(text).AppendHtml("</span></span>");
        return html;
    }

    /// <summary>A reason in the visitor's words.</summary>
    public string Reason(string? reason) => reason is null ? "" : texts.Has($"Reason.{reason}") ? texts[$"Reason.{reason}"] : reason;

    /// <summary>Why a test message did not go out.</summary>
    public string WhyNot(TestResult result) => result.Problem is { } problem
        ? texts.Place(problem) + texts.Problem(problem)
        : string.Join(" · ", new[] { Reason(result.Reason), result.Code, result.Detail }.Where(t => !string.IsNullOrEmpty(t)));

    /// <summary>What to do about a reason; empty when nothing can be done.</summary>
    public string Remedy(string? reason) => reason is not null && texts.Has($"Remedy.{reason}") ? texts[$"Remedy.{reason}"] : "";

    public static string IconOf(BroadcastStatus status) => status switch
    {
        BroadcastStatus.Draft => "pencil",
        BroadcastStatus.Scheduled => "clock",
        BroadcastStatus.InProgress => "live",
        BroadcastStatus.Paused => "pause",
        BroadcastStatus.Completed => "check",
        BroadcastStatus.Cancelled => "ban",
        _ => "alert",
    };

    public static string IconOf(DeliveryStatus status) => status switch
    {
        DeliveryStatus.Pending => "clock",
        DeliveryStatus.Sending => "live",
        DeliveryStatus.Sent => "check",
        DeliveryStatus.Delivered => "checks",
        DeliveryStatus.Read => "eye",
        DeliveryStatus.Failed => "alert",
        DeliveryStatus.Skipped => "skip",
        _ => "question",
    };

    private static IHtmlContent Nothing { get; } = new HtmlString("<span class=\"nothing\">–</span>");

    private static HtmlString TimeTag(long unixMs, string text)
    {
        var utc = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
        var encode = HtmlEncoder.Default;
        return new(
            $"<time datetime=\"{utc.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)}\" "
            + $"title=\"{utc.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC\">{encode.Encode(text)}</time>");
    }
}
