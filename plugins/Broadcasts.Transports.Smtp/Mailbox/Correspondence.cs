using System.Security.Cryptography;
using System.Text;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>Finds the message of ours that a mail belongs to. Every way ends at a signature: a Message-ID or an address without one names nothing.</summary>
internal sealed class Correspondence(ReturnAddresses addresses)
{
    /// <summary>Where mail systems note whom a mail was for.</summary>
    private static readonly string[] RecipientHeaders = ["To", "Cc", "Delivered-To", "X-Original-To", "X-Delivered-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To", "Resent-To", "Original-Recipient"];

    /// <summary>A bounce: first the address that it came to, then what it gives back, then what it says it answers.</summary>
    public NamedMessage? ReturnedBy(MimeMessage mail, MultipartReport report) => ByAddress(TokenUse.Bounce, mail) ?? ByEnvelope(report) ?? ByReturned(report) ?? ByReference(mail);

    /// <summary>A complaint: the mail that it gives back, or the envelope sender that it names.</summary>
    public NamedMessage? ComplainedOf(MultipartReport report) =>
        ByReturned(report) ?? report.OfType<MessageFeedbackReport>().SelectMany(f => f.Fields).Where(f => f.Field.Equals("Original-Mail-From", StringComparison.OrdinalIgnoreCase))
            .Select(f => addresses.Read(TokenUse.Bounce, f.Value.Trim().Trim('<', '>'))).FirstOrDefault(m => m is not null);

    /// <summary>A reply: what it says it answers, newest first, then the address that it came to.</summary>
    public NamedMessage? AnsweredBy(MimeMessage mail) => ByReference(mail) ?? ByAddress(TokenUse.Bounce, mail);

    public NamedMessage? UnsubscribeOf(MimeMessage mail) => ByAddress(TokenUse.Unsubscribe, mail);

    private NamedMessage? ByAddress(TokenUse use, MimeMessage mail)
    {
        foreach (var header in mail.Headers.Where(h => RecipientHeaders.Contains(h.Field, StringComparer.OrdinalIgnoreCase)))
        {
            // "rfc822;user@example.org" in some of them.
            if (!InternetAddressList.TryParse(header.Value[(header.Value.LastIndexOf(';') + 1)..], out var list)) continue;
            foreach (var mailbox in list.Mailboxes)
            {
                if (addresses.Read(use, mailbox.Address) is { } found) return found;
            }
        }

        return null;
    }

    // RFC 3464, 2.2.1: what the sender gave as ENVID, untouched.
    private NamedMessage? ByEnvelope(MultipartReport report) =>
        report.OfType<MessageDeliveryStatus>().Select(s => s.StatusGroups.FirstOrDefault()?["Original-Envelope-Id"]).OfType<string>()
            .Select(id => addresses.Tokens?.Read(TokenUse.MessageId, id.Trim())).FirstOrDefault(m => m is not null);

    private NamedMessage? ByReturned(MultipartReport report)
    {
        foreach (var part in report.Skip(1))
        {
            var id = part switch
            {
                TextRfc822Headers { Message: { } returned } => returned.MessageId,
                MessagePart { Message: { } returned } => returned.MessageId,
                _ => null,
            };
            if (id is not null && addresses.ReadMessageId(id) is { } found) return found;
        }

        return null;
    }

    private NamedMessage? ByReference(MimeMessage mail)
    {
        if (mail.InReplyTo is { } answered && addresses.ReadMessageId(answered) is { } found) return found;
        return mail.References.Reverse().Select(addresses.ReadMessageId).FirstOrDefault(m => m is not null);
    }
}

/// <summary>Tells mails apart by what stays the same wherever they lie.</summary>
internal static class Fingerprint
{
    public static string Of(MimeMessage mail)
    {
        var name = mail.Headers["Message-Id"]?.Trim() is { Length: > 0 } id ? id : string.Join('\n', mail.Headers["Date"], mail.Headers["From"], mail.Headers["To"], mail.Headers["Subject"], mail.Headers["Received"]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 12));
    }
}
