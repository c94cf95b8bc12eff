using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>What one mail of the mailbox is: a bounce, a complaint, an opt-out, an automatic answer, a reply, or nothing to us.</summary>
internal sealed class MailNews(SmtpSettings settings, ReturnAddresses addresses, ChannelContext context)
{
    private readonly Correspondence _correspondence = new(addresses);
    private readonly ReplyText _texts = new(settings.OptOutWords);

    /// <summary>Without a message of ours that it surely belongs to, a mail says nothing: anybody can write one.</summary>
    public IEnumerable<TransportEvent> Of(MimeMessage mail)
    {
        var facts = new MailFacts(mail, context.Time);
        if (mail.Body is MultipartReport report) return OfReport(report, facts);
        if (_correspondence.UnsubscribeOf(mail) is { } leaving) return [OptOut.By(leaving, addresses.Tokens!, facts, [Sender(mail)], "unsubscribed by mail")];
        if (AutomaticMail.Is(mail)) return [];
        return _correspondence.AnsweredBy(mail) is { } answered && Sender(mail) is { Length: > 0 } sender ? OfReply(mail, answered, sender, facts) : [];
    }

    private IEnumerable<TransportEvent> OfReport(MultipartReport report, MailFacts facts) => TypeOf(report) switch
    {
        "delivery-status" => DeliveryReport.Receipts(report, _correspondence.ReturnedBy(facts.Mail, report), facts),
        "feedback-report" => Complaint.News(report, _correspondence.ComplainedOf(report), addresses, facts),
        // Read receipts and whatever else is reported: automatic, and nothing that was asked for.
        _ => [],
    };

    private IEnumerable<TransportEvent> OfReply(MimeMessage mail, NamedMessage answered, string sender, MailFacts facts)
    {
        var text = ReplyText.Of(mail);
        yield return new InboundMessage
        {
            Key = facts.Key("reply", answered.Id),
            At = facts.At,
            From = sender,
            FromName = mail.From.Mailboxes.FirstOrDefault()?.Name is { Length: > 0 } name ? name : null,
            Text = text,
            InReplyTo = answered.Id,
        };
        if (_texts.OptsOut(text)) yield return OptOut.By(answered, addresses.Tokens!, facts, [sender], "opted out by reply");
    }

    // Some systems leave the type out; the parts tell it too.
    private static string? TypeOf(MultipartReport report) => report.ReportType is { Length: > 0 } type ? type.ToLowerInvariant()
        : report.OfType<MessageDeliveryStatus>().Any() ? "delivery-status"
        : report.OfType<MessageFeedbackReport>().Any() ? "feedback-report"
        : null;

    private static string Sender(MimeMessage mail) => mail.From.Mailboxes.FirstOrDefault()?.Address ?? "";
}

/// <summary>What every event of a mail needs.</summary>
internal sealed class MailFacts(MimeMessage mail, TimeProvider time)
{
    public MimeMessage Mail => mail;

    /// <summary>The mail's own date, never in the future; now when it has none.</summary>
    public DateTimeOffset At { get; } = mail.Date > DateTimeOffset.UnixEpoch && mail.Date < time.GetUtcNow() ? mail.Date.ToUniversalTime() : time.GetUtcNow();

    /// <summary>The same for the same mail whatever mailbox, protocol or position it is read from.</summary>
    public string Key(string kind, string id) => $"mail:{kind}:{id}:{Fingerprint.Of(mail)}";
}
