namespace Broadcasts;

/// <summary>Optional: receives what the host's webhook address got for this channel.</summary>
/// <remarks>The host owns HTTP: TLS, size and time limits, buffering. The plugin proves over the raw bytes that the request is genuine, and translates it.</remarks>
public interface IWebhookReceiver
{
    /// <summary>Verifies and parses one request; no slow work.</summary>
    ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken);
}

/// <summary>Optional: asks the provider for news, for providers that do not call.</summary>
public interface IEventPoller
{
    /// <summary>Time between two polls that suits the provider.</summary>
    TimeSpan PollInterval { get; }

    /// <summary>The next news after a cursor.</summary>
    /// <param name="cursor">What the previous poll answered; null at the first one. The host stores it in the transaction of the events.</param>
    /// <param name="cancellationToken">Cancelled after the host's limit.</param>
    ValueTask<PollResult> PollAsync(string? cursor, CancellationToken cancellationToken);
}

/// <summary>Optional: asks the provider what became of a message whose outcome is in doubt.</summary>
public interface IDeliveryLookup
{
    /// <summary>The provider's knowledge of a message; null when it still can't say. Only what is certain may be said: a false "not found" sends twice.</summary>
    ValueTask<LookupResult?> LookupAsync(LookupRequest request, CancellationToken cancellationToken);
}

/// <summary>Optional: lists templates that the provider holds.</summary>
public interface ITemplateCatalogue
{
    /// <summary>All templates, page by page.</summary>
    IAsyncEnumerable<ProviderTemplate> ListAsync(CancellationToken cancellationToken);
}

/// <summary>Optional: proves settings and credentials by a harmless call.</summary>
public interface IConnectionTest
{
    /// <summary>Null when the channel works, otherwise what is wrong.</summary>
    ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken);
}

/// <summary>A buffered HTTP request.</summary>
public sealed class WebhookRequest
{
    /// <summary>Method in upper case.</summary>
    public required string Method { get; init; }

    /// <summary>The full address as the provider called it; signatures often cover it.</summary>
    public required Uri Url { get; init; }

    /// <summary>Headers; names compare without case.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The raw body. Signatures cover bytes: the host never re-encodes it.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }
}

/// <summary>What a request was, and what to answer.</summary>
public sealed class WebhookResult
{
    /// <summary>Status to answer. Default 200.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Media type of <see cref="Body"/>.</summary>
    public string? MediaType { get; init; }

    /// <summary>Body to answer, such as a subscription challenge.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Events found. The host stores them durably before it answers, and drops repeats by <see cref="TransportEvent.Key"/>.</summary>
    public TransportEvent[] Events { get; init; } = [];

    /// <summary>The signature is missing or wrong: 401, nothing stored.</summary>
    public static WebhookResult Unverified() => new() { Status = 401 };
}

/// <summary>News and where to go on.</summary>
public sealed class PollResult
{
    /// <summary>Events found, oldest first.</summary>
    public TransportEvent[] Events { get; init; } = [];

    /// <summary>Where the next poll starts.</summary>
    public string? Cursor { get; init; }

    /// <summary>True when more is waiting: the host polls again at once.</summary>
    public bool HasMore { get; init; }
}

/// <summary>The message that a lookup asks for.</summary>
public sealed class LookupRequest
{
    /// <summary>Our id (<see cref="OutboundMessage.Id"/>).</summary>
    public required string MessageId { get; init; }

    /// <summary>The address that it was sent to.</summary>
    public required string To { get; init; }

    /// <summary>When its outcome came to be in doubt: it was handed over before that, by at most <see cref="TransportCapabilities.SendDeadline"/>.</summary>
    public required DateTimeOffset DoubtfulSince { get; init; }
}

/// <summary>What a lookup found.</summary>
public sealed class LookupResult
{
    /// <summary>True when the provider has the message, false when it surely has not.</summary>
    public required bool Found { get; init; }

    /// <summary>The provider's id of it.</summary>
    public string? ProviderId { get; init; }
}

/// <summary>A template held by the provider.</summary>
public sealed class ProviderTemplate
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Language, BCP 47.</summary>
    public required string Language { get; init; }

    /// <summary>The provider's word for its state, such as <c>APPROVED</c>.</summary>
    public required string State { get; init; }

    /// <summary>False while the provider refuses to send it: not approved yet, paused, disabled.</summary>
    public bool IsUsable { get; init; } = true;

    /// <summary>Text of the body, for the preview.</summary>
    public string? Body { get; init; }

    /// <summary>Parameters it takes.</summary>
    public string[] Parameters { get; init; } = [];
}
