using System.Globalization;
using System.Resources;
using Broadcasts.Broadcasting;
using Broadcasts.Templates;

namespace Broadcasts.Admin.Web;

/// <summary>The console's sentences in the language of the request (Resources/Text.resx and Text.es.resx).</summary>
internal sealed class Texts
{
    internal ResourceManager Resources { get; } = new("Broadcasts.Admin.Resources.Text", typeof(Texts).Assembly);

    private static readonly HashSet<string> TemplateCodes =
    [
        TemplateProblemCodes.Syntax, TemplateProblemCodes.Unclosed, TemplateProblemCodes.UnknownName, TemplateProblemCodes.UnknownFilter, TemplateProblemCodes.BadArguments,
        TemplateProblemCodes.NotAllowed, TemplateProblemCodes.Ambiguous, TemplateProblemCodes.UnsafePlace, TemplateProblemCodes.TooLong, TemplateProblemCodes.TooComplex,
    ];

    /// <summary>The text of a key; the key itself when there is none, which a test looks for.</summary>
    public string this[string key] => Resources.GetString(key, CultureInfo.CurrentUICulture) ?? key;

    public string this[string key, params object?[] arguments] => string.Format(CultureInfo.CurrentCulture, this[key], arguments);

    public bool Has(string key) => Resources.GetString(key, CultureInfo.CurrentUICulture) is not null;

    /// <summary>A sentence about a number: <c>Key.one</c> or <c>Key.other</c>, the number in the first place.</summary>
    public string Count(string key, long number, params object?[] more) =>
        string.Format(CultureInfo.CurrentCulture, this[key + (number == 1 ? ".one" : ".other")], [number.ToString("N0", CultureInfo.CurrentCulture), .. more]);

    /// <summary>Why a command was not carried out.</summary>
    public string Refusal(CommandResult result) => result.Code switch
    {
        CommandCode.NotFound => this["Command.NotFound"],
        CommandCode.Changed => this["Command.Changed"],
        CommandCode.Refused when result.Problems.Length == 0 => this["Command.Refused", Of(result.Status), result.Message],
        _ when result.Problems.Length > 0 => string.Join(" ", result.Problems.Select(Problem)),
        _ => result.Message ?? this["Command.Invalid"],
    };

    /// <summary>Which part of a broadcast a problem is about, as a lead-in; empty for the rest.</summary>
    public string Place(Problem problem)
    {
        var path = problem.Path;
        var part = path.StartsWith("parts[", StringComparison.Ordinal) && path.IndexOf(']', StringComparison.Ordinal) is var end && int.TryParse(path[6..end], out var index)
            ? this["Problems.Part", index + 1]
            : "";
        // A template's problem carries its line and column first.
        return TemplateCodes.Contains(problem.Code) && problem.Arguments.Length >= 2
            ? part + this["Problems.Line", problem.Arguments[0], problem.Arguments[1]]
            : part;
    }

    /// <summary>A problem in the visitor's words; in the engine's own when there are none.</summary>
    public string Problem(Problem problem)
    {
        // Resource names know no case: "nobody" would be "noBody".
        var key = problem.Code == "nobody" ? "Problem.nobodyPicked" : $"Problem.{problem.Code}";
        // The engine's English says more (what was meant, what is allowed); other languages have their own sentences.
        if (Visitor.Language == "en" || !Has(key)) return problem.Message;
        try
        {
            return this[key, [.. problem.Arguments]];
        }
        catch (FormatException)
        {
            // The engine gives fewer values than the sentence has places for: its own sentence is complete.
            return problem.Message;
        }
    }

    /// <summary>The text of an enum's value.</summary>
    public string Of(Enum value) => this[$"{value.GetType().Name}.{value}"];
}
