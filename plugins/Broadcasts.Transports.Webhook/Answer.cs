using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.Webhook;

/// <summary>What the other system answered, and what it means. The statuses are the protocol of this transport, written in its documentation.</summary>
internal sealed class Answer
{
    private const int LongestBody = 64 * 1024;
    private const int LongestDetail = 300;

    private Answer(HttpStatusCode status, RetryConditionHeaderValue? retryAfter, string body) => (Status, RetryAfter, Body) = (status, retryAfter, body);

    private HttpStatusCode Status { get; }

    private RetryConditionHeaderValue? RetryAfter { get; }

    private string Body { get; }

    public static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = "";
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var buffer = new byte[LongestBody];
            var length = await stream.ReadAtLeastAsync(buffer, LongestBody, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            text = Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The status has said it; a body that breaks off changes nothing.
        }

        return new Answer(response.StatusCode, response.Headers.RetryAfter, text);
    }

    public SendOutcome Classify(string messageId, DateTimeOffset now, Func<string, string> redact)
    {
        var code = ((int)Status).ToString(CultureInfo.InvariantCulture);
        var detail = redact(Detail());
        return Status switch
        {
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => SendOutcome.Accepted(Id() ?? messageId),
            < HttpStatusCode.BadRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, $"HTTP {code}: redirects are not followed. Set the final address.", code),
            HttpStatusCode.TooManyRequests => SendOutcome.Throttled(ThrottleScope.Channel, Until(now), detail, code),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired => SendOutcome.ChannelFault(FailureReason.Credentials, detail, code),
            HttpStatusCode.PaymentRequired => SendOutcome.ChannelFault(FailureReason.Billing, detail, code),
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.MisdirectedRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, detail, code),
            HttpStatusCode.Gone => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, detail, code),
            HttpStatusCode.RequestTimeout => SendOutcome.RetryLater(FailureReason.ProviderDown, detail, code),
            HttpStatusCode.RequestEntityTooLarge => SendOutcome.ContentRejected(FailureReason.TooLarge, detail, code),
            HttpStatusCode.UnprocessableEntity => SendOutcome.ContentRejected(FailureReason.ContentRefused, detail, code),
            HttpStatusCode.ServiceUnavailable => SendOutcome.RetryLater(FailureReason.ProviderDown, detail, code, Until(now)),
            >= HttpStatusCode.InternalServerError => SendOutcome.InDoubt(FailureReason.ProviderError, detail, code),
            _ => SendOutcome.ContentRejected(FailureReason.Unclassified, detail, code),
        };
    }

    public static SendOutcome Classify(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError =>
            SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        HttpRequestError.SecureConnectionError when error.InnerException is AuthenticationException =>
            SendOutcome.ChannelFault(FailureReason.TlsRefused, $"{error.Message} {error.InnerException.Message}"),
        HttpRequestError.SecureConnectionError => SendOutcome.RetryLater(FailureReason.ProviderDown, error.Message),
        HttpRequestError.InvalidResponse => SendOutcome.InDoubt(FailureReason.UnreadableAnswer, error.Message),
        _ => SendOutcome.InDoubt(FailureReason.ConnectionLost, error.Message),
    };

    private DateTimeOffset? Until(DateTimeOffset now) => RetryAfter is null ? null : RetryAfter.Date ?? now + RetryAfter.Delta;

    private string Detail()
    {
        var text = Body.ReplaceLineEndings(" ").Trim();
        return $"HTTP {(int)Status} {(text.Length <= LongestDetail ? text : text[..LongestDetail] + "…")}".TrimEnd();
    }

    private string? Id()
    {
        try
        {
            using var document = JsonDocument.Parse(Body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("id", out var id)
                ? id.ValueKind switch { JsonValueKind.String => id.GetString(), JsonValueKind.Number => id.GetRawText(), _ => null }
                : null;
        }
        catch (JsonException)
        {
            return null; // an empty or other body is as good: the status accepted it
        }
    }
}
