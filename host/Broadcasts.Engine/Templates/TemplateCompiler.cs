using System.Text.RegularExpressions;
using Scriban;
using Scriban.Parsing;
using Scriban.Syntax;

namespace Broadcasts.Templates;

/// <summary>Checks a template against what messages may contain and builds the segments that render it.</summary>
/// <remarks>
/// Scriban is only the parser. Its interpreter never runs: what it can do (loops, functions, reflection over objects) can't be reached,
/// whatever the template says. The checks read the parsed tree by an allow-list, so a node that nobody thought of is refused.
/// </remarks>
internal sealed partial class TemplateCompiler
{
    public const int MaxCharacters = 64 * 1024;

    // The parser recurses once per level of parentheses, of an else-if chain, of nesting. It stops with a message at this depth,
    // and so do we: our own walk goes no deeper than the tree that it is given.
    private const int MaxDepth = 32;

    private const int MaxPieces = 5_000;
    private const int MaxParserMessages = 5;

    private readonly TemplateSource _source;
    private readonly TemplateFormat _format;
    private readonly ProblemList _problems;
    private readonly ExpressionCompiler _expressions;
    private HtmlContext _html;
    private int _pieces;

    private TemplateCompiler(TemplateSource source, TemplateFormat format, TemplateSchema schema, ProblemList problems)
    {
        _source = source;
        _format = format;
        _problems = problems;
        _expressions = new ExpressionCompiler(source, schema, problems);
    }

    /// <summary>Segments and the names in them; null with problems.</summary>
    public static (TemplateSegment[] Segments, IReadOnlyCollection<string> Variables)? Compile(
        string text, TemplateFormat format, TemplateSchema schema, out IReadOnlyList<TemplateProblem> problems)
    {
        if (text.Length > MaxCharacters)
        {
            problems = [new TemplateProblem(1, 1, 0, TemplateProblemCodes.TooLong, $"The text has {text.Length} characters; at most {MaxCharacters} are allowed.")];
            return null;
        }

        var source = TemplateSource.Read(text);
        var found = new ProblemList(source);
        problems = found.All;
        if (Parse(source, found) is not { } page) return null;

        var compiler = new TemplateCompiler(source, format, schema, found);
        var segments = compiler.Block(page.Body);
        return problems.Count == 0 ? (segments, compiler._expressions.Variables) : null;
    }

    private static ScriptPage? Parse(TemplateSource source, ProblemList problems)
    {
        // First: the parser's own complaints about an open tag are about whatever comes after it.
        // Not behind a missing quote, though: there the tag does end, and the parser knows better.
        if (source.UnclosedAt is { } open && !source.HasBrokenToken)
        {
            AddUnclosed(source, open, problems);
            return null;
        }

        Template template;
        try
        {
            template = Template.Parse(source.Parseable, parserOptions: new ParserOptions { ExpressionDepthLimit = MaxDepth, ParseFloatAsDecimal = true });
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A bug of the parser in a hostile text. Nothing of it is kept, and the writer gets an answer.
            problems.Add(0, 1, TemplateProblemCodes.Syntax, $"The template can't be read: {Shorten.To(fault.Message, 100)}");
            return null;
        }

        AddMessages(template, problems);
        if (problems.All.Count == 0 && source.UnclosedAt is { } stillOpen) AddUnclosed(source, stillOpen, problems);
        return problems.All.Count == 0 ? template.Page : null;
    }

    private static void AddUnclosed(TemplateSource source, int open, ProblemList problems)
    {
        var (mark, end) = source.Text[open + 1] == '%' ? ("{%{", "}%}") : ("{{", "}}");
        problems.Add(open, mark.Length, TemplateProblemCodes.Unclosed, $"This '{mark}' has no closing '{end}'.", mark);
    }

    private static void AddMessages(Template template, ProblemList problems)
    {
        var errors = template.Messages.Where(message => message.Type == ParserMessageType.Error).ToList();

        // "Invalid token" is what follows from another message, and says less.
        var causes = errors.Where(message => !message.Message.StartsWith("Invalid token found", StringComparison.Ordinal)).ToList();
        foreach (var message in (causes.Count > 0 ? causes : errors).Take(MaxParserMessages))
        {
            var tooDeep = message.Message.Contains("depth limit", StringComparison.Ordinal);
            problems.Add(
                message.Span.Start.Offset,
                Math.Max(1, message.Span.End.Offset + 1 - message.Span.Start.Offset),
                tooDeep ? TemplateProblemCodes.TooComplex : TemplateProblemCodes.Syntax,
                tooDeep ? $"Nested more than {MaxDepth} levels deep. Write it in fewer levels." : Shorten.To(message.Message, 300));
        }
    }

    private TemplateSegment[] Block(ScriptBlockStatement? block)
    {
        var segments = new List<TemplateSegment>();
        foreach (var statement in block?.Statements ?? [])
        {
            if (_problems.IsFull) break;
            if (statement is ScriptEscapeStatement or ScriptNopStatement or ScriptEndStatement) continue;
            if (++_pieces > MaxPieces)
            {
                if (_pieces == MaxPieces + 1)
                    _problems.Add(statement, TemplateProblemCodes.TooComplex, $"More than {MaxPieces} pieces. Split the message or print fewer values.");
                break;
            }

            Statement(statement, segments);
        }

        return [.. segments];
    }

