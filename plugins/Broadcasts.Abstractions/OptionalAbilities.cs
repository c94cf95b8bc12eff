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
    /// <summary>The provider's knowledge of a message by our id; null when it still can't say.</summary>
    ValueTask<LookupResult?> LookupAsync(string messageId, CancellationToken cancellationToken);
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

/// <summary>Something that happened at the provider.</summary>
public abstract class TransportEvent
{
    private protected TransportEvent() { }

    /// <summary>Unique at the provider; repeats are dropped.</summary>
    public required string Key { get; init; }

    /// <summary>When it happened.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>News of a message that was sent.</summary>
public sealed class Receipt : TransportEvent
{
    /// <summary>The provider's id as reported with <see cref="SendOutcome.Accepted"/>; null when <see cref="MessageId"/> is given.</summary>
    public string? ProviderId { get; init; }

    /// <summary>Our own id (<see cref="OutboundMessage.Id"/>), when the provider echoes it; found even if the answer to the send was lost.</summary>
    public string? MessageId { get; init; }

    /// <summary>What happened.</summary>
    public required ReceiptStatus Status { get; init; }

    /// <summary>Why, for <see cref="ReceiptStatus.Failed"/>.</summary>
    public FailureReason? Reason { get; init; }

    /// <summary>For <see cref="ReceiptStatus.Failed"/>: the provider called the failure temporary, so that a later "delivered" may overrule it.</summary>
    public bool IsTemporary { get; init; }

    /// <summary>For <see cref="ReceiptStatus.Failed"/>: the address is dead for this channel.</summary>
    public bool Suppress { get; init; }

    /// <summary>The provider's own code.</summary>
    public string? Code { get; init; }

    /// <summary>The provider's own words.</summary>
    public string? Detail { get; init; }
}

/// <summary>What a receipt says.</summary>
public enum ReceiptStatus
{
    /// <summary>The provider has it.</summary>
    Sent = 0,

    /// <summary>It reached the device or the mailbox.</summary>
    Delivered = 1,

    /// <summary>It was opened.</summary>
    Read = 2,

    /// <summary>It failed.</summary>
    Failed = 3,
}

/// <summary>A message from a contact.</summary>
public sealed class InboundMessage : TransportEvent
{
    /// <summary>The contact's address.</summary>
    public required string From { get; init; }

    /// <summary>The contact's name, when the provider knows it.</summary>
    public string? FromName { get; init; }

    /// <summary>The text.</summary>
    public string? Text { get; init; }

    /// <summary>Our id of the message it answers, when the provider says so.</summary>
    public string? InReplyTo { get; init; }
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

    /// <summary>Text of the body, for the preview.</summary>
    public string? Body { get; init; }

    /// <summary>Parameters it takes.</summary>
    public string[] Parameters { get; init; } = [];
}
