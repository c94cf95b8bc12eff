using System.Globalization;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>What became of messages. That one is accepted and fails minutes later is everyday: most refusals of a recipient come here, not as an answer.</summary>
internal static class StatusEvents
{
    public static IEnumerable<TransportEvent> Of(Change change) => change.Value.Items("statuses").SelectMany(status => Of(change, status));

    private static IEnumerable<TransportEvent> Of(Change change, JsonElement status)
    {
        // played, deleted, warning and what may come later say nothing about delivery.
        if (status.Text("id") is not { } id || StatusOf(status.Text("status")) is not { } what) yield break;

        var at = change.TimeOf(status);
        var error = what == ReceiptStatus.Failed ? ErrorOf(status) : null;
        var rule = error is null ? null : ErrorTable.Find(error);
        yield return new Receipt
        {
            Key = $"{id}:{what}",
            At = at,
            ProviderId = id,
            MessageId = status.Text("biz_opaque_callback_data"),
            Status = what,
            Reason = what == ReceiptStatus.Failed ? rule?.Reason ?? FailureReason.Unclassified : null,
            Suppress = rule?.Suppress ?? false,
            Code = error?.Name,
            Detail = error?.Words,
        };

        if (error is not null && NewsOf(error, rule, at) is { } news) yield return news;
    }

    /// <summary>
    /// A payment problem or a restriction of the account fails message after message here while the calls are still answered with 200, so the
    /// channel hears of it. Once an hour at most: a thousand failures are one piece of news, and one that lasts is told again.
    /// </summary>
    private static ChannelNews? NewsOf(MetaError error, ErrorRule? rule, DateTimeOffset at)
    {
        var isFault = rule is { Kind: SendOutcomeKind.ChannelFault };
        if (!isFault && error.Code != ErrorTable.SpamLimit) return null;
        return new ChannelNews
        {
            Key = string.Create(CultureInfo.InvariantCulture, $"status-error:{error.Name}:{at.ToUnixTimeSeconds() / 3600}"),
            At = at,
            Fault = isFault ? rule!.Reason : null,
            Detail = $"{error.Name}: {error.Words}",
        };
    }

    // Several errors: the first that the table knows.
    private static MetaError? ErrorOf(JsonElement status)
    {
        var errors = status.Items("errors").Where(e => e.ValueKind == JsonValueKind.Object).Select(MetaError.Of).ToArray();
        return errors.FirstOrDefault(e => ErrorTable.Find(e) is not null) ?? errors.FirstOrDefault();
    }

    private static ReceiptStatus? StatusOf(string? status) => status switch
    {
        "sent" => ReceiptStatus.Sent,
        "delivered" => ReceiptStatus.Delivered,
        "read" => ReceiptStatus.Read,
        "failed" => ReceiptStatus.Failed,
        _ => null,
    };
}
