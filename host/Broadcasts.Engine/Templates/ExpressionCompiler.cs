using System.Globalization;
using System.Numerics;
using Scriban.Syntax;

namespace Broadcasts.Templates;

/// <summary>Turns the allowed expressions of a parsed template into our own. What is not named here is refused.</summary>
internal sealed class ExpressionCompiler(TemplateSource source, TemplateSchema schema, ProblemList problems)
{
    private static readonly TemplateExpression Nothing = new ConstantExpression(default);

    private readonly SortedSet<string> _variables = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Variables => _variables;

    /// <summary>Always an expression; what is wrong with it goes to the problems.</summary>
    public TemplateExpression Compile(ScriptExpression? expression) => expression switch
    {
        ScriptLiteral literal => Literal(literal),
        ScriptNestedExpression nested => Compile(nested.Expression),
        ScriptPipeCall pipe => Pipe(pipe),
        ScriptConditionalExpression choice => new ChoiceExpression(Compile(choice.Condition), Compile(choice.ThenValue), Compile(choice.ElseValue)),
        ScriptUnaryExpression { Operator: ScriptUnaryOperator.Not } not => new NotExpression(Compile(not.Right)),
        ScriptUnaryExpression { Operator: ScriptUnaryOperator.Negate, Right: ScriptLiteral } negative => Negative(negative),
        ScriptBinaryExpression binary => Binary(binary),
        ScriptFunctionCall call => RefuseCall(call),
        ScriptVariable or ScriptMemberExpression when PathOf(expression) is { } path =>
            Variable(expression.Span.Start.Offset, expression.Span.Length, path),
        null => Nothing,
        _ => Refuse(expression, "This kind of expression is not allowed in a message."),
    };

    /// <summary>A value by its name; also for the <c>$contact.name</c> of plain text.</summary>
    public TemplateExpression Variable(int offset, int length, string path)
    {
        if (!schema.TryFind(path, out var index))
        {
            problems.AddUnknownName(offset, length, path, schema.Nearest(path));
            return Nothing;
        }

        var name = schema.Names[index].Name;
        _variables.Add(name);
        var (line, column) = source.Position(offset);
        var site = new MissingValue(name, line, column);
        return index == TemplateSchema.Name ? new FullNameExpression(site) : new VariableExpression(index, site);
    }

    private TemplateExpression Literal(ScriptLiteral literal)
    {
        var value = ValueOf(literal);
        if (value is null && literal.Value is not null)
            problems.Add(literal, TemplateProblemCodes.NotAllowed, "This number is too large for a message.", literal.ToString());
        if (value is string text && (DollarNames.Contains(text) || text.Contains("{{", StringComparison.Ordinal)))
            problems.Add(literal, TemplateProblemCodes.NotAllowed, "Text in quotes is printed as it stands. Write the name without quotes, braces or '$'.", text);
        return value switch
        {
            string words => new ConstantExpression(TemplateValue.Of(words)),
            decimal number => new ConstantExpression(TemplateValue.Of(number)),
            bool truth => new ConstantExpression(TemplateValue.Of(truth)),
            _ => Nothing,
        };
    }

    private ConstantExpression Negative(ScriptUnaryExpression expression)
    {
        if (expression.Right is ScriptLiteral literal && ValueOf(literal) is decimal number) return new ConstantExpression(TemplateValue.Of(-number));
        problems.Add(expression, TemplateProblemCodes.NotAllowed, "Only a number can have a minus sign.");
        return new ConstantExpression(default);
    }

    private TemplateExpression Binary(ScriptBinaryExpression binary)
    {
        var left = Compile(binary.Left);
        var right = Compile(binary.Right);
        switch (binary.Operator)
        {
            case ScriptBinaryOperator.And: return new AndExpression(left, right);
            case ScriptBinaryOperator.Or: return new OrExpression(left, right);
            case ScriptBinaryOperator.EmptyCoalescing: return new FallbackExpression(left, right);
            case ScriptBinaryOperator.CompareEqual: return Compare(Comparison.Equal);
            case ScriptBinaryOperator.CompareNotEqual: return Compare(Comparison.NotEqual);
            case ScriptBinaryOperator.CompareLess: return Compare(Comparison.Less);
            case ScriptBinaryOperator.CompareLessOrEqual: return Compare(Comparison.LessOrEqual);
            case ScriptBinaryOperator.CompareGreater: return Compare(Comparison.Greater);
            case ScriptBinaryOperator.CompareGreaterOrEqual: return Compare(Comparison.GreaterOrEqual);
            default: return Refuse(binary, "Calculations are not allowed in a message.");
        }

        TemplateExpression Compare(Comparison comparison)
        {
            // Scriban reads "not a == b" as "(not a) == b", which nobody means.
            if (binary.Left is ScriptUnaryExpression { Operator: ScriptUnaryOperator.Not })
                problems.Add(binary.Left, TemplateProblemCodes.Ambiguous, "Put parentheses around what 'not' applies to: not (a == b).", "not");
            return new ComparisonExpression(comparison, left, right);
        }
    }

