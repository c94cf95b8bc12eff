using System.Globalization;
using NodaTime;

namespace Broadcasts.Templates;

/// <summary>One value while a template is rendered: a contact's text as it is stored, or the result of an expression.</summary>
/// <remarks>
/// Stored text is carried as it is and understood only by those who ask for a number or a time, so a row is filled without parsing.
/// Missing and faulty values are values too: they travel through filters until somebody prints them or falls back.
/// </remarks>
internal readonly struct TemplateValue
{
    private readonly object? _content;
    private readonly long _bits;

    private TemplateValue(ValueKind kind, object? content, long bits = 0)
    {
        Kind = kind;
        _content = content;
        _bits = bits;
    }

    private enum ValueKind : byte { Missing, Failed, Text, Number, Boolean, Date, Time, Moment }

    private ValueKind Kind { get; }

    /// <summary>No value, or blank. <see cref="Failure"/> says which variable it was.</summary>
    public bool IsMissing => Kind == ValueKind.Missing;

    /// <summary>An expression that can't be worked out for this recipient.</summary>
    public bool IsFaulty => Kind == ValueKind.Failed;

    public bool IsMissingOrFaulty => Kind <= ValueKind.Failed;

    /// <summary>Missing, or a text without a visible character.</summary>
    public bool IsBlank => Kind == ValueKind.Missing || (_content is string text && string.IsNullOrWhiteSpace(text));

    /// <summary>Why this can't be printed; null for a value, and for a blank that nobody has read by name.</summary>
    public RenderFailure? Failure => _content as RenderFailure;

    public static TemplateValue Missing(MissingValue where) => new(ValueKind.Missing, where);
    public static TemplateValue Faulty(Faulty what) => new(ValueKind.Failed, what);
    public static TemplateValue Of(string text) => new(ValueKind.Text, text);
    public static TemplateValue Of(decimal number) => new(ValueKind.Number, number);
    public static TemplateValue Of(bool truth) => new(ValueKind.Boolean, null, truth ? 1 : 0);
    public static TemplateValue Of(DateOnly day) => new(ValueKind.Date, null, day.DayNumber);
    public static TemplateValue Of(TimeOnly time) => new(ValueKind.Time, null, time.Ticks);
    public static TemplateValue Of(DateTimeOffset moment) => new(ValueKind.Moment, null, moment.UtcTicks);

    /// <summary>Text out of the database; null and blank are missing.</summary>
    public static TemplateValue Stored(string? text, TemplateValueType type) => string.IsNullOrWhiteSpace(text) ? default : new(KindOf(type), text);

    /// <summary>The value without any filter: as stored, otherwise in the spelling that we would store.</summary>
    public string ToText(RenderValues row) => _content switch
    {
        string stored => stored,
        decimal number => number.ToString(CultureInfo.InvariantCulture),
        _ => Kind switch
        {
            ValueKind.Boolean => _bits != 0 ? "true" : "false",
            ValueKind.Date => DateOnly.FromDayNumber((int)_bits).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            ValueKind.Time => new TimeOnly(_bits).ToString("HH:mm", CultureInfo.InvariantCulture),
            ValueKind.Moment => Local(_bits, row.Zone).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            _ => "",
        },
    };

    /// <summary>What <c>if</c> makes of it: a yes/no value is itself, anything else is true when there is something.</summary>
    public bool IsTrue => Kind switch
    {
        ValueKind.Missing or ValueKind.Failed => false,
        ValueKind.Boolean => TryBoolean(out var truth) && truth,
        _ => !IsBlank,
    };

    public bool TryNumber(out decimal number)
    {
        switch (_content)
        {
            case decimal exact:
                number = exact;
                return true;
            // No thousands separator: "1,5" would silently be fifteen.
            case string text when Kind is ValueKind.Number or ValueKind.Text:
                const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint
                    | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite;
                return decimal.TryParse(text, Plain, CultureInfo.InvariantCulture, out number);
            default:
                number = 0;
                return false;
        }
    }

    /// <summary>The wall clock at the recipient; <c>wholeDay</c> when it is a day without a time.</summary>
    public bool TryLocalTime(RenderValues row, out DateTime local, out bool wholeDay)
    {
        wholeDay = Kind == ValueKind.Date;
        switch (Kind)
        {
            case ValueKind.Date when _content is null:
                local = DateOnly.FromDayNumber((int)_bits).ToDateTime(default);
                return true;
            case ValueKind.Time when _content is null:
                local = DateTime.UnixEpoch.AddTicks(_bits);
                return true;
            case ValueKind.Moment when _content is null:
                local = Local(_bits, row.Zone);
                return true;
            default:
                local = default;
                return _content is string text && TryParseTime(text.Trim(), row.Zone, out local, out wholeDay);
        }
    }

    /// <summary>Whether two values are the same to a reader: numbers by size, times by the clock, words without case.</summary>
    public static bool AreEqual(in TemplateValue a, in TemplateValue b, RenderValues row)
    {
        if (a.IsBlank || b.IsBlank) return a.IsBlank && b.IsBlank;
        return Compare(a, b, row) == 0;
    }

    /// <summary>Less than zero, zero, more than zero; null when the two can't be compared.</summary>
    public static int? Compare(in TemplateValue a, in TemplateValue b, RenderValues row)
    {
        if (a.IsBlank || b.IsBlank) return null;
        if (a.Kind == ValueKind.Number || b.Kind == ValueKind.Number)
            return a.TryNumber(out var x) && b.TryNumber(out var y) ? x.CompareTo(y) : null;
        if (a.Kind == ValueKind.Boolean || b.Kind == ValueKind.Boolean)
            return a.TryBoolean(out var x) && b.TryBoolean(out var y) ? x.CompareTo(y) : null;
        if (a.Kind >= ValueKind.Date || b.Kind >= ValueKind.Date) return CompareTimes(a, b, row);
        return string.Compare(a.ToText(row), b.ToText(row), StringComparison.OrdinalIgnoreCase);
    }

    private static int? CompareTimes(in TemplateValue a, in TemplateValue b, RenderValues row)
    {
        if (!a.TryLocalTime(row, out var x, out var wholeX) || !b.TryLocalTime(row, out var y, out var wholeY)) return null;
        if (a.Kind == ValueKind.Time || b.Kind == ValueKind.Time) return x.TimeOfDay.CompareTo(y.TimeOfDay);
        return wholeX || wholeY ? x.Date.CompareTo(y.Date) : x.CompareTo(y);
    }

    private bool TryBoolean(out bool truth)
    {
        truth = false;
        if (Kind is not (ValueKind.Boolean or ValueKind.Text)) return false;
        if (_content is not string text)
        {
            truth = _bits != 0;
            return true;
        }

        var word = text.Trim();
        truth = IsOneOf(word, "true", "yes", "1");
        return truth || IsOneOf(word, "false", "no", "0");
    }

    private static bool IsOneOf(string word, params ReadOnlySpan<string> words)
    {
        foreach (var candidate in words)
            if (word.Equals(candidate, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }

    private static bool TryParseTime(string text, DateTimeZone zone, out DateTime local, out bool wholeDay)
    {
        wholeDay = false;
        if (text.Length is 5 or 8 && TimeOnly.TryParseExact(text, ["HH:mm", "HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            local = DateTime.UnixEpoch.Add(time.ToTimeSpan());
            return true;
        }

        if (text.Length == 10 && DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            wholeDay = true;
            local = day.ToDateTime(default);
            return true;
        }

        local = default;

        // Only ISO 8601: 03/04/2026 is March in one country and April in the next.
        if (text is not [_, _, _, _, '-', _, _, '-', _, _, 'T' or 't' or ' ', ..]) return false;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)) return false;

        // Without an offset it is a wall clock already.
        local = text[^1] is 'Z' or 'z' || text.AsSpan(11).IndexOfAny('+', '-') >= 0 ? Local(moment.UtcTicks, zone) : moment.DateTime;
        return true;
    }

    private static DateTime Local(long utcTicks, DateTimeZone zone)
    {
        var offset = zone.GetUtcOffset(Instant.FromUnixTimeTicks(utcTicks - DateTime.UnixEpoch.Ticks));
        return new DateTime(Math.Clamp(utcTicks + offset.Ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks));
    }

    private static ValueKind KindOf(TemplateValueType type) => type switch
    {
        TemplateValueType.Number => ValueKind.Number,
        TemplateValueType.Boolean => ValueKind.Boolean,
        TemplateValueType.Date => ValueKind.Date,
        TemplateValueType.Time => ValueKind.Time,
        TemplateValueType.Moment => ValueKind.Moment,
        _ => ValueKind.Text,
    };
}
