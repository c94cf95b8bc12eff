using System.Text;
using Scriban.Parsing;

namespace Broadcasts.Templates;

/// <summary>A template's text before it is parsed: its tags, its positions, and the spellings that we add to Scriban's.</summary>
internal sealed class TemplateSource
{
    private readonly List<int> _lineStarts = [0];

    private TemplateSource(string text)
    {
        Text = text;
        Parseable = text;
        for (var i = 0; i < text.Length; i++)
            if (text[i] == '\n') _lineStarts.Add(i + 1);
    }

    public string Text { get; }

    /// <summary>The text for the parser, every character at the place where the writer put it.</summary>
    public string Parseable { get; private set; }

    /// <summary>Where a tag begins that never ends; null when all do. Scriban itself closes the last one silently.</summary>
    public int? UnclosedAt { get; private set; }

    /// <summary>Something that is no token, such as a text whose closing quote is missing and that has swallowed the end of its tag.</summary>
    public bool HasBrokenToken { get; private set; }

    public static TemplateSource Read(string text)
    {
        var source = new TemplateSource(text);
        source.Scan();
        return source;
    }

    /// <summary>Line and column, both from 1, of an offset.</summary>
    public (int Line, int Column) Position(int offset)
    {
        var at = Math.Clamp(offset, 0, Text.Length);
        var line = _lineStarts.BinarySearch(at);
        if (line < 0) line = ~line - 1;
        return (line + 1, at - _lineStarts[line] + 1);
    }

    /// <summary>The text as it is stored: <c>$contact.name</c> becomes <c>{{ contact.name }}</c>, inside braces <c>contact.name</c>.</summary>
    public static string Normalise(string text)
    {
        if (!text.Contains('$', StringComparison.Ordinal)) return text;

        var result = new StringBuilder(text.Length + 16);
        var copied = 0;
        foreach (var token in new Lexer(text))
        {
            if (token.Type == TokenType.Raw)
            {
                result.Append(text, copied, token.Start.Offset - copied);
                AppendRaw(result, text.AsSpan(token.Start.Offset, token.End.Offset + 1 - token.Start.Offset));
                copied = token.End.Offset + 1;
            }
            else if (token.Type == TokenType.IdentifierSpecial && DollarNames.IsRoot(WordOf(text, token)[1..]))
            {
                result.Append(text, copied, token.Start.Offset - copied);
                copied = token.Start.Offset + 1;
            }
        }

        return result.Append(text, copied, text.Length - copied).ToString();
    }

    private static void AppendRaw(StringBuilder result, ReadOnlySpan<char> raw)
    {
        var copied = 0;
        while (DollarNames.Find(raw, copied) is { } name)
        {
            result.Append(raw[copied..name.Start]);
            copied = name.Start + name.Length;
            if (name.Path is null) result.Append(raw.Slice(name.Start, name.Length));
            else result.Append("{{ ").Append(name.Path).Append(" }}");
        }

        result.Append(raw[copied..]);
    }

    private void Scan()
    {
        StringBuilder? rewritten = null;
        int? open = null;
        var last = TokenType.Invalid;
        foreach (var token in new Lexer(Text))
        {
            switch (token.Type)
            {
                case TokenType.Invalid:
                    HasBrokenToken = true;
                    break;
                case TokenType.CodeEnter or TokenType.EscapeEnter:
                    open = token.Start.Offset;
                    break;
                case TokenType.CodeExit or TokenType.EscapeExit:
                    open = null;
                    break;
                // A second "{{" inside a tag: the first one was never closed, whatever the next "}}" seems to close.
                case TokenType.OpenBrace when last == TokenType.OpenBrace:
                    UnclosedAt ??= open;
                    break;
                case TokenType.Identifier when last is not (TokenType.Dot or TokenType.QuestionDot):
                    if (Operator(WordOf(Text, token)) is { } symbol) Put(rewritten ??= new StringBuilder(Text), token.Start.Offset, symbol);
                    break;
            }

            last = token.Type;
        }

        UnclosedAt ??= open;
        if (rewritten is not null) Parseable = rewritten.ToString();
    }

    /// <summary>Scriban knows only the symbols; the words are written over in the same width, so that positions stay true.</summary>
    private static string? Operator(ReadOnlySpan<char> word) => word switch
    {
        "and" => "&& ",
        "or" => "||",
        "not" => "!  ",
        _ => null,
    };

    private static void Put(StringBuilder text, int offset, string symbol)
    {
        for (var i = 0; i < symbol.Length; i++) text[offset + i] = symbol[i];
    }

    private static ReadOnlySpan<char> WordOf(string text, Token token) => text.AsSpan(token.Start.Offset, token.End.Offset + 1 - token.Start.Offset);
}
