namespace Broadcasts.Templates;

/// <summary>
/// A reason why a template can't be saved. Line and column count from 1, in UTF-16 units. <c>Code</c> is one of
/// <see cref="TemplateProblemCodes"/>: the console translates by it; <c>Message</c> says the same in English, suggestion included.
/// </summary>
internal sealed record TemplateProblem(int Line, int Column, int Length, string Code, string Message)
{
    /// <summary>The word of the template that is wrong, for translated messages; shortened when it is long.</summary>
    public string? Subject { get; init; }

    /// <summary>What was probably meant.</summary>
    public string? Suggestion { get; init; }
}

/// <summary>Stable words for machines: never renamed, only added.</summary>
internal static class TemplateProblemCodes
{
    public const string Syntax = "syntax";
    public const string Unclosed = "unclosed";
    public const string UnknownName = "unknownName";
    public const string UnknownFilter = "unknownFilter";
    public const string BadArguments = "badArguments";
    public const string NotAllowed = "notAllowed";
    public const string Ambiguous = "ambiguous";

    /// <summary>A value would be printed where HTML escaping can't make it safe.</summary>
    public const string UnsafePlace = "unsafePlace";

    public const string TooLong = "templateTooLong";
    public const string TooComplex = "tooComplex";
}
