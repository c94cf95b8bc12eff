using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.Telegram;

/// <summary>Hears of replies by Telegram's calls. There is no signature: Telegram repeats a secret in a header.</summary>
internal sealed class TelegramWebhookTransport(TelegramSettings settings, ChannelContext context) : TelegramTransport(settings, context), IWebhookReceiver
{
    public const string SecretHeader = "X-Telegram-Bot-Api-Secret-Token";

    private readonly UpdateReader _updates = new(settings, context.Time);

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken)
    {
        if (request.Method != "POST") return new(new WebhookResult { Status = 405 });
        var secret = request.Headers.FirstOrDefault(h => h.Key.Equals(SecretHeader, StringComparison.OrdinalIgnoreCase)).Value;
        if (!IsGenuine(secret)) return new(WebhookResult.Unverified());
        using var update = ProviderJson.Parse(request.Body);
        if (update is not { RootElement.ValueKind: JsonValueKind.Object }) return new(new WebhookResult { Status = 400, MediaType = "text/plain", Body = "The body is no update."u8.ToArray() });

        TransportEvent[] events = [.. _updates.Read(update.RootElement)];
        return new(update.RootElement.Member("callback_query").Text("id") is { } pressed
            ? new WebhookResult { Events = events, MediaType = "application/json", Body = Answered(pressed) }
            : new WebhookResult { Events = events });
    }

    /// <summary>Also registers the address with Telegram when another one, or none, is registered.</summary>
    public override async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        if (await base.TestAsync(cancellationToken).ConfigureAwait(false) is { } fault) return fault;
        if (Context.WebhookUrl is not { Scheme: "https" } url)
            return SendOutcome.ChannelFault(FailureReason.Misconfigured, "Telegram calls https addresses alone, and this service has no public one. Configure it, or let replies come by polling.");
        using var registered = await Bot.CallAsync("getWebhookInfo", static _ => { }, cancellationToken).ConfigureAwait(false);
        if (registered.Failure is { } failure) return failure;
        if (registered.Result.Text("url") == url.AbsoluteUri) return null;
        using var answer = await Bot.CallAsync("setWebhook", json => Registration(json, url), cancellationToken).ConfigureAwait(false);
        return answer.Failure;
    }

    private void Registration(Utf8JsonWriter json, Uri url)
    {
        json.WriteString("url", url.AbsoluteUri);
        json.WriteString("secret_token", Settings.WebhookSecret);
        json.WriteStartArray("allowed_updates");
        foreach (var kind in UpdateReader.Kinds) json.WriteStringValue(kind);
        json.WriteEndArray();
    }

    // The answer of the call may itself be a call: the button stops waiting.
    private static byte[] Answered(string query)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("method", "answerCallbackQuery");
            json.WriteString("callback_query_id", query);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private bool IsGenuine(string? secret) =>
        secret is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(secret)), SHA256.HashData(Encoding.UTF8.GetBytes(Settings.WebhookSecret!)));
}
