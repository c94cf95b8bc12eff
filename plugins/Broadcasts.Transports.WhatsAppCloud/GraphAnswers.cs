using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>What Meta's answers mean: by code first, by HTTP status second, for Meta sends throttles with 400 and errors with 200.</summary>
internal sealed class GraphAnswers(WhatsAppCloudSettings settings, TimeProvider time, Func<string, string> redact)
{
    private static readonly TimeSpan MaintenancePause = TimeSpan.FromMinutes(1);

    /// <summary>What became of a message.</summary>
    public SendOutcome OfMessage(ProviderAnswer answer, Recipient recipient, int attempt)
    {
        using var document = Read(answer);
        if (document is null || MetaError.In(document.RootElement) is not null || !IsSuccess(answer.Status)) return OfRefusal(answer, document, attempt);

        var message = document.RootElement.Items("messages").FirstOrDefault();
        // "paused": the template's pacing has ended badly. "held_for_quality_assessment": it is pacing still, the message is Meta's and may fail later.
        if (message.Text("message_status") == "paused") return SendOutcome.BroadcastBlocked(FailureReason.TemplateRejected, "Meta paused the template while it was being tried out.", "paused");
        if (message.Text("id") is not { } id) return SendOutcome.InDoubt(FailureReason.UnreadableAnswer, redact(answer.Detail), CodeOf(answer.Status));
        return NumberOf(document.RootElement, recipient) is { } number ? SendOutcome.AcceptedAt(number, id) : SendOutcome.Accepted(id);
    }

    /// <summary>The answer's content, or what is wrong with it. The caller disposes the document.</summary>
    public (JsonDocument? Document, SendOutcome? Problem) OfCall(ProviderAnswer answer, int attempt = 1)
    {
        var document = Read(answer);
        if (document is not null && MetaError.In(document.RootElement) is null && IsSuccess(answer.Status)) return (document, null);
        using (document) return (null, OfRefusal(answer, document, attempt));
    }

    private SendOutcome OfRefusal(ProviderAnswer answer, JsonDocument? document, int attempt) =>
        document is not null && MetaError.In(document.RootElement) is { } error ? OfError(error, answer, attempt) : OfStatus(answer, CodeOf(answer.Status), answer.Detail);

    private SendOutcome OfError(MetaError error, ProviderAnswer answer, int attempt)
    {
        if (ErrorTable.Find(error) is not { } rule) return OfStatus(answer, error.Name, error.Words);

        var detail = redact(error.Words);
        var until = Latest(MetaThrottle.Until(answer, time.GetUtcNow()), rule.Pause);
        return rule.Kind switch
        {
            SendOutcomeKind.Throttled => SendOutcome.Throttled(rule.Scope, until, detail, error.Name),
            SendOutcomeKind.RetryLater when attempt > rule.MostAttempts => SendOutcome.ContentRejected(rule.Reason, detail, error.Name),
            SendOutcomeKind.RetryLater => SendOutcome.RetryLater(rule.Reason, detail, error.Name, until),
            SendOutcomeKind.RecipientRejected => SendOutcome.RecipientRejected(rule.Reason, rule.Suppress, detail, error.Name),
            SendOutcomeKind.BroadcastBlocked => SendOutcome.BroadcastBlocked(rule.Reason, detail, error.Name),
            SendOutcomeKind.ChannelFault => SendOutcome.ChannelFault(rule.Reason, detail, error.Name),
            SendOutcomeKind.InDoubt => SendOutcome.InDoubt(rule.Reason, detail, error.Name),
            _ => SendOutcome.ContentRejected(rule.Reason, detail, error.Name),
        };
    }

    private SendOutcome OfStatus(ProviderAnswer answer, string code, string words)
    {
        var detail = redact(words);
        return answer.Status switch
        {
            // An error with a code that nobody knows is a refusal, whatever its status; anything else with 200 can't be read.
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices when code == CodeOf(answer.Status) => SendOutcome.InDoubt(FailureReason.UnreadableAnswer, detail, code),
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => SendOutcome.ChannelFault(FailureReason.Misconfigured, $"HTTP {code}: redirects are not followed. Check the API address.", code),
            HttpStatusCode.TooManyRequests => SendOutcome.Throttled(ThrottleScope.Channel, MetaThrottle.Until(answer, time.GetUtcNow()), detail, code),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => SendOutcome.ChannelFault(FailureReason.Credentials, detail, code),
            HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => SendOutcome.ChannelFault(FailureReason.Misconfigured, detail, code),
            HttpStatusCode.RequestEntityTooLarge => SendOutcome.ContentRejected(FailureReason.TooLarge, detail, code),
            >= HttpStatusCode.InternalServerError => SendOutcome.InDoubt(FailureReason.ProviderError, detail, code),
            _ => SendOutcome.ContentRejected(FailureReason.Unclassified, detail, code),
        };
    }

    private DateTimeOffset? Latest(DateTimeOffset? told, Pause pause)
    {
        TimeSpan? least = pause switch
        {
            Pause.Pair => TimeSpan.FromSeconds(settings.PairPauseSeconds),
            Pause.Spam => TimeSpan.FromHours(settings.SpamPauseHours),
            Pause.MarketingCap => TimeSpan.FromHours(settings.MarketingCapHours),
            Pause.Maintenance => MaintenancePause,
            _ => null,
        };
        var until = time.GetUtcNow() + least;
        return told is null || until > told ? until ?? told : told;
    }

    /// <summary>
    /// WhatsApp's own id of the number, where it differs from the digits asked for (Mexico 521, Argentina 549, Brazil's ninth digit).
    /// A number for a user id, or the other way round, is another kind of address and not reported.
    /// </summary>
    private static string? NumberOf(JsonElement answer, Recipient recipient) =>
        recipient.IsNumber && answer.Items("contacts").FirstOrDefault().Text("wa_id") is { } number && number != recipient.Value && Recipient.IsDigits(number) ? number : null;

    private static JsonDocument? Read(ProviderAnswer answer) => answer.IsComplete ? ProviderJson.Parse(Encoding.UTF8.GetBytes(answer.Body)) : null;

    private static bool IsSuccess(HttpStatusCode status) => (int)status is >= 200 and < 300;

    private static string CodeOf(HttpStatusCode status) => ((int)status).ToString(CultureInfo.InvariantCulture);
}
