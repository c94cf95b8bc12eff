namespace Broadcasts.Templates;

/// <summary><c>plural "point" "points"</c>, and three forms for the languages that have them.</summary>
internal sealed class PluralFilter : TemplateExpression
{
    private readonly TemplateExpression _input;
    private readonly TemplateValue[] _forms;
    private readonly int _line;
    private readonly int _column;

    private PluralFilter(TemplateExpression input, TemplateValue[] forms, int line, int column)
    {
        _input = input;
        _forms = forms;
        _line = line;
        _column = column;
    }

    public static TemplateExpression? Create(FilterCall call, out string? error)
    {
        var forms = new TemplateValue[call.Literals.Length];
        for (var i = 0; i < forms.Length; i++)
        {
            if (!call.TryText(i, out var form))
            {
                error = "The forms of 'plural' are texts in quotes, such as plural \"point\" \"points\".";
                return null;
            }

            forms[i] = TemplateValue.Of(form);
        }

        error = null;
        return new PluralFilter(call.Input, forms, call.Line, call.Column);
    }

    public override TemplateValue Evaluate(RenderValues row)
    {
        var value = _input.Evaluate(row);
        if (value.IsMissingOrFaulty) return value;
        if (!value.TryNumber(out var number))
            return TemplateValue.Faulty(new Faulty($"'{Shorten.To(value.ToText(row), 40)}' is not a number (expected: 3)", _line, _column));
        return _forms[Form(Math.Abs(number), row.Culture.TwoLetterISOLanguageName, _forms.Length)];
    }

    /// <summary>Unicode's plural rules for the languages with three forms (one, few, many); all others know one and many.</summary>
    private static int Form(decimal number, string language, int forms)
    {
        var last = forms - 1;

        // Whoever writes two forms writes a language with two: the recipient's own grammar is not the template's.
        if (forms == 2) return language is "fr" or "hy" or "kab" ? (number < 2 ? 0 : last) : number == 1 ? 0 : last;
        if (number != decimal.Truncate(number)) return last;

        var units = (int)(number % 10);
        var tens = (int)(number % 100);
        var isFew = units is >= 2 and <= 4 && tens is not (>= 12 and <= 14);
        return language switch
        {
            "ru" or "uk" or "be" or "sr" or "hr" or "bs" => units == 1 && tens != 11 ? 0 : isFew ? 1 : last,
            "pl" => number == 1 ? 0 : isFew ? 1 : last,
            "cs" or "sk" => number == 1 ? 0 : number is >= 2 and <= 4 ? 1 : last,
            "lt" => units == 1 && tens is not (>= 11 and <= 19) ? 0 : units is >= 2 && tens is not (>= 11 and <= 19) ? 1 : last,
            "ro" => number == 1 ? 0 : number == 0 || tens is >= 1 and <= 19 ? 1 : last,
            _ => number == 1 ? 0 : last,
        };
    }
}
