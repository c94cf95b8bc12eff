using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Transports.TwilioSms;

/// <summary>Sends the texts of one sender, and takes what Twilio reports.</summary>
internal sealed class TwilioSmsTransport(TwilioSmsSettings settings, ChannelContext context) : SingleMessageTransport, IWebhookReceiver, IDeliveryLookup, IConnectionTest
{
    private const int LongestValidity = 36_000;
    private static readonly TimeSpan LookupWait = TimeSpan.FromMinutes(15);

    private readonly TwilioClient _twilio = new(settings, context.CreateHttpClient(), context.Time);
    private readonly WebhookReader _webhooks = new(settings, context.Time);

    /// <summary>Answers that the account is in order; sends nothing.</summary>
    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        var (document, failure) = await _twilio.GetAsync(".json", cancellationToken).ConfigureAwait(false);
        using (document)
        {
            return failure ?? document!.RootElement.Text("status") switch
            {
                "suspended" => SendOutcome.ChannelFault(FailureReason.Billing, "The account is suspended.", "suspended"),
                "closed" => SendOutcome.ChannelFault(FailureReason.Policy, "The account is closed.", "closed"),
                null => SendOutcome.ChannelFault(FailureReason.Misconfigured, "The answer is not of Twilio's API. Check the API address."),
                _ => null,
            };
        }
    }

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken)
    {
        if (request.Method != "POST") return new(new WebhookResult { Status = 405 });
        var headers = request.Headers.ToDictionary(h => h.Key, h => h.Value, StringComparer.OrdinalIgnoreCase);
        var isForm = headers.GetValueOrDefault("Content-Type")?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true;
        var form = isForm ? FormBody.Read(request.Body.Span) : null;
        var called = context.WebhookUrl is { } known ? new UriBuilder(known) { Query = request.Url.Query }.Uri : request.Url;
        if (!WebhookSignature.IsGenuine(headers.GetValueOrDefault(WebhookSignature.Header), called, form, request.Body.Span, settings.AuthToken)) return new(WebhookResult.Unverified());
        return new(new WebhookResult { MediaType = "text/xml", Body = "<Response/>"u8.ToArray(), Events = form is null ? [] : [.. _webhooks.Read(form, request.Url)] });
    }

    /// <summary>
    /// Twilio knows no reference of ours: only that nothing at all was made for the number since is certain. Whatever was may be this message or another, and its status callback will say which.
    /// </summary>
    public async ValueTask<LookupResult?> LookupAsync(LookupRequest request, CancellationToken cancellationToken)
    {
        if (context.Time.GetUtcNow() < request.DoubtfulSince + LookupWait) return null;
        // By its making: a message that waits in Twilio's queue has no date of sending yet, and a filter by that would not show it.
        var (document, _) = await _twilio.GetAsync($"/Messages.json?To={Uri.EscapeDataString(request.To)}&PageSize=50", cancellationToken).ConfigureAwait(false);
        using (document)
        {
            if (document?.RootElement.Member("messages").ValueKind != JsonValueKind.Array) return null;
            var since = request.DoubtfulSince - LookupWait;
            return document.RootElement.Items("messages").All(m => IsBefore(m, since)) ? new LookupResult { Found = false } : null;
        }
    }

    public override ValueTask DisposeAsync()
    {
        _twilio.Dispose();
        return base.DisposeAsync();
    }

    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        var form = new List<KeyValuePair<string, string>> { new("To", message.To) };
        if (Content(form, message.Content) is { } fault) return fault;
        if (!Validity(form, message.ExpiresAt)) return SendOutcome.ContentRejected(FailureReason.Expired, "It expires before it could be sent.");
        form.Add(string.IsNullOrWhiteSpace(settings.MessagingServiceSid) ? new("From", settings.From!) : new("MessagingServiceSid", settings.MessagingServiceSid));
        if (settings.SmartEncoded) form.Add(new("SmartEncoded", "true"));
        if (settings.ShortenUrls) form.Add(new("ShortenUrls", "true"));
        if (context.WebhookUrl is { } url) form.Add(new("StatusCallback", new UriBuilder(url) { Query = $"{WebhookReader.MessageParameter}={Uri.EscapeDataString(message.Id)}" }.Uri.AbsoluteUri));

        var (document, failure) = await _twilio.PostAsync("/Messages.json", form, cancellationToken).ConfigureAwait(false);
        using (document) return failure ?? OfMessage(document!.RootElement);
    }

    // RFC 2822: "Thu, 24 Aug 2023 05:01:45 +0000".
    private static bool IsBefore(JsonElement message, DateTimeOffset since) =>
        DateTimeOffset.TryParse(message.Text("date_created"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var made) && made < since;

    private SendOutcome OfMessage(JsonElement message)
    {
        if (message.Text("sid") is not { } sid) return SendOutcome.InDoubt(FailureReason.UnreadableAnswer, "The answer names no message.");
        // Made, and refused in the same breath.
        return message.Text("status") is "failed" or "undelivered"
            ? _twilio.Classify(message.Whole("error_code"), HttpStatusCode.BadRequest, $"{message.Text("error_code")} {message.Text("error_message")}".Trim(), null)
            : SendOutcome.Accepted(sid);
    }

    private static SendOutcome? Content(List<KeyValuePair<string, string>> form, MessageContent content)
    {
        if (content is TemplateContent template)
        {
            form.Add(new("ContentSid", template.Name));
            if (template.Parameters.Length > 0) form.Add(new("ContentVariables", Variables(template.Parameters)));
            return null;
        }

        var text = content switch { TextContent plain => plain.Text, ChoicesContent choices => choices.AsText(), _ => null };
        if (text is null) return SendOutcome.ContentRejected(FailureReason.UnsupportedContent, $"An SMS can't carry {content.Kind}.");
        if (text.Length > TwilioSmsPlugin.LongestText) return SendOutcome.ContentRejected(FailureReason.TooLarge, $"Twilio takes texts of {TwilioSmsPlugin.LongestText} characters.");
        form.Add(new("Body", text));
        return null;
    }

    private static string Variables(TemplateParameter[] parameters)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < parameters.Length; i++) json.WriteString(parameters[i].Name ?? (i + 1).ToString(CultureInfo.InvariantCulture), parameters[i].Value);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private bool Validity(List<KeyValuePair<string, string>> form, DateTimeOffset? expires)
    {
        if (expires is null) return true;
        var seconds = (long)(expires.Value - context.Time.GetUtcNow()).TotalSeconds;
        // Twilio keeps it for ten hours at most in any case.
        if (seconds is >= 1 and < LongestValidity) form.Add(new("ValidityPeriod", seconds.ToString(CultureInfo.InvariantCulture)));
        return seconds >= 1;
    }
}
