namespace Broadcasts.Templates;

/// <summary>A checked expression, ready to run. Immutable, so any number of threads may evaluate one.</summary>
internal abstract class TemplateExpression
{
    public abstract TemplateValue Evaluate(RenderValues row);
}

internal sealed class ConstantExpression(TemplateValue value) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row) => value;
}

internal sealed class VariableExpression(int index, MissingValue site) : TemplateExpression
{
    // Made once per place: a million recipients without a value must not allocate a million reasons.
    private readonly TemplateValue _missing = TemplateValue.Missing(site);

    public int Index => index;

    public override TemplateValue Evaluate(RenderValues row)
    {
        ref readonly var value = ref row[index];
        return value.IsMissing ? _missing : value;
    }
}

/// <summary><c>contact.name</c>: what was set, or first and last name.</summary>
internal sealed class FullNameExpression(MissingValue site) : TemplateExpression
{
    private readonly TemplateValue _missing = TemplateValue.Missing(site);

    public override TemplateValue Evaluate(RenderValues row)
    {
        var name = row.FullName();
        return name.IsMissing ? _missing : name;
    }
}

/// <summary><c>value | fallback other</c> and <c>value ?? other</c>: for missing and for blank. A faulty value stays faulty.</summary>
internal sealed class FallbackExpression(TemplateExpression value, TemplateExpression other) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var result = value.Evaluate(row);
        return result.IsBlank ? other.Evaluate(row) : result;
    }
}

internal sealed class NotExpression(TemplateExpression value) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var result = value.Evaluate(row);
        return result.IsFaulty ? result : TemplateValue.Of(!result.IsTrue);
    }
}

internal sealed class AndExpression(TemplateExpression left, TemplateExpression right) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var first = left.Evaluate(row);
        if (first.IsFaulty) return first;
        if (!first.IsTrue) return TemplateValue.Of(false);
        var second = right.Evaluate(row);
        return second.IsFaulty ? second : TemplateValue.Of(second.IsTrue);
    }
}

internal sealed class OrExpression(TemplateExpression left, TemplateExpression right) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var first = left.Evaluate(row);
        if (first.IsFaulty) return first;
        if (first.IsTrue) return TemplateValue.Of(true);
        var second = right.Evaluate(row);
        return second.IsFaulty ? second : TemplateValue.Of(second.IsTrue);
    }
}

/// <summary><c>condition ? yes : no</c>.</summary>
internal sealed class ChoiceExpression(TemplateExpression condition, TemplateExpression yes, TemplateExpression no) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var result = condition.Evaluate(row);
        if (result.IsFaulty) return result;
        return (result.IsTrue ? yes : no).Evaluate(row);
    }
}

internal enum Comparison { Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual }

/// <summary>A comparison is always answered: what can't be compared is neither equal nor larger nor smaller.</summary>
internal sealed class ComparisonExpression(Comparison comparison, TemplateExpression left, TemplateExpression right) : TemplateExpression
{
    public override TemplateValue Evaluate(RenderValues row)
    {
        var a = left.Evaluate(row);
        if (a.IsFaulty) return a;
        var b = right.Evaluate(row);
        if (b.IsFaulty) return b;
        return TemplateValue.Of(comparison switch
        {
            Comparison.Equal => TemplateValue.AreEqual(a, b, row),
            Comparison.NotEqual => !TemplateValue.AreEqual(a, b, row),
            Comparison.Less => TemplateValue.Compare(a, b, row) < 0,
            Comparison.LessOrEqual => TemplateValue.Compare(a, b, row) <= 0,
            Comparison.Greater => TemplateValue.Compare(a, b, row) > 0,
            _ => TemplateValue.Compare(a, b, row) >= 0,
        });
    }
}
