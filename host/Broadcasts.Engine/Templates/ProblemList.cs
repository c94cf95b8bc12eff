using Scriban.Syntax;

namespace Broadcasts.Templates;

/// <summary>Collects what is wrong with a template, up to as much as a person reads.</summary>
internal sealed class ProblemList(TemplateSource source)
{
    private const int Most = 20;
    private const int LongestSubject = 60;

    private readonly List<TemplateProblem> _problems = [];

    public IReadOnlyList<TemplateProblem> All => _problems;

    /// <summary>No more are taken: whoever walks the template may stop.</summary>
    public bool IsFull => _problems.Count >= Most;

    /// <summary>Adds a problem at a node of the parsed template.</summary>
    public void Add(ScriptNode node, string code, string message, string? subject = null, string? suggestion = null)
    {
        // Scriban's spans of filter calls end before they begin; the first character is always right.
        var start = node.Span.Start.Offset;
        Add(start, Math.Max(1, node.Span.End.Offset + 1 - start), code, message, subject, suggestion);
    }

    public void Add(int offset, int length, string code, string message, string? subject = null, string? suggestion = null)
    {
        if (IsFull) return;
        var (line, column) = source.Position(offset);
        var said = subject is null ? null : Shorten.To(subject, LongestSubject);
        var hint = suggestion is null ? "" : $" Did you mean '{suggestion}'?";
        _problems.Add(new TemplateProblem(line, column, length, code, message + hint) { Subject = said, Suggestion = suggestion });
    }

    public void AddUnknownName(int offset, int length, string name, string? suggestion) =>
        Add(offset, length, TemplateProblemCodes.UnknownName, $"There is no value called '{Shorten.To(name, LongestSubject)}'.", name, suggestion);
}
