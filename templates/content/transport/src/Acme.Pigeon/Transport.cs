using System.Net.Http.Headers;
using System.Text.Json;
using Broadcasts;

namespace Acme.Pigeon;

/// <summary>Sends the messages of one channel. The host calls it from several workers at once and owns retries, rates and deadlines: no loop, sleep or queue here.</summary>
internal sealed class Transport(Settings settings, HttpClient http, TimeProvider time) : SingleMessageTransport, IWebhookReceiver, IConnectionTest
{
    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(settings.Url), "messages")) { Content = Body(message) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.ApiKey);
        // The same over every attempt: a provider that knows the header sends a repeat once.
        request.Headers.TryAddWithoutValidation("Idempotency-Key", message.Id);
        return await CallAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A harmless call that proves address and key.</summary>
    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(settings.Url), "account"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.ApiKey);
        var outcome = await CallAsync(request, cancellationToken).ConfigureAwait(false);
        return outcome.Kind is SendOutcomeKind.Accepted || outcome.Reason is FailureReason.UnreadableAnswer ? null : outcome;
    }

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken) => new(Webhooks.Receive(request, settings.WebhookSecret));

    public override ValueTask DisposeAsync()
    {
        http.Dispose();
        return base.DisposeAsync();
    }

    private async Task<SendOutcome> CallAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // One limit for the whole call, not for each read: a provider that drips bytes must not hold the message for ever.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.TimeoutSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var response = await http.SendAsync(request, either.Token).ConfigureAwait(false);
            var body = await response.Content.ReadAsStringAsync(either.Token).ConfigureAwait(false);
            return Answers.Classify(response, body, time.GetUtcNow(), [settings.ApiKey, settings.WebhookSecret]);
        }
        catch (HttpRequestException e)
        {
            return Answers.Classify(e);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return SendOutcome.InDoubt(FailureReason.TimedOut, "No whole answer in time.");
        }
    }

    // Written by hand or with a source generator: the caches of reflection-based JSON keep a plugin in memory after its unload.
    private ByteArrayContent Body(OutboundMessage message)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("reference", message.Id);
            json.WriteString("from", settings.Sender);
            json.WriteString("to", message.To);
            json.WriteString("text", message.Content switch
            {
                TextContent text => text.Text,
                ChoicesContent choices => choices.AsText(),
                _ => throw new NotSupportedException($"The host sends only what the descriptor names, not {message.Content.Kind}."),
            });
            json.WriteEndObject();
        }

        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
