using System.Globalization;
using System.Resources;
using System.Text.RegularExpressions;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Templates;

namespace Broadcasts.Admin.Web;

/// <summary>The console's sentences in the language of the request (Resources/Text.resx and Text.es.resx).</summary>
internal sealed partial class Texts
{
    internal ResourceManager Resources { get; } = new("Broadcasts.Admin.Resources.Text", typeof(Texts).Assembly);

    private static readonly HashSet<string> TemplateCodes =
    [
        TemplateProblemCodes.Syntax, TemplateProblemCodes.Unclosed, TemplateProblemCodes.UnknownName, TemplateProblemCodes.UnknownFilter, TemplateProblemCodes.BadArguments,
        TemplateProblemCodes.NotAllowed, TemplateProblemCodes.Ambiguous, TemplateProblemCodes.UnsafePlace, TemplateProblemCodes.TooLong, TemplateProblemCodes.TooComplex,
    ];

    // These name a comparison or a kind of address as a rule writes it.
    private static readonly HashSet<string> NamesWords = ["valueRequired", "noValue", "emptyList", "oneValue", "operatorNotForField", "resendChannel"];

    // The values of these are numbers, written as the reader writes them.
    private static readonly HashSet<string> SaysNumbers = ["approvalAbove", "canaryFailed", "canaryOptedOut", "canaryFared", "settledSent", "settledNotSent", "settledResend", "ledgerMissing", "ledgerExtra"];

    private static readonly Dictionary<string, string> PartFields = new()
    {
        ["subject"] = "Part.Subject", ["text"] = "Part.text", ["html"] = "Part.Html", ["from"] = "Part.From", ["replyTo"] = "Part.ReplyTo", ["caption"] = "Part.Caption",
        ["prompt"] = "Part.Prompt", ["options"] = "Part.Options", ["parameters"] = "Part.Parameters", ["fileId"] = "Part.Upload",
    };

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
        CommandCode.Refused when result.Problems.Length == 0 => this["Command.Refused", Of(result.Status)],
        _ when result.Problems.Length > 0 => string.Join(" ", result.Problems.Select(Problem)),
        _ => result.Message ?? this["Command.Invalid"],
    };

    /// <summary>Which part of a broadcast, address of a contact or condition of a rule a problem is about, as a lead-in; empty for the rest.</summary>
    public string Place(Problem problem)
    {
        if (PlaceOf().Match(problem.Path) is not { Success: true } place) return "";
        var number = int.Parse(place.Groups["at"].Value, CultureInfo.InvariantCulture) + 1;
        // Its own parts are a broadcast's first language; a template counts all of them.
        if (place.Groups["in"] is { Success: true } list)
            return this["Problems.Language", int.Parse(place.Groups["language"].Value, CultureInfo.InvariantCulture) + (list.Value == "variants" ? 2 : 1)] + " " + Place(problem with { Path = problem.Path[(problem.Path.IndexOf("].", StringComparison.Ordinal) + 2)..] });
        if (place.Groups["list"].Value == "addresses") return this["Problems.Address", number] + " ";
        if (place.Groups["list"].Value != "parts") return this["Rule.Condition", number] + ": ";
        return PartFields.TryGetValue(place.Groups["field"].Value, out var field) ? this["Problems.PartField", number, this[field]] + " " : this["Problems.Part", number] + " ";
    }

    /// <summary>A problem in the visitor's words. English is the engine's own: it says more of what was meant and what is allowed.</summary>
    public string Problem(Problem problem)
    {
        var key = KeyOf(problem.Code);
        if (Visitor.Language == "en" || !Has(key)) return problem.Message;
        if (!TemplateCodes.Contains(problem.Code)) return this[key, [.. NamesWords.Contains(problem.Code) ? problem.Arguments.Select(Word) : problem.Arguments]];
        // A template's problem gives its line, its column, the word and what was probably meant.
        var meant = problem.Arguments[3].Length > 0 ? " " + this["Problems.Meant", problem.Arguments[3]] : "";
        return this["Problems.Line", problem.Arguments[0], problem.Arguments[1]] + " " + this[key, [.. problem.Arguments]] + meant;
    }

    /// <summary>A problem of which only code and sentence were kept: in the visitor's words where they need no more.</summary>
    public string Stored(string? code, string message) =>
        Visitor.Language != "en" && code is not null && Has(KeyOf(code)) && this[KeyOf(code)] is var text && !text.Contains('{', StringComparison.Ordinal) ? text : message;

    /// <summary>A sentence of the engine that was kept with its values; what was kept without them as <see cref="Stored"/> says it.</summary>
    public string Said(Told? told, string? code, string english) =>
        told is null ? Stored(code, english) : Problem((SaysNumbers.Contains(told.Code) ? told with { Values = [.. told.Values.Select(Number)] } : told).With(english));

    private static string Number(string value) => decimal.TryParse(value, NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number.ToString("#,0.##", CultureInfo.CurrentCulture) : value;

    private string Word(string argument) => Has($"Operator.{argument}") ? this[$"Operator.{argument}"] : Has($"AddressKind.{argument}") ? this[$"AddressKind.{argument}"] : argument;

    // Resource names know no case: "nobody" would be "noBody".
    private static string KeyOf(string code) => code == "nobody" ? "Problem.nobodyPicked" : $"Problem.{code}";

    /// <summary>A role's name: ours are translated, those that people made are theirs.</summary>
    public string RoleName(Role role) => role.IsBuiltIn ? this[$"UserRole.{role.Name}"] : role.Name;

    /// <summary>The text of an enum's value.</summary>
    public string Of(Enum value) => this[$"{value.GetType().Name}.{value}"];

    [GeneratedRegex(@"^(?:segment\.|(?:(?<in>languages|variants)\[(?<language>\d+)\]\.))?(?<list>parts|addresses|all|any)\[(?<at>\d+)\](?:\.(?<field>\w+))?")]
    private static partial Regex PlaceOf();
}