    private void Statement(ScriptStatement statement, List<TemplateSegment> segments)
    {
        switch (statement)
        {
            case ScriptRawStatement raw:
                Raw(raw, segments);
                break;
            case ScriptExpressionStatement { Expression: ScriptAssignExpression assignment }:
                Refuse(assignment, "Assignments");
                break;
            case ScriptExpressionStatement print:
                Print(_expressions.Compile(print.Expression), print.Span.Start.Offset, print.Span.Length, segments);
                break;
            case ScriptIfStatement condition:
                If(condition, segments);
                break;
            case ScriptLoopStatementBase:
                Refuse(statement, "Loops");
                break;
            default:
                Refuse(statement, $"'{Keyword(statement)}'");
                break;
        }
    }

    private void Raw(ScriptRawStatement raw, List<TemplateSegment> segments)
    {
        var text = raw.Text.ToString() ?? "";
        var copied = 0;
        if (!raw.IsEscape) RefuseForeignTags(text, raw.Span.Start.Offset);

        // Inside {%{ … }%} nothing is a name: that is what it is for.
        while (!raw.IsEscape && DollarNames.Find(text, copied) is { } name)
        {
            Literal(text[copied..name.Start], segments);
            copied = name.Start + name.Length;
            var offset = raw.Span.Start.Offset + name.Start;
            if (name.Path is { } path) Print(_expressions.Variable(offset, name.Length, path), offset, name.Length, segments);
            else _problems.AddUnknownName(offset, name.Length, text.Substring(name.Start, name.Length), "contact.name");
        }

        Literal(text[copied..], segments);
    }

    // Another language's tags would reach every recipient as they stand.
    private void RefuseForeignTags(string text, int offset)
    {
        foreach (var tag in ForeignTag().EnumerateMatches(text))
        {
            _problems.Add(offset + tag.Index, tag.Length, TemplateProblemCodes.NotAllowed,
                "Tags are written {{ if … }} and {{ end }}, not {% … %}. To print this as it stands, put it between {%{ and }%}.", text.Substring(tag.Index, tag.Length));
        }
    }

    private void Literal(string text, List<TemplateSegment> segments)
    {
        if (text.Length == 0) return;
        if (_format == TemplateFormat.Html) _html = _html.After(text);
        segments.Add(new LiteralSegment(_format == TemplateFormat.Line ? OneLine(text) : text));
    }

    private void Print(TemplateExpression value, int offset, int length, List<TemplateSegment> segments)
    {
        var escaping = _format == TemplateFormat.Line ? Escaping.OneLine : Escaping.None;
        if (_format == TemplateFormat.Html)
        {
            if (_html.EscapingHere(out var refusal) is { } allowed) escaping = allowed;
            else _problems.Add(offset, Math.Max(1, length), TemplateProblemCodes.UnsafePlace, refusal!);
            _html = _html.AfterValue();
        }

        var (line, column) = _source.Position(offset);
        segments.Add(new ValueSegment(value, escaping, line, column));
    }

    private void If(ScriptIfStatement statement, List<TemplateSegment> segments)
    {
        var branches = new List<IfSegment.Branch>();
        var before = _html;
        HtmlContext? after = null;
        ScriptConditionStatement? next = statement;
        while (next is ScriptIfStatement conditional)
        {
            Branch(_expressions.Compile(conditional.Condition), conditional.Then);
            next = conditional.Else;
        }

        if (next is ScriptElseStatement otherwise) Branch(null, otherwise.Body);
        else if (next is null) Join(before);
        else Refuse(next, $"'{Keyword(next)}'");

        _html = after ?? before;
        segments.Add(new IfSegment([.. branches]));

        void Branch(TemplateExpression? condition, ScriptBlockStatement? body)
        {
            _html = before;
            branches.Add(new IfSegment.Branch(condition, Block(body)));
            Join(_html);
        }

        void Join(HtmlContext end)
        {
            if (after is { } joined && HtmlContext.Merge(joined, end) is null)
            {
                _problems.Add(
                    statement, TemplateProblemCodes.UnsafePlace,
                    "The branches of this 'if' end in different places of the HTML. Close every tag and quote in the branch that opens it.", "if");
            }

            after = after is { } first ? HtmlContext.Merge(first, end) ?? first : end;
        }
    }

    private void Refuse(ScriptNode node, string what) =>
        _problems.Add(node, TemplateProblemCodes.NotAllowed, $"{what} are not allowed in a message.".Replace("' are", "' is", StringComparison.Ordinal), Keyword(node));

    private static string Keyword(ScriptNode node) =>
        node.GetType().Name.Replace("Script", "", StringComparison.Ordinal).Replace("Statement", "", StringComparison.Ordinal)
            .Replace("Expression", "", StringComparison.Ordinal).ToLowerInvariant();

    [GeneratedRegex(@"\{%-?\s*[a-z][^{}%]*%\}", RegexOptions.IgnoreCase)]
    private static partial Regex ForeignTag();

    private static string OneLine(string text)
    {
        var writer = new RenderWriter(stackalloc char[256]);
        writer.AppendOneLine(text);
        return writer.Finish();
    }
}
