namespace Broadcasts.Transports.WhatsAppCloud;

/// <summary>Sends the messages of one business phone number, takes what Meta reports, lists the account's templates.</summary>
internal sealed class WhatsAppCloudTransport : SingleMessageTransport, IWebhookReceiver, ITemplateCatalogue, IConnectionTest
{
    private static readonly TimeSpan MediaDoubt = TimeSpan.FromHours(1);

    private readonly WhatsAppCloudSettings _settings;
    private readonly GraphClient _graph;
    private readonly GraphAnswers _answers;
    private readonly MediaStore _media;
    private readonly WebhookReader _webhooks;

    public WhatsAppCloudTransport(WhatsAppCloudSettings settings, HttpClient http, TimeProvider time, ITransportLog log)
    {
        _settings = settings;
        _graph = new GraphClient(settings, http, time);
        _answers = new GraphAnswers(settings, time, _graph.Redact);
        _media = new MediaStore(settings, _graph, _answers, time);
        _webhooks = new WebhookReader(settings, time, log);
    }

    public IAsyncEnumerable<ProviderTemplate> ListAsync(CancellationToken cancellationToken) => new TemplateList(_settings, _graph, _answers).ReadAsync(cancellationToken);

    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken) =>
        await new ConnectionCheck(_settings, _graph, _answers).FaultAsync(cancellationToken).ConfigureAwait(false);

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken)
    {
        if (request.Method == "GET") return new(MetaSignature.Handshake(request.Url, _settings.VerifyToken));
        if (request.Method != "POST") return new(new WebhookResult { Status = 405 });
        var signature = request.Headers.FirstOrDefault(h => h.Key.Equals(MetaSignature.Header, StringComparison.OrdinalIgnoreCase)).Value;
        if (!MetaSignature.IsGenuine(signature, request.Body.Span, _settings.AppSecret)) return new(WebhookResult.Unverified());

        var result = _webhooks.Read(request.Body);
        if (result.Events.OfType<Receipt>().Any(r => ErrorTable.IsAboutMedia(r.Code))) _media.DropOlderThan(MediaDoubt);
        return new(result);
    }

    public override ValueTask DisposeAsync()
    {
        _graph.Dispose();
        return base.DisposeAsync();
    }

    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        if (Recipient.Of(message.To) is not { } recipient)
        {
            return SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: false, "The address is neither the digits of a number nor a user id.");
        }

        if (MessageBody.Fault(message.Content) is { } fault) return fault;

        string? mediaId = null;
        if (message.Content is FileContent file)
        {
            (mediaId, var failure) = await _media.IdOfAsync(file, message.Attempt, cancellationToken).ConfigureAwait(false);
            if (mediaId is null) return failure!;
        }

        var outcome = await PostAsync(message, recipient, mediaId, cancellationToken).ConfigureAwait(false);
        if (mediaId is not null && ErrorTable.IsAboutMedia(outcome.Code)) _media.Drop(mediaId);
        return outcome;
    }

    private async Task<SendOutcome> PostAsync(OutboundMessage message, Recipient recipient, string? mediaId, CancellationToken cancellationToken)
    {
        var path = _settings.PhoneNumberId + (MessageBody.IsMarketing(message.Content, _settings) ? "/marketing_messages" : "/messages");
        var (answer, failure) = await _graph.PostAsync(path, MessageBody.Bytes(message, recipient, mediaId, _settings), cancellationToken).ConfigureAwait(false);
        return failure ?? _answers.OfMessage(answer!, recipient, message.Attempt);
    }
}
