using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.Webhook;

/// <summary>
/// Receipts: an object, an array of them, or <c>{"events": [...]}</c>. Each is
/// <c>{messageId | providerId, status: sent|delivered|read|failed, at, key?, reason?, code?, detail?, temporary?, suppress?}</c>.
/// </summary>
internal static class ReceiptParser
{
    private const int MostEvents = 1000;

    public static WebhookResult Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("events", out var events)) root = events;
            IEnumerable<JsonElement> all = root.ValueKind == JsonValueKind.Array ? root.EnumerateArray() : [root];
            var receipts = all.Take(MostEvents + 1).Select(ReceiptOf).ToArray();
            return receipts.Length > MostEvents ? Refused($"More than {MostEvents} events in one request.") : new WebhookResult { Events = receipts };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return Refused(e.Message);
        }
    }

    private static TransportEvent ReceiptOf(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) throw new FormatException("An event is not an object.");
        var messageId = Text(json, "messageId");
        var providerId = Text(json, "providerId");
        if (messageId is null && providerId is null) throw new FormatException("An event has neither 'messageId' nor 'providerId'.");
        var status = Option<ReceiptStatus>(json, "status") ?? throw new FormatException("An event has no 'status': sent, delivered, read or failed.");
        var at = DateTimeOffset.TryParse(Text(json, "at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time : throw new FormatException("An event has no time 'at' in ISO 8601.");
        return new Receipt
        {
            Key = Text(json, "key") ?? string.Create(CultureInfo.InvariantCulture, $"{messageId ?? providerId}:{status}:{at.ToUnixTimeMilliseconds()}"),
            At = at,
            MessageId = messageId,
            ProviderId = providerId,
            Status = status,
            Reason = status == ReceiptStatus.Failed ? Option<FailureReason>(json, "reason") ?? FailureReason.Unclassified : null,
            IsTemporary = Flag(json, "temporary"),
            Suppress = Flag(json, "suppress"),
            Code = Text(json, "code"),
            Detail = Text(json, "detail"),
        };
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? value.ToString() : null;

    private static bool Flag(JsonElement json, string name) => json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static T? Option<T>(JsonElement json, string name) where T : struct, Enum
    {
        if (Text(json, name) is not { } text) return null;
        var known = Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"'{text}' is not one of {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))}.");
        return Enum.Parse<T>(known);
    }

    private static WebhookResult Refused(string why) => new() { Status = 400, MediaType = "text/plain", Body = Encoding.UTF8.GetBytes(why) };
}
