using System.Text;
using MimeKit;
using MimeKit.Text;

namespace Broadcasts.Transports.Smtp;

/// <summary>What a person wrote.</summary>
internal sealed class ReplyText(string? optOutWords)
{
    private const int Longest = 10_000;
    private readonly string[] _words = [.. (optOutWords ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>The text, or the HTML as text; null when there is neither. What it quotes stays in it.</summary>
    public static string? Of(MimeMessage mail)
    {
        var text = (mail.TextBody ?? (mail.HtmlBody is { } html ? Plain(html) : null))?.Trim();
        return text is { Length: > Longest } ? text[..Longest] : text;
    }

    /// <summary>True when the first line that is not quoted is one of the words and nothing else.</summary>
    public bool OptsOut(string? text)
    {
        var line = (text ?? "").Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.Length > 0);
        return line is not null && _words.Contains(line.Trim(' ', '.', '!', '"', '\'', '*', '¡'), StringComparer.OrdinalIgnoreCase);
    }

    private static string Plain(string html)
    {
        var text = new StringBuilder();
        var tokens = new HtmlTokenizer(new StringReader(html)) { DecodeCharacterReferences = true };
        var hidden = false;
        while (tokens.ReadNextToken(out var token))
        {
            if (token is HtmlTagToken { Id: HtmlTagId.Style or HtmlTagId.Script or HtmlTagId.Title } unseen) hidden = !unseen.IsEndTag;
            else if (token is HtmlDataToken data && !hidden) text.Append(data.Data.ReplaceLineEndings(" "));
            else if (token is HtmlTagToken { Id: HtmlTagId.Br or HtmlTagId.P or HtmlTagId.Div or HtmlTagId.TR or HtmlTagId.BlockQuote } && text is not [.., '\n']) text.Append('\n');
        }

        return text.ToString();
    }
}
