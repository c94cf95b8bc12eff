using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.Telegram;

/// <summary>What the Bot API answered: a result, or an error in its words.</summary>
/// <param name="Document">The whole answer; null when the call failed.</param>
/// <param name="Failure">The outcome of a call that did not go well.</param>
/// <param name="MigratedTo">The group has this id now.</param>
internal sealed record BotAnswer(JsonDocument? Document, SendOutcome? Failure, string? MigratedTo = null) : IDisposable
{
    /// <summary>What <c>result</c> holds; undefined when the call failed. It lives as long as the answer.</summary>
    public JsonElement Result => Document is null ? default : Document.RootElement.Member("result");

    public void Dispose() => Document?.Dispose();
}

/// <summary>Calls of the Bot API. The token is part of every address: nothing that names one leaves this class unredacted.</summary>
internal sealed class BotClient(TelegramSettings settings, HttpClient http, TimeProvider time) : IDisposable
{
    private readonly string _root = $"{settings.BaseUrl.TrimEnd('/')}/bot{settings.BotToken}/";

    public Task<BotAnswer> CallAsync(string method, Action<Utf8JsonWriter> write, CancellationToken cancellationToken, int moreSeconds = 0)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return CallAsync(method, content, settings.TimeoutSeconds + moreSeconds, cancellationToken);
    }

    public Task<BotAnswer> UploadAsync(string method, HttpContent form, CancellationToken cancellationToken) => CallAsync(method, form, settings.UploadTimeoutSeconds, cancellationToken);

    public void Dispose() => http.Dispose();

    private async Task<BotAnswer> CallAsync(string method, HttpContent content, int seconds, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _root + method) { Content = content };
        request.Headers.TryAddWithoutValidation("User-Agent", "Broadcasts");
        var (answer, failure) = await ProviderHttp.CallAsync(http, request, TimeSpan.FromSeconds(seconds), time, cancellationToken).ConfigureAwait(false);
        return answer is null ? new BotAnswer(null, Redacted(failure!)) : Read(answer);
    }

    private BotAnswer Read(ProviderAnswer answer)
    {
        var document = answer.IsComplete ? ProviderJson.Parse(Encoding.UTF8.GetBytes(answer.Body)) : null;
        var ok = document?.RootElement.Member("ok").ValueKind;
        if (ok == JsonValueKind.True && (int)answer.Status is >= 200 and < 300) return new BotAnswer(document, null);
        using (document)
        {
            var root = ok is null ? default : document!.RootElement;
            var code = (int)(root.Whole("error_code") ?? (int)answer.Status);
            var words = Redact(root.Text("description") ?? answer.Detail);
            var parameters = root.Member("parameters");
            var wait = parameters.Whole("retry_after") is { } told and >= 0 ? time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(told, 86_400)) : answer.RetryAt(time.GetUtcNow());
            // Without an error of Telegram's own, a good status can't be relied on.
            var failure = ok != JsonValueKind.False && code is >= 200 and < 300
                ? SendOutcome.InDoubt(FailureReason.UnreadableAnswer, words, code.ToString(CultureInfo.InvariantCulture))
                : ErrorTable.Classify(code, words, wait);
            return new BotAnswer(null, failure, parameters.Text("migrate_to_chat_id"));
        }
    }

    private SendOutcome Redacted(SendOutcome outcome) => outcome.Detail is not { } detail || !detail.Contains(settings.BotToken, StringComparison.Ordinal) ? outcome : outcome.Kind switch
    {
        SendOutcomeKind.InDoubt => SendOutcome.InDoubt(outcome.Reason!.Value, Redact(detail), outcome.Code),
        SendOutcomeKind.ChannelFault => SendOutcome.ChannelFault(outcome.Reason!.Value, Redact(detail), outcome.Code),
        _ => SendOutcome.RetryLater(outcome.Reason!.Value, Redact(detail), outcome.Code),
    };

    private string Redact(string text)
    {
        text = text.Replace(settings.BotToken, "***", StringComparison.Ordinal);
        return settings.WebhookSecret is { Length: > 0 } secret ? text.Replace(secret, "***", StringComparison.Ordinal) : text;
    }
}
