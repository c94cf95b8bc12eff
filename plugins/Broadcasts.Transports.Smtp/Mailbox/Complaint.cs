using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>Complaints of mailbox providers (ARF, RFC 5965): somebody pressed "this is spam".</summary>
internal static class Complaint
{
    // "opt-out" was in drafts and is in use; "not-spam" and authentication reports say nothing against the sender.
    private static readonly string[] Against = ["abuse", "fraud", "complaint", "opt-out", "opt-out-list"];

    public static IEnumerable<TransportEvent> News(MultipartReport report, NamedMessage? message, ReturnAddresses addresses, MailFacts facts)
    {
        if (message is null) return [];
        var fields = report.OfType<MessageFeedbackReport>().SelectMany(f => f.Fields).ToList();
        var type = fields.FirstOrDefault(f => f.Field.Equals("Feedback-Type", StringComparison.OrdinalIgnoreCase))?.Value.Trim().ToLowerInvariant();
        return type is not null && Against.Contains(type) ? [OptOut.By(message, addresses.Tokens!, facts, Recipients(report, fields), $"complaint: {type}")] : [];
    }

    /// <summary>Whom the report names; many providers leave it out.</summary>
    private static IEnumerable<string> Recipients(MultipartReport report, List<Header> fields)
    {
        foreach (var field in fields.Where(f => f.Field.Equals("Original-Rcpt-To", StringComparison.OrdinalIgnoreCase) || f.Field.Equals("Removal-Recipient", StringComparison.OrdinalIgnoreCase)))
        {
            yield return field.Value[(field.Value.LastIndexOf(';') + 1)..].Trim().Trim('<', '>');
        }

        foreach (var part in report)
        {
            var returned = part is TextRfc822Headers headers ? headers.Message : (part as MessagePart)?.Message;
            foreach (var mailbox in returned?.To.Mailboxes ?? []) yield return mailbox.Address;
        }
    }
}

/// <summary>Takes a recipient's wish to get no more.</summary>
internal static class OptOut
{
    /// <summary>
    /// The address itself when it surely is the one that was written to. Otherwise (an alias, a forwarded mail, a report without the address) the
    /// wish is tied to the message, whose recipient the host knows: a name that somebody wrote into a mail must not silence a third person.
    /// </summary>
    public static TransportEvent By(NamedMessage message, MailTokens tokens, MailFacts facts, IEnumerable<string> candidates, string words) =>
        candidates.FirstOrDefault(a => tokens.WasSentTo(message, a)) is { } address
            ? new ConsentChange { Key = facts.Key("optout", message.Id), At = facts.At, Address = address, IsOptedOut = true, Detail = words }
            : new Receipt { Key = facts.Key("optout", message.Id), At = facts.At, MessageId = message.Id, Status = ReceiptStatus.Failed, Reason = FailureReason.OptedOut, Suppress = true, Detail = words };
}
