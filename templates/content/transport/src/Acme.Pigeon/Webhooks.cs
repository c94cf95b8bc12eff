using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts;

namespace Acme.Pigeon;

/// <summary>Receipts: <c>{"id": "…", "reference": "…", "status": "delivered|failed", "at": "ISO 8601"}</c>, signed with HMAC-SHA256 over the raw bytes.</summary>
internal static class Webhooks
{
    public const string SignatureHeader = "X-Signature";

    public static WebhookResult Receive(WebhookRequest request, string secret)
    {
        var given = request.Headers.FirstOrDefault(h => h.Key.Equals(SignatureHeader, StringComparison.OrdinalIgnoreCase)).Value ?? "";
        // First the proof, over the bytes as they came and in constant time; only then is anything read.
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(given), Encoding.ASCII.GetBytes(Sign(request.Body.Span, secret)))) return WebhookResult.Unverified();
        try
        {
            using var json = JsonDocument.Parse(request.Body);
            return new WebhookResult { Events = [ReceiptOf(json.RootElement)] };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return new WebhookResult { Status = 400 };
        }
    }

    public static string Sign(ReadOnlySpan<byte> body, string secret) => Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body));

    private static Receipt ReceiptOf(JsonElement json)
    {
        var (id, status, at) = (json.GetProperty("id").GetString()!, json.GetProperty("status").GetString(), json.GetProperty("at").GetDateTimeOffset());
        var isDelivered = status == "delivered";
        return new Receipt
        {
            // Unique at the provider: news that come twice change nothing.
            Key = $"{id}:{status}",
            At = at,
            ProviderId = id,
            // Our own id finds the message even if the answer to the send was lost.
            MessageId = json.TryGetProperty("reference", out var reference) ? reference.GetString() : null,
            Status = isDelivered ? ReceiptStatus.Delivered : ReceiptStatus.Failed,
            Reason = isDelivered ? null : FailureReason.Unclassified,
            Code = status,
        };
    }
}
