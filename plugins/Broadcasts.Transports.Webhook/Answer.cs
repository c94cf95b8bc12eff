using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Broadcasts.Transports.Webhook;

/// <summary>What the other system's answer means. The statuses are the protocol of this transport, written in its documentation; the body is for the report.</summary>
internal static class Answer
{
    public static SendOutcome Classify(ProviderAnswer answer, string messageId, DateTimeOffset now, Func<string, string> redact)
    {
        var code = ((int)answer.Status).ToString(CultureInfo.InvariantCulture);
        var detail = redact(answer.Detail);
        return answer.Status switch
        {
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => SendOutcome.Accepted(Id(answer.Body) ?? messageId),
            < HttpStatusCode.BadRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, $"HTTP {code}: redirects are not followed. Set the final address.", code),
            HttpStatusCode.TooManyRequests => SendOutcome.Throttled(ThrottleScope.Channel, answer.RetryAt(now), detail, code),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired => SendOutcome.ChannelFault(FailureReason.Credentials, detail, code),
            HttpStatusCode.PaymentRequired => SendOutcome.ChannelFault(FailureReason.Billing, detail, code),
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.MisdirectedRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, detail, code),
            HttpStatusCode.Gone => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, detail, code),
            HttpStatusCode.RequestTimeout => SendOutcome.RetryLater(FailureReason.ProviderDown, detail, code),
            HttpStatusCode.RequestEntityTooLarge => SendOutcome.ContentRejected(FailureReason.TooLarge, detail, code),
            HttpStatusCode.UnprocessableEntity => SendOutcome.ContentRejected(FailureReason.ContentRefused, detail, code),
            HttpStatusCode.ServiceUnavailable => SendOutcome.RetryLater(FailureReason.ProviderDown, detail, code, answer.RetryAt(now)),
            >= HttpStatusCode.InternalServerError => SendOutcome.InDoubt(FailureReason.ProviderError, detail, code),
            _ => SendOutcome.ContentRejected(FailureReason.Unclassified, detail, code),
        };
    }

    private static string? Id(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id)
                ? id.ValueKind switch { JsonValueKind.String => id.GetString(), JsonValueKind.Number => id.GetRawText(), _ => null }
                : null;
        }
        catch (JsonException)
        {
            return null; // an empty, other or broken body is as good: the status accepted it
        }
    }
}
