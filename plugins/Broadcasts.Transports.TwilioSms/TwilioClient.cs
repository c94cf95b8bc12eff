using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.TwilioSms;

/// <summary>Calls of Twilio's REST API, and what its answers mean: by code first, by HTTP status second.</summary>
internal sealed class TwilioClient(TwilioSmsSettings settings, HttpClient http, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan DayIsAskedAgain = TimeSpan.FromHours(1);

    private readonly string _account = $"{settings.BaseUrl.TrimEnd('/')}/2010-04-01/Accounts/{settings.AccountSid}";
    private readonly AuthenticationHeaderValue _signIn = new("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes(
        settings.ApiKeySid is { Length: > 0 } key ? $"{key}:{settings.ApiKeySecret}" : $"{settings.AccountSid}:{settings.AuthToken}")));

    public Task<(JsonDocument? Document, SendOutcome? Failure)> PostAsync(string path, IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, path, new FormUrlEncodedContent(form), cancellationToken);

    public Task<(JsonDocument? Document, SendOutcome? Failure)> GetAsync(string path, CancellationToken cancellationToken) => CallAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>The outcome of a code of Twilio's, for a message or for a call.</summary>
    public SendOutcome Classify(long? code, HttpStatusCode status, string detail, DateTimeOffset? wait)
    {
        var name = (code ?? (int)status).ToString(CultureInfo.InvariantCulture);
        if (ErrorTable.Find(code) is not { } rule) return OfStatus(status, name, detail, wait);
        return rule.Kind switch
        {
            SendOutcomeKind.Throttled => SendOutcome.Throttled(rule.Scope, wait ?? (rule.IsDaily ? time.GetUtcNow() + DayIsAskedAgain : null), detail, name),
            SendOutcomeKind.RetryLater => SendOutcome.RetryLater(rule.Reason, detail, name, wait),
            SendOutcomeKind.RecipientRejected => SendOutcome.RecipientRejected(rule.Reason, rule.Suppress, detail, name),
            SendOutcomeKind.BroadcastBlocked => SendOutcome.BroadcastBlocked(rule.Reason, detail, name),
            SendOutcomeKind.ChannelFault => SendOutcome.ChannelFault(rule.Reason, detail, name),
            SendOutcomeKind.InDoubt => SendOutcome.InDoubt(rule.Reason, detail, name),
            _ => SendOutcome.ContentRejected(rule.Reason, detail, name),
        };
    }

    public void Dispose() => http.Dispose();

    private async Task<(JsonDocument? Document, SendOutcome? Failure)> CallAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, _account + path) { Content = content };
        request.Headers.Authorization = _signIn;
        request.Headers.TryAddWithoutValidation("User-Agent", "Broadcasts");
        var (answer, failure) = await ProviderHttp.CallAsync(http, request, TimeSpan.FromSeconds(settings.TimeoutSeconds), time, cancellationToken).ConfigureAwait(false);
        return answer is null ? (null, failure) : Read(answer);
    }

    private (JsonDocument? Document, SendOutcome? Failure) Read(ProviderAnswer answer)
    {
        var document = answer.IsComplete ? ProviderJson.Parse(Encoding.UTF8.GetBytes(answer.Body)) : null;
        if (document is { RootElement.ValueKind: JsonValueKind.Object } && (int)answer.Status is >= 200 and < 300) return (document, null);
        using (document)
        {
            var root = document?.RootElement ?? default;
            var words = root.Text("message") is { } message ? $"{root.Text("code")} {message}".Trim() : answer.Detail;
            return (null, Classify(root.Whole("code"), answer.Status, Redact(words), answer.RetryAt(time.GetUtcNow())));
        }
    }

    private static SendOutcome OfStatus(HttpStatusCode status, string code, string detail, DateTimeOffset? wait) => status switch
    {
        >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => SendOutcome.InDoubt(FailureReason.UnreadableAnswer, detail, code),
        >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, $"HTTP {(int)status}: redirects are not followed. Check the API address.", code),
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => SendOutcome.ChannelFault(FailureReason.Credentials, detail, code),
        HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => SendOutcome.ChannelFault(FailureReason.Misconfigured, detail, code),
        HttpStatusCode.TooManyRequests => SendOutcome.Throttled(ThrottleScope.Account, wait, detail, code),
        HttpStatusCode.RequestEntityTooLarge => SendOutcome.ContentRejected(FailureReason.TooLarge, detail, code),
        >= HttpStatusCode.InternalServerError => SendOutcome.InDoubt(FailureReason.ProviderError, detail, code),
        _ => SendOutcome.ContentRejected(FailureReason.Unclassified, detail, code),
    };

    private string Redact(string text)
    {
        foreach (var secret in new[] { settings.AuthToken, settings.ApiKeySecret })
        {
            if (secret is { Length: > 0 }) text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return text;
    }
}