    /// <summary><c>a | b | c</c> is Pipe(a, Pipe(b, c)): the value, then the filters in order.</summary>
    private TemplateExpression Pipe(ScriptPipeCall pipe)
    {
        var value = Compile(pipe.From);
        var rest = pipe.To;
        while (rest is ScriptPipeCall more)
        {
            value = Filter(value, more.From);
            rest = more.To;
        }

        return Filter(value, rest);
    }

    private TemplateExpression Filter(TemplateExpression input, ScriptExpression? call)
    {
        switch (call)
        {
            case ScriptVariableGlobal bare: return Filter(input, bare, null);
            case ScriptFunctionCall { Target: ScriptVariableGlobal name } function: return Filter(input, name, function.Arguments);
            case ScriptNamedArgument { Name: { } colon }:
                problems.Add(colon, TemplateProblemCodes.Syntax, $"Write the filter without a colon: | {colon.Name} \"…\".", colon.Name);
                return Nothing;
            case ScriptFunctionCall { Target: ScriptMemberExpression member }: return UnknownFilter(member);
            case not null: return UnknownFilter(call);
            default: return Nothing;
        }
    }

    private TemplateExpression Filter(TemplateExpression input, ScriptVariable name, ScriptList<ScriptExpression>? arguments)
    {
        if (TemplateFilters.Find(name.Name) is not { } filter) return UnknownFilter(name);

        var count = arguments?.Count ?? 0;
        if (count < filter.MinArguments || count > filter.MaxArguments)
        {
            problems.Add(name, TemplateProblemCodes.BadArguments, $"Write it as: | {$"{filter.Name} {filter.Arguments}".Trim()}", filter.Name);
            return Nothing;
        }

        var (line, column) = source.Position(name.Span.Start.Offset);
        var compiled = new TemplateExpression[count];
        var literals = new object?[count];
        for (var i = 0; i < compiled.Length; i++)
        {
            compiled[i] = Compile(arguments![i]);
            literals[i] = arguments![i] is ScriptLiteral literal ? ValueOf(literal) : null;
        }

        var expression = filter.Factory(new FilterCall(input, compiled, literals, line, column), out var error);
        if (error is not null) problems.Add(name, TemplateProblemCodes.BadArguments, error, filter.Name);
        return expression ?? Nothing;
    }

    private TemplateExpression UnknownFilter(ScriptExpression name)
    {
        var word = Shorten.To(name.ToString() ?? "", 60);
        problems.Add(name, TemplateProblemCodes.UnknownFilter, $"There is no filter called '{word}'.", word, TemplateFilters.Nearest(word));
        return Nothing;
    }

    private TemplateExpression RefuseCall(ScriptFunctionCall call)
    {
        if (call.Target is ScriptVariableGlobal { Name: { } name } && !schema.TryFind(name, out _))
        {
            return TemplateFilters.Find(name) is null
                ? Refuse(call, $"'{Shorten.To(name, 60)}' is not allowed in a message.", name)
                : Refuse(call, $"Write the value first, then the filter: value | {name}.", name);
        }

        problems.Add(call, TemplateProblemCodes.Syntax, "Two values stand side by side here. Is a '|', an operator or a '}}' missing?");
        return Nothing;
    }

    private TemplateExpression Refuse(ScriptNode node, string message, string? subject = null)
    {
        problems.Add(node, TemplateProblemCodes.NotAllowed, message, subject);
        return Nothing;
    }

    /// <summary><c>contact.city</c> and <c>$contact.city</c> both give contact.city; null for anything but names and dots.</summary>
    private static string? PathOf(ScriptExpression? expression) => expression switch
    {
        ScriptVariableLocal local => local.BaseName,
        ScriptVariableGlobal global => global.Name,
        ScriptMemberExpression { Target: { } target, Member: { } member } when PathOf(target) is { } path => $"{path}.{member.Name}",
        _ => null,
    };

    /// <summary>A string, a decimal or a bool; null for null and for what no decimal holds.</summary>
    private static object? ValueOf(ScriptLiteral literal) => literal.Value switch
    {
        string or bool or decimal => literal.Value,
        int or long => Convert.ToDecimal(literal.Value, CultureInfo.InvariantCulture),
        BigInteger big when BigInteger.Abs(big) < (BigInteger)decimal.MaxValue => (decimal)big,
        double or float when Convert.ToDouble(literal.Value, CultureInfo.InvariantCulture) is > -1e28 and < 1e28 =>
            Convert.ToDecimal(literal.Value, CultureInfo.InvariantCulture),
        _ => null,
    };
}
