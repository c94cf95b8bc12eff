using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Text.Json;
using Broadcasts;

namespace Acme.Pigeon;

/// <summary>What the provider's answers mean. The transport classifies, the host decides what follows. Keep the provider's own codes here, as a table.</summary>
internal static class Answers
{
    private const int LongestDetail = 300;

    public static SendOutcome Classify(HttpResponseMessage response, string body, DateTimeOffset now, string[] secrets)
    {
        var code = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        var detail = $"HTTP {code} {Short(secrets.Aggregate(body, (text, secret) => secret.Length == 0 ? text : text.Replace(secret, "***", StringComparison.Ordinal)))}".TrimEnd();
        DateTimeOffset? until = response.Headers.RetryAfter is { } after ? after.Date ?? now + after.Delta : null;
        return response.StatusCode switch
        {
            // An acceptance without an id is not one to rely on, and not one to repeat.
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => IdOf(body) is { } id ? SendOutcome.Accepted(id) : SendOutcome.InDoubt(FailureReason.UnreadableAnswer, detail, code),
            HttpStatusCode.TooManyRequests => SendOutcome.Throttled(ThrottleScope.Channel, until, detail, code),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => SendOutcome.ChannelFault(FailureReason.Credentials, detail, code),
            HttpStatusCode.PaymentRequired => SendOutcome.ChannelFault(FailureReason.Billing, detail, code),
            HttpStatusCode.NotFound => SendOutcome.ChannelFault(FailureReason.Misconfigured, detail, code),
            // Only where the provider names the address itself as dead may it be suppressed.
            HttpStatusCode.Gone => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, detail, code),
            HttpStatusCode.ServiceUnavailable => SendOutcome.RetryLater(FailureReason.ProviderDown, detail, code, until),
            >= HttpStatusCode.InternalServerError => SendOutcome.InDoubt(FailureReason.ProviderError, detail, code),
            // What nobody knows is about this message; it never blames the address.
            _ => SendOutcome.ContentRejected(FailureReason.Unclassified, detail, code),
        };
    }

    /// <summary>No answer: before the request was written it is surely not sent, afterwards it is in doubt.</summary>
    public static SendOutcome Classify(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError => SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        HttpRequestError.SecureConnectionError when error.InnerException is AuthenticationException => SendOutcome.ChannelFault(FailureReason.TlsRefused, error.Message),
        HttpRequestError.SecureConnectionError => SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        _ => SendOutcome.InDoubt(FailureReason.ConnectionLost, error.Message),
    };

    private static string? IdOf(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("id", out var id) ? id.ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Short(string text) => text.Length <= LongestDetail ? text : text[..LongestDetail] + "…";
}
