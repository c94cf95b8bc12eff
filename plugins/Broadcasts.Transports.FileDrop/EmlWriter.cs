using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Broadcasts.Transports.FileDrop;

/// <summary>A message as an e-mail file (RFC 5322) that a mail program opens. Bodies are base64, so no line can be too long or look like a header.</summary>
internal static class EmlWriter
{
    public static byte[] Write(OutboundMessage message, DateTimeOffset at)
    {
        var (subject, parts, email) = PartsOf(message.Content);
        var eml = new StringBuilder();
        Header(eml, "From", email?.From is { Length: > 0 } from ? Mailbox(from, null) : "broadcasts@localhost");
        Header(eml, "To", Mailbox(message.To, message.ToName));
        if (email?.ReplyTo is { Length: > 0 } reply) Header(eml, "Reply-To", Mailbox(reply, null));
        Header(eml, "Subject", Encoded(subject));
        Header(eml, "Date", at.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture));
        Header(eml, "Message-ID", $"<{OneLine(message.Id)}@broadcasts.invalid>");
        if (message.UnsubscribeUrl is { } url) Header(eml, "List-Unsubscribe", $"<{OneLine(url)}>");
        Header(eml, "MIME-Version", "1.0");
        Body(eml, parts, email is null ? "mixed" : "alternative");
        return Encoding.ASCII.GetBytes(eml.ToString());
    }

    private static (string Subject, List<(string Type, string? FileName, byte[] Bytes)> Parts, EmailContent? Email) PartsOf(MessageContent content) => content switch
    {
        EmailContent email => (email.Subject, Alternatives(email), email),
        ChoicesContent choices => (FirstLine(choices.Prompt), [Plain(choices.AsText())], null),
        FileContent file => (file.FileName, [Plain(file.Caption ?? ""), (OneLine(file.MediaType), file.FileName, file.Bytes.ToArray())], null),
        TemplateContent template => (template.Name, [Plain(string.Join('\n', template.Parameters.Select(p => $"{p.Component}: {p.Value}")))], null),
        TextContent text => (FirstLine(text.Text), [Plain(text.Text)], null),
        _ => (content.Kind.ToString(), [Plain("")], null),
    };

    private static List<(string Type, string? FileName, byte[] Bytes)> Alternatives(EmailContent email)
    {
        var parts = new List<(string, string?, byte[])>(2);
        if (email.Text is not null || email.Html is null) parts.Add(Plain(email.Text ?? ""));
        if (email.Html is not null) parts.Add(("text/html; charset=utf-8", null, Encoding.UTF8.GetBytes(email.Html)));
        return parts;
    }

    private static (string Type, string? FileName, byte[] Bytes) Plain(string text) => ("text/plain; charset=utf-8", null, Encoding.UTF8.GetBytes(text));

    private static void Body(StringBuilder eml, List<(string Type, string? FileName, byte[] Bytes)> parts, string multipart)
    {
        if (parts is [var only])
        {
            Part(eml, only);
            return;
        }

        // Bodies are base64 and hold no underscore: this line can't occur in one.
        const string Boundary = "=_broadcasts_part";
        eml.Append(CultureInfo.InvariantCulture, $"Content-Type: multipart/{multipart}; boundary=\"{Boundary}\"\r\n\r\n");
        foreach (var part in parts)
        {
            eml.Append("--").Append(Boundary).Append("\r\n");
            Part(eml, part);
        }

        eml.Append("--").Append(Boundary).Append("--\r\n");
    }

    private static void Part(StringBuilder eml, (string Type, string? FileName, byte[] Bytes) part)
    {
        Header(eml, "Content-Type", part.Type);
        Header(eml, "Content-Transfer-Encoding", "base64");
        if (part.FileName is { } name) Header(eml, "Content-Disposition", $"attachment; filename*=utf-8''{Uri.EscapeDataString(name)}");
        eml.Append("\r\n");
        var base64 = Convert.ToBase64String(part.Bytes);
        for (var i = 0; i < base64.Length; i += 76) eml.Append(base64, i, Math.Min(76, base64.Length - i)).Append("\r\n");
    }

    private static void Header(StringBuilder eml, string name, string value) => eml.Append(name).Append(": ").Append(value).Append("\r\n");

    private static string Mailbox(string address, string? name)
    {
        address = OneLine(address);
        if (name is null && MailAddress.TryCreate(address, out var parsed)) (address, name) = (parsed.Address, parsed.DisplayName);
        return string.IsNullOrEmpty(name) ? address : $"{Encoded(name)} <{address}>";
    }

    /// <summary>ASCII as it is, anything else as encoded words (RFC 2047) of at most 75 characters.</summary>
    private static string Encoded(string text)
    {
        text = OneLine(text);
        if (text.Length < 900 && text.All(c => c is >= ' ' and < '\x7f') && !text.Contains("=?", StringComparison.Ordinal)) return text;
        var words = new List<string>();
        var chunk = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (Encoding.UTF8.GetByteCount(chunk.ToString()) + rune.Utf8SequenceLength > 45)
            {
                words.Add(Word(chunk));
                chunk.Clear();
            }

            chunk.Append(rune.ToString());
        }

        words.Add(Word(chunk));
        return string.Join("\r\n ", words);
    }

    private static string Word(StringBuilder chunk) => $"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes(chunk.ToString()))}?=";

    private static string FirstLine(string text) => text.Split('\n', 2)[0] is { Length: > 78 } line ? line[..78] : text.Split('\n', 2)[0];

    /// <summary>A value can't start another header.</summary>
    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Replace('\0', ' ');
}
