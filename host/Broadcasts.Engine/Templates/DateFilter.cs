using System.Globalization;

namespace Broadcasts.Templates;

/// <summary><c>date "d MMMM yyyy"</c>: days and times in the recipient's language and zone.</summary>
internal sealed class DateFilter : TemplateExpression
{
    private const int LongestFormat = 64;

    // Afternoon, two-digit day, fraction: whatever a pattern may ask for is there.
    private static readonly DateTime Sample = new(2026, 11, 22, 17, 30, 15, 250);

    private readonly TemplateExpression _input;
    private readonly string _format;
    private readonly int _line;
    private readonly int _column;

    private DateFilter(TemplateExpression input, string format, int line, int column)
    {
        _input = input;
        _format = format;
        _line = line;
        _column = column;
    }

    public static TemplateExpression? Create(FilterCall call, out string? error)
    {
        var format = "long";
        if (call.Literals.Length > 0 && !call.TryText(0, out format))
        {
            error = "The format of 'date' is a text in quotes, such as date \"d MMMM yyyy\".";
            return null;
        }

        format = format switch { "long" => "D", "short" => "d", "time" => "t", _ => format! };
        error = Refusal(format);
        return error is null ? new DateFilter(call.Input, format, call.Line, call.Column) : null;
    }

    public override TemplateValue Evaluate(RenderValues row)
    {
        var value = _input.Evaluate(row);
        if (value.IsMissingOrFaulty) return value;
        if (!value.TryLocalTime(row, out var local, out _)) return Fault($"'{Shorten.To(value.ToText(row), 40)}' is not a date (expected: 2026-11-22, perhaps with a time)");

        try
        {
            return TemplateValue.Of(local.ToString(_format, row.Culture));
        }
        catch (ArgumentOutOfRangeException)
        {
            // Some cultures count in a calendar that ends: the Umm al-Qura one in 2077.
            return Fault($"The calendar of '{row.Culture.Name}' can't show {local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        }
    }

    private TemplateValue Fault(string message) => TemplateValue.Faulty(new Faulty(message, _line, _column));

    private static string? Refusal(string format)
    {
        if (format.Length is 0 or > LongestFormat) return $"The format of 'date' has 1 to {LongestFormat} characters.";
        if (format.Contains('%', StringComparison.Ordinal)) return "'date' takes patterns such as \"dd/MM/yyyy HH:mm\", without percent signs.";
        try
        {
            _ = Sample.ToString(format, CultureInfo.InvariantCulture);
            return null;
        }
        catch (FormatException)
        {
            return $"'{format}' is no date format. Use \"short\", \"long\", \"time\" or a pattern such as \"dd/MM/yyyy HH:mm\".";
        }
    }
}
