using System.Globalization;

namespace Broadcasts.Transports.TwilioSms;

/// <summary>Translates a proven call of Twilio: the status of a message of ours, or a message to us.</summary>
internal sealed class WebhookReader(TwilioSmsSettings settings, TimeProvider time)
{
    /// <summary>Our own id, in the query of the callback's address: it is found even when the answer to the send was lost.</summary>
    public const string MessageParameter = "m";

    // Twilio's own, as of 2026-11 (help article 223134027).
    private static readonly string[] Stops = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
    private static readonly string[] Starts = ["START", "UNSTOP", "YES"];

    private readonly string[] _optOutWords = [.. Stops, .. (settings.OptOutWords ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    public IEnumerable<TransportEvent> Read(IReadOnlyList<KeyValuePair<string, string>> form, Uri url)
    {
        string? Field(string name) => form.FirstOrDefault(p => p.Key == name).Value is { Length: > 0 } value ? value : null;
        // One address may serve a parent account and its children.
        if (Field("AccountSid") is { } account && account != settings.AccountSid) return [];
        if ((Field("MessageSid") ?? Field("SmsSid")) is not { } sid) return [];
        if (Field("MessageStatus") is { } status) return OfStatus(sid, status, Field("ErrorCode"), Field("ErrorMessage"), OurId(url));
        // "whatsapp:+34…" is another channel's.
        return Field("From") is { } from && !from.Contains(':', StringComparison.Ordinal) ? OfInbound(sid, from, form, Field("Body"), Field("OptOutType")) : [];
    }

    private IEnumerable<TransportEvent> OfStatus(string sid, string status, string? error, string? words, string? ourId)
    {
        status = status.ToLowerInvariant();
        ReceiptStatus? what = status switch
        {
            "sent" => ReceiptStatus.Sent,
            "delivered" or "partially_delivered" => ReceiptStatus.Delivered,
            "read" => ReceiptStatus.Read,
            "failed" or "undelivered" or "canceled" => ReceiptStatus.Failed,
            // On its way still, or a status of next year.
            _ => null,
        };
        if (what is null) yield break;
        long? code = long.TryParse(error, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        var (reason, suppress, isTemporary) = what == ReceiptStatus.Failed ? ErrorTable.OfCallback(code) : default;
        yield return new Receipt
        {
            Key = $"{sid}:{status}",
            // RawDlrDoneDate has no zone: our own time is what is known.
            At = time.GetUtcNow(),
            ProviderId = sid,
            MessageId = ourId,
            Status = what.Value,
            Reason = what == ReceiptStatus.Failed ? reason : null,
            Suppress = suppress,
            IsTemporary = isTemporary,
            Code = error,
            Detail = words ?? (what == ReceiptStatus.Failed ? status : null),
        };
    }

    private IEnumerable<TransportEvent> OfInbound(string sid, string from, IReadOnlyList<KeyValuePair<string, string>> form, string? body, string? optOutType)
    {
        var at = time.GetUtcNow();
        var media = form.Where(p => p.Key.StartsWith("MediaUrl", StringComparison.Ordinal)).Select(p => p.Value);
        yield return new InboundMessage { Key = sid, At = at, From = from, Text = string.Join('\n', new[] { body }.Concat(media).Where(t => !string.IsNullOrEmpty(t))) };
        if (WishOf(body, optOutType) is { } isOut) yield return new ConsentChange { Key = $"{sid}:consent", At = at, Address = from, IsOptedOut = isOut, Detail = body };
    }

    // What Twilio understood itself (Advanced Opt-Out) comes first: after it, it blocks or sends again on its own.
    private bool? WishOf(string? body, string? optOutType)
    {
        var word = body?.Trim().TrimEnd('.', '!');
        return optOutType?.ToUpperInvariant() switch
        {
            "STOP" => true,
            "START" => false,
            "HELP" => null,
            _ when word is null => null,
            _ when _optOutWords.Contains(word, StringComparer.OrdinalIgnoreCase) => true,
            _ when Starts.Contains(word, StringComparer.OrdinalIgnoreCase) => false,
            _ => null,
        };
    }

    private static string? OurId(Uri url) => FormBody.Read(System.Text.Encoding.UTF8.GetBytes(url.Query.TrimStart('?'))).FirstOrDefault(p => p.Key == MessageParameter).Value;
}
