using System.Text.RegularExpressions;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>Delivery status notifications (RFC 3464).</summary>
internal static partial class DeliveryReport
{
    private const int LongestDetail = 300;

    /// <summary>A receipt for a final word about a message of ours; nothing for a delay, a relay or a list that took it over (neither has delivered it), or a report about nothing of ours.</summary>
    public static IEnumerable<TransportEvent> Receipts(MultipartReport report, NamedMessage? returned, MailFacts facts)
    {
        if (returned is null) return [];
        // The first group is about the report itself. One recipient per message: where there are several an alias was expanded.
        var groups = report.OfType<MessageDeliveryStatus>().SelectMany(s => s.StatusGroups.Skip(1)).ToList();
        if (groups.FirstOrDefault(g => ActionOf(g) == "delivered") is not null) return [Delivered(returned, facts)];
        return groups.FirstOrDefault(g => ActionOf(g) == "failed") is { } failed ? [Failed(failed, returned, facts)] : [];
    }

    private static Receipt Delivered(NamedMessage returned, MailFacts facts) =>
        new() { Key = facts.Key("delivered", returned.Id), At = facts.At, MessageId = returned.Id, Status = ReceiptStatus.Delivered };

    private static Receipt Failed(HeaderList group, NamedMessage returned, MailFacts facts)
    {
        var diagnostic = group["Diagnostic-Code"]?.ReplaceLineEndings(" ").Trim();
        var code = CodeOf(group["Status"], diagnostic);
        var (reason, suppress) = BounceCodes.Classify(code);
        return new Receipt
        {
            Key = facts.Key("failed", returned.Id),
            At = facts.At,
            MessageId = returned.Id,
            Status = ReceiptStatus.Failed,
            Reason = reason,
            Suppress = suppress,
            IsTemporary = code?.StartsWith("4.", StringComparison.Ordinal) == true,
            Code = code,
            Detail = diagnostic is { Length: > LongestDetail } ? diagnostic[..LongestDetail] + "…" : diagnostic,
        };
    }

    // "failed (user unknown)" is seen: comments are allowed in the field.
    private static string? ActionOf(HeaderList group) => group["Action"]?.Split([' ', '(', '\t', ';'], 2, StringSplitOptions.TrimEntries)[0].ToLowerInvariant();

    /// <summary>The status, or what the far server said when that is more exact: many systems write 5.0.0 or 5.5.0 above a 550 5.1.1.</summary>
    private static string? CodeOf(string? status, string? diagnostic)
    {
        var said = First(status);
        return said is null || said.EndsWith(".0.0", StringComparison.Ordinal) || said == "5.5.0" ? First(diagnostic) ?? said : said;
    }

    private static string? First(string? text) => text is not null && Enhanced().Match(text) is { Success: true } found ? found.Value : null;

    [GeneratedRegex(@"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")]
    private static partial Regex Enhanced();
}

/// <summary>Enhanced status codes of bounces (RFC 3463 and its IANA registry, as of 2026-11). Only a dead address is suppressed.</summary>
internal static class BounceCodes
{
    public static (FailureReason Reason, bool Suppress) Classify(string? code) => code switch
    {
        null => (FailureReason.Unclassified, false),
        // Bad mailbox, bad system, bad syntax, moved without a new address, null MX.
        "5.1.1" or "5.1.2" or "5.1.3" or "5.1.6" or "5.1.10" => (FailureReason.InvalidAddress, true),
        // Disabled: it may come back.
        "5.2.1" => (FailureReason.Unreachable, false),
        "5.2.2" or "4.2.2" => (FailureReason.MailboxFull, false),
        "5.2.3" or "5.3.4" => (FailureReason.TooLarge, false),
        _ when code.StartsWith("5.1.", StringComparison.Ordinal) => (FailureReason.Unclassified, false),
        _ when code.StartsWith("5.7.", StringComparison.Ordinal) || code.StartsWith("4.7.", StringComparison.Ordinal) => (FailureReason.Policy, false),
        _ when code.StartsWith("5.6.", StringComparison.Ordinal) => (FailureReason.ContentRefused, false),
        // Given up after days of trying, or no way there.
        _ when code.StartsWith("4.", StringComparison.Ordinal) || code.StartsWith("5.4.", StringComparison.Ordinal) => (FailureReason.Unreachable, false),
        _ => (FailureReason.Unclassified, false),
    };
}
