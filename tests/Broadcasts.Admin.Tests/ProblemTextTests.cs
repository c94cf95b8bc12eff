using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Templates;

namespace Broadcasts.Admin.Tests;

/// <summary>Whatever the program finds wrong is said in both languages. The codes are read where problems are made.</summary>
public sealed partial class ProblemTextTests
{
    // How problems are made, and which argument is the code. What follows it is the English sentence, then the values of the translated one.
    private static readonly (Regex Head, int Code)[] Makers =
    [
        (NewProblem(), 1), (NewRefusal(), 0), (NewRowError(), 2), (RuleProblem(), 1), (SettingFault(), 1), (InvalidRow(), 1), (NewJobRefusal(), 1), (HealthSentence(), 0),
    ];

    // A code that is handed on was read where it was made.
    private static readonly string[] HandedOn = ["code", "p.Code", "error.Code", "refusal.Code", "\"\""];

    private static readonly Texts Texts = new();

    [Fact]
    public void Codes_OfEveryProblem_HaveATextInBothLanguages()
    {
        var codes = Made().SelectMany(m => m.Codes).Concat(TemplateCodes()).Distinct().ToList();
        Assert.InRange(codes.Count, 100, 1000);
        Assert.Empty(codes.SelectMany(code => new[] { "", "es" }.Where(language => Text(code, language) is null).Select(language => $"{code} in '{language}'")));
    }

    [Fact]
    public void Codes_OfEveryProblem_CanBeRead() =>
        Assert.Empty(Made().Where(m => m.Codes.Count == 0 && !HandedOn.Contains(m.CodeText)).Select(m => $"{m.File}: {m.CodeText}"));

    [Fact]
    public void Values_OfEveryProblem_FillTheirSentence() =>
        Assert.Empty(from made in Made() from code in made.Codes where Places(code) > made.Values select $"{made.File}: {code} gives {made.Values} of {Places(code)} values");

    [Theory]
    [InlineData("parts[1].html", "unknownName", "Parte 2, HTML: línea 3, columna 4: «frist_name» no es un valor que se pueda insertar. ¿Querías decir «first_name»?")]
    public void Problem_OfATemplate_SaysWhereAndWhatWasMeant(string path, string code, string expected)
    {
        CultureInfo.CurrentUICulture = CultureInfo.GetCultureInfo("es");
        var problem = new Problem(path, code, "", "3", "4", "frist_name", "first_name");
        Assert.Equal(expected, Texts.Place(problem) + Texts.Problem(problem));
    }

    [Theory]
    [InlineData("en", "canaryFailed", "1234 of 5000 messages of the canary failed (24.7 %); the limit is 5 %.", "1234 of 5000 messages of the canary failed (24.7 %); the limit is 5 %.", "1234", "5000", "24.7", "5")]
    [InlineData("es", "canaryFailed", "…", "1.234 de 5.000 mensajes de la prueba piloto han fallado (24,7 %); el límite es 5 %.", "1234", "5000", "24.7", "5")]
    [InlineData("es", "approvalAbove", "…", "31 contactos; por encima de 30 debe aceptarlo otra persona.", "31", "30")]
    [InlineData("es", "ledgerCounts", "…", "Los recuentos del tramo 7 no eran los de sus filas y se han corregido: pending 3 → 2.", "7", "pending 3 → 2")]
    public void Said_OfTheEngine_IsInTheReadersWords(string language, string code, string english, string expected, params string[] values)
    {
        (CultureInfo.CurrentUICulture, CultureInfo.CurrentCulture) = (CultureInfo.GetCultureInfo(language), CultureInfo.GetCultureInfo(language));
        Assert.Equal(expected, Texts.Said(new Told(code, values), null, english));
        Assert.Equal(english, Texts.Said(null, "noSuchCode", english));
    }

    private static string? Text(string code, string language) =>
        Texts.Resources.GetResourceSet(CultureInfo.GetCultureInfo(language), createIfNotExists: true, tryParents: false)!.GetString($"Problem.{(code == "nobody" ? "nobodyPicked" : code)}");

    private static int Places(string code) => Place().Matches(Text(code, "es") ?? "").Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture) + 1).DefaultIfEmpty().Max();

    private static IEnumerable<string> TemplateCodes() =>
        typeof(TemplateProblemCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!);

    private static IEnumerable<(string File, string CodeText, List<string> Codes, int Values)> Made() =>
        from folder in new[] { Repository.File("host", "Broadcasts.Engine"), Repository.File("admin", "Broadcasts.Admin") }
        from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
        where !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
        let source = File.ReadAllText(file)
        from maker in Makers
        from Match head in maker.Head.Matches(source)
        let arguments = Arguments(source, head.Index + head.Length)
        where arguments.Count > maker.Code
        select (Path.GetFileName(file), arguments[maker.Code], Word().Matches(arguments[maker.Code]).Select(m => m.Groups[1].Value).ToList(), arguments.Count - maker.Code - 2);

    // The arguments of a call as they are written, from behind its parenthesis.
    private static List<string> Arguments(string source, int from)
    {
        var arguments = new List<string>();
        var (depth, quoted) = (0, false);
        for (var at = from; at < source.Length; at++)
        {
            var c = source[at];
            if (quoted) (at, quoted) = c == '\\' ? (at + 1, true) : (at, c != '"');
            else if (c == '"') quoted = true;
            else if (c is '(' or '[' or '{') depth++;
            else if (c is ')' or ']' or '}' && depth-- == 0)
            {
                arguments.Add(source[from..at].Trim());
                break;
            }
            else if (c == ',' && depth == 0)
            {
                arguments.Add(source[from..at].Trim());
                from = at + 1;
            }
        }

        return arguments;
    }

    [GeneratedRegex(@"(?:new Problem|roblems\.Add\(new)\(")]
    private static partial Regex NewProblem();

    [GeneratedRegex(@"new ValueRefusal\(")]
    private static partial Regex NewRefusal();

    [GeneratedRegex(@"new RowError\(")]
    private static partial Regex NewRowError();

    [GeneratedRegex(@"new JobRefusal\(")]
    private static partial Regex NewJobRefusal();

    [GeneratedRegex(@"(?<![\w.])Of\((?=""health)")]
    private static partial Regex HealthSentence();

    [GeneratedRegex(@"(?<![\w.])Add\((?=path, |Join\()")]
    private static partial Regex RuleProblem();

    [GeneratedRegex(@"Wrong\((?=field, )")]
    private static partial Regex SettingFault();

    [GeneratedRegex(@"(?<== |=> |return )Invalid\(row")]
    private static partial Regex InvalidRow();

    [GeneratedRegex(@"""([a-z][A-Za-z0-9]*)""")]
    private static partial Regex Word();

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex Place();
}
