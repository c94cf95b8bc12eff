using System.Diagnostics.CodeAnalysis;

namespace Broadcasts.Templates;

/// <summary>Why one recipient's message can't be rendered. The position is that of the template, counted from 1.</summary>
internal abstract record RenderFailure(int Line, int Column);

/// <summary>The contact has no value for a variable that is printed without a fallback: the recipient is skipped.</summary>
internal sealed record MissingValue(string Variable, int Line, int Column) : RenderFailure(Line, Column)
{
    public override string ToString() => $"{Variable} is missing, and the template gives no fallback (line {Line}, column {Column})";
}

/// <summary>A value that a filter can't work with, or an endless message: this row fails, the others go out.</summary>
internal sealed record Faulty(string Message, int Line, int Column) : RenderFailure(Line, Column)
{
    public override string ToString() => $"{Message} (line {Line}, column {Column})";
}

/// <summary>A rendered text or the reason why there is none.</summary>
internal readonly struct RenderResult
{
    private RenderResult(string? text, RenderFailure? failure)
    {
        Text = text;
        Failure = failure;
    }

    public string? Text { get; }

    public RenderFailure? Failure { get; }

    [MemberNotNullWhen(true, nameof(Text))]
    [MemberNotNullWhen(false, nameof(Failure))]
    public bool Succeeded => Failure is null;

    public static RenderResult Of(string text) => new(text, null);

    public static RenderResult Of(RenderFailure failure) => new(null, failure);
}
