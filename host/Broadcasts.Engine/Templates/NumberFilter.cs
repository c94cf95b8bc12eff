using System.Globalization;
using System.Text.RegularExpressions;

namespace Broadcasts.Templates;

/// <summary><c>number 2</c>, <c>number "#,##0.0"</c>: separators of the recipient's language.</summary>
internal sealed partial class NumberFilter : TemplateExpression
{
    private const int MostDecimals = 15;

    // Grouped, with as many decimals as there are.
    private const string DefaultFormat = "#,##0.###############";

    private readonly TemplateExpression _input;
    private readonly string _format;
    private readonly int _line;
    private readonly int _column;

    private NumberFilter(TemplateExpression input, string format, int line, int column)
    {
        _input = input;
        _format = format;
        _line = line;
        _column = column;
    }

    public static TemplateExpression? Create(FilterCall call, out string? error)
    {
        error = null;
        var format = DefaultFormat;
        if (call.Literals.Length > 0)
        {
            if (call.TryCount(0, MostDecimals, out var decimals)) format = "N" + decimals.ToString(CultureInfo.InvariantCulture);
            else if (call.TryText(0, out var pattern) && Patterns().IsMatch(pattern)) format = pattern;
            else error = $"'number' takes a count of decimals (0 to {MostDecimals}) or a pattern such as \"#,##0.00\", \"N2\" or \"P1\".";
        }

        return error is null ? new NumberFilter(call.Input, format, call.Line, call.Column) : null;
    }

    public override TemplateValue Evaluate(RenderValues row)
    {
        var value = _input.Evaluate(row);
        if (value.IsMissingOrFaulty) return value;
        return value.TryNumber(out var number)
            ? TemplateValue.Of(number.ToString(_format, row.Culture))
            : TemplateValue.Faulty(new Faulty($"'{Shorten.To(value.ToText(row), 40)}' is not a number (expected: 1234.5)", _line, _column));
    }

    // One digit of precision at most: .NET takes up to 999,999,999 and would print as many zeros. No "C": the currency
    // would follow the recipient's country, the amount would not.
    [GeneratedRegex(@"^(?:[NFP][0-9]?|[0#.,% ]{1,32})\z")]
    private static partial Regex Patterns();
}
