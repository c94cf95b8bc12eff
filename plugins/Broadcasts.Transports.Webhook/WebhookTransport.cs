using System.Net.Http.Headers;
using System.Text.Json;

namespace Broadcasts.Transports.Webhook;

/// <summary>Posts the messages of one channel and takes its receipts.</summary>
internal sealed class WebhookTransport(WebhookSettings settings, HttpClient http, TimeProvider time) : SingleMessageTransport, IWebhookReceiver, IConnectionTest
{
    private static readonly JsonWriterOptions Compact = new() { Indented = false };

    protected override Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken) =>
        PostAsync(MessageJson.Bytes(message, Compact), "message", message.Id, cancellationToken);

    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        var outcome = await PostAsync("{\"type\":\"ping\"}"u8.ToArray(), "ping", "ping-" + Guid.NewGuid().ToString("N"), cancellationToken).ConfigureAwait(false);
        return outcome.Kind == SendOutcomeKind.Accepted ? null : outcome;
    }

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken)
    {
        if (request.Method != "POST") return new(new WebhookResult { Status = 405 });
        var signature = request.Headers.FirstOrDefault(h => h.Key.Equals(Signature.Header, StringComparison.OrdinalIgnoreCase)).Value;
        return new(Signature.IsGenuine(signature, request.Body.Span, settings.Secret, time.GetUtcNow())
            ? ReceiptParser.Parse(request.Body)
            : WebhookResult.Unverified());
    }

    public override ValueTask DisposeAsync()
    {
        http.Dispose();
        return base.DisposeAsync();
    }

    private async Task<SendOutcome> PostAsync(byte[] body, string kind, string key, CancellationToken cancellationToken)
    {
        using var request = Request(body, kind, key);
        var (answer, failure) = await ProviderHttp.CallAsync(http, request, TimeSpan.FromSeconds(settings.TimeoutSeconds), time, cancellationToken).ConfigureAwait(false);
        return failure ?? Answer.Classify(answer!, key, time.GetUtcNow(), Redact);
    }

    private HttpRequestMessage Request(byte[] body, string kind, string key)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, settings.Url) { Content = content };
        request.Headers.TryAddWithoutValidation("User-Agent", "Broadcasts");
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        request.Headers.TryAddWithoutValidation("X-Broadcasts-Event", kind);
        request.Headers.TryAddWithoutValidation(Signature.Header, Signature.Of(body, settings.Secret, time.GetUtcNow()));
        if (settings.HeaderName is { Length: > 0 } name) request.Headers.TryAddWithoutValidation(name, settings.HeaderValue);
        return request;
    }

    /// <summary>A system that echoes what it was sent must not bring a secret into a report.</summary>
    private string Redact(string text)
    {
        foreach (var secret in new[] { settings.Secret, settings.HeaderValue })
        {
            if (secret is { Length: > 0 }) text = text.Replace(secret, "***", StringComparison.Ordinal);
        }

        return text;
    }
}
