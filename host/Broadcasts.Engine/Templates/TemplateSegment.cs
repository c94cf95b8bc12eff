namespace Broadcasts.Templates;

/// <summary>How a printed value is made harmless at its place.</summary>
internal enum Escaping
{
    None,
    OneLine,
    Html,

    /// <summary>The value is the beginning of an address: it must bring a scheme that can't run code.</summary>
    HtmlAddress,

    /// <summary>The value continues an address that has no scheme yet: it must not bring one.</summary>
    HtmlAddressPart,
}

/// <summary>A piece of a checked template. Immutable.</summary>
internal abstract class TemplateSegment
{
    /// <summary>Writes itself; the first failure ends the message.</summary>
    public abstract RenderFailure? Write(ref RenderWriter writer, RenderValues row);
}

internal sealed class LiteralSegment(string text) : TemplateSegment
{
    public override RenderFailure? Write(ref RenderWriter writer, RenderValues row)
    {
        writer.Append(text);
        return null;
    }
}

internal sealed class ValueSegment(TemplateExpression expression, Escaping escaping, int line, int column) : TemplateSegment
{
    // The template's own text is limited; this holds what contacts bring.
    private const int LongestMessage = 256 * 1024;

    private const string RefusedAddress = "#";

    private readonly Faulty _tooLong = new($"The message is longer than {LongestMessage / 1024} K characters with this contact's values.", line, column);

    public override RenderFailure? Write(ref RenderWriter writer, RenderValues row)
    {
        var value = expression.Evaluate(row);
        if (value.IsMissingOrFaulty) return value.Failure;

        var text = value.ToText(row);
        if (text.Length > LongestMessage - writer.Length) return _tooLong;

        switch (escaping)
        {
            case Escaping.None: writer.Append(text); break;
            case Escaping.OneLine: writer.AppendOneLine(text); break;
            case Escaping.Html: writer.AppendHtml(text); break;
            case Escaping.HtmlAddress: writer.AppendHtml(LinkAddress.IsSafe(text) ? text.AsSpan().Trim() : RefusedAddress); break;
            case Escaping.HtmlAddressPart: writer.AppendHtml(LinkAddress.HasScheme(text) ? RefusedAddress : text); break;
        }

        return null;
    }
}

/// <summary><c>if</c>, any number of <c>else if</c>, perhaps an <c>else</c> (a branch without a condition).</summary>
internal sealed class IfSegment(IfSegment.Branch[] branches) : TemplateSegment
{
    public override RenderFailure? Write(ref RenderWriter writer, RenderValues row)
    {
        foreach (var branch in branches)
        {
            if (branch.Condition is { } condition)
            {
                var result = condition.Evaluate(row);
                if (result.IsFaulty) return result.Failure;
                if (!result.IsTrue) continue;
            }

            return WriteAll(branch.Body, ref writer, row);
        }

        return null;
    }

    public static RenderFailure? WriteAll(TemplateSegment[] segments, ref RenderWriter writer, RenderValues row)
    {
        foreach (var segment in segments)
            if (segment.Write(ref writer, row) is { } failure) return failure;
        return null;
    }

    public readonly record struct Branch(TemplateExpression? Condition, TemplateSegment[] Body);
}
