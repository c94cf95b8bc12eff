using System.Net.Mime;
using System.Runtime.InteropServices;
using MimeKit;
using MimeKit.Utils;
using ContentDisposition = MimeKit.ContentDisposition;
using ContentType = MimeKit.ContentType;

namespace Broadcasts.Transports.Smtp;

/// <summary>A mail and the envelope sender under which it goes.</summary>
internal sealed record OutgoingMail(MimeMessage Mime, MailboxAddress EnvelopeSender);

/// <summary>Makes a MIME message of ours out of one of the host's. No value can begin a header of its own.</summary>
internal sealed class MailWriter(SmtpSettings settings, ReturnAddresses addresses, DkimSigning? signing, ChannelContext context)
{
    private readonly MailboxAddress _from = MailboxAddress.Parse(settings.From);

    /// <summary>The message, or why there can't be one.</summary>
    public (OutgoingMail? Mail, SendOutcome? Fault) Write(OutboundMessage message)
    {
        if (!MailboxAddress.TryParse(message.To, out var to) || !to.Address.Contains('@') || to.Address != message.To.Trim())
        {
            return (null, SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: false, $"'{message.To}' is not an e-mail address."));
        }

        var email = message.Content as EmailContent;
        if (!TrySender(email?.From, out var from)) return (null, SendOutcome.ContentRejected(FailureReason.Misconfigured, $"'{email!.From}' is not a sender."));
        var (subject, body) = Content(message.Content);
        if (body is null) return (null, SendOutcome.ContentRejected(FailureReason.UnsupportedContent, $"An e-mail can't carry {message.Content.Kind}."));
        var mail = new MimeMessage { Subject = Line(subject), Date = context.Time.GetUtcNow(), Body = body };
        mail.From.Add(from);
        mail.To.Add(new MailboxAddress(message.ToName is { Length: > 0 } name ? Line(name) : null, to.Address));
        if (ReplyTo(email) is { } reply) mail.ReplyTo.Add(reply);
        // Ours and made before the hand-over, so that a bounce finds its row even if the answer was lost; the same over every attempt.
        mail.MessageId = $"{addresses.Tokens?.ForMessageId(message.Id, to.Address) ?? IdPart(message.Id)}@{from.Domain}";
        Unsubscribing(mail, message, to.Address);
        Headers(mail, message, from.Domain);
        signing?.Sign(mail);
        return (new OutgoingMail(mail, addresses.BounceOf(message.Id) is { } bounce ? new MailboxAddress(null, bounce) : from), null);
    }

    private void Unsubscribing(MimeMessage mail, OutboundMessage message, string to)
    {
        var link = message.UnsubscribeUrl is { } url && Uri.TryCreate(url, UriKind.Absolute, out var parsed) ? parsed : null;
        var address = message.BroadcastId is null ? null : addresses.UnsubscribeOf(message.Id, to);
        string[] ways = [.. new[] { link?.AbsoluteUri, address is null ? null : $"mailto:{address.Replace("+", "%2B", StringComparison.Ordinal)}?subject=unsubscribe" }.OfType<string>().Select(w => $"<{w}>")];
        if (ways.Length > 0) mail.Headers.Add("List-Unsubscribe", string.Join(", ", ways));
        // RFC 8058: one click only over https.
        if (link?.Scheme == Uri.UriSchemeHttps) mail.Headers.Add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
    }

    private void Headers(MimeMessage mail, OutboundMessage message, string domain)
    {
        if (message.BroadcastId is not { } broadcast) return;
        mail.Headers.Add("List-Id", $"<{(string.IsNullOrWhiteSpace(settings.ListId) ? $"{IdPart(context.ChannelId)}.{domain}" : settings.ListId)}>");
        mail.Headers.Add("Feedback-ID", $"{IdPart(broadcast)}:{IdPart(context.ChannelId)}:broadcasts");
        mail.Headers.Add("Precedence", "bulk");
    }

    private (string Subject, MimeEntity? Body) Content(MessageContent content) => content switch
    {
        EmailContent email => (email.Subject, Alternatives(email)),
        TextContent text => (Subject(text.Text), Text(MediaTypeNames.Text.Plain, text.Text)),
        ChoicesContent choices => (Subject(choices.Prompt), Text(MediaTypeNames.Text.Plain, choices.AsText())),
        FileContent file => (Subject(file.Caption is { Length: > 0 } caption ? caption : file.FileName), WithFile(file)),
        _ => ("", null),
    };

    private static MimeEntity Alternatives(EmailContent email)
    {
        if (email.Html is null) return Text(MediaTypeNames.Text.Plain, email.Text ?? "");
        var html = Text(MediaTypeNames.Text.Html, email.Html);
        return email.Text is null ? html : new MultipartAlternative { Text(MediaTypeNames.Text.Plain, email.Text), html };
    }

    private static TextPart Text(string mediaType, string text)
    {
        var part = new TextPart(mediaType[(mediaType.IndexOf('/') + 1)..]);
        part.SetText("utf-8", text);
        // Never 8bit: lines stay short and the same bytes pass every server, so that a signature over them holds.
        part.ContentTransferEncoding = part.GetBestEncoding(EncodingConstraint.SevenBit) == ContentEncoding.SevenBit ? ContentEncoding.SevenBit : ContentEncoding.QuotedPrintable;
        return part;
    }

    private static Multipart WithFile(FileContent file)
    {
        var type = ContentType.TryParse(Line(file.MediaType), out var parsed) ? parsed : new ContentType("application", "octet-stream");
        var attachment = new MimePart(type)
        {
            // The bytes are shared by all messages of a broadcast: read in place, not copied.
            Content = new MimeContent(MemoryMarshal.TryGetArray(file.Bytes, out var bytes)
                ? new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false)
                : new MemoryStream(file.Bytes.ToArray(), writable: false)),
            ContentDisposition = new ContentDisposition(ContentDisposition.Attachment),
            ContentTransferEncoding = ContentEncoding.Base64,
            FileName = Line(file.FileName),
        };
        return new Multipart("mixed") { Text(MediaTypeNames.Text.Plain, file.Caption ?? ""), attachment };
    }

    private bool TrySender(string? own, out MailboxAddress from)
    {
        from = _from;
        return string.IsNullOrWhiteSpace(own) || (MailboxAddress.TryParse(Line(own), out from!) && from.Address.Contains('@'));
    }

    private MailboxAddress? ReplyTo(EmailContent? email)
    {
        var reply = string.IsNullOrWhiteSpace(email?.ReplyTo) ? settings.ReplyTo : email.ReplyTo;
        return !string.IsNullOrWhiteSpace(reply) && MailboxAddress.TryParse(Line(reply), out var address) ? address : null;
    }

    private string Subject(string text)
    {
        if (!string.IsNullOrWhiteSpace(settings.Subject)) return settings.Subject;
        var line = text.TrimStart().Split('\n', 2)[0].Trim();
        return line.Length <= 78 ? line : line[..77] + "…";
    }

    private static string Line(string text) =>
        string.Concat(text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>An id as part of a header's token.</summary>
    private static string IdPart(string id) => string.Concat(id.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_')) is { Length: > 0 } part ? part : MimeUtils.GenerateMessageId();
}
