namespace Broadcasts;

/// <summary>What became of one message, as the transport classifies it. The host decides what follows.</summary>
/// <remarks>A host treats a kind it does not know as <see cref="SendOutcomeKind.InDoubt"/>.</remarks>
public sealed class SendOutcome
{
    private SendOutcome(SendOutcomeKind kind) => Kind = kind;

    /// <summary>The class of the outcome.</summary>
    public SendOutcomeKind Kind { get; }

    /// <summary>Why, out of the published list; null when accepted.</summary>
    public FailureReason? Reason { get; private init; }

    /// <summary>The provider's message ids; empty when it gave none. The first one is used to match receipts.</summary>
    public string[] ProviderIds { get; private init; } = [];

    /// <summary>The provider's own code, verbatim.</summary>
    public string? Code { get; private init; }

    /// <summary>The provider's own words, for the report. Never a secret.</summary>
    public string? Detail { get; private init; }

    /// <summary>Earliest moment for the next attempt; null when the provider did not say.</summary>
    public DateTimeOffset? Until { get; private init; }

    /// <summary>What a throttle covers.</summary>
    public ThrottleScope Scope { get; private init; }

    /// <summary>The address is dead for this channel: the host puts it on the suppression list.</summary>
    public bool Suppress { get; private init; }

    /// <summary>The address at which the provider reaches the recipient now, when it is not the one that was asked for; null when it is.</summary>
    public string? NewAddress { get; private init; }

    /// <summary>The provider took the message.</summary>
    public static SendOutcome Accepted(params string[] providerIds) => new(SendOutcomeKind.Accepted) { ProviderIds = providerIds };

    /// <summary>Over a limit; nothing was sent. Burns no attempt: the host waits and slows down.</summary>
    public static SendOutcome Throttled(ThrottleScope scope, DateTimeOffset? until = null, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.Throttled) { Reason = FailureReason.Throttled, Scope = scope, Until = until, Detail = detail, Code = code };

    /// <summary>Surely not sent, and worth another try: connection refused, name not found, greylisted, mailbox full.</summary>
    public static SendOutcome RetryLater(FailureReason reason, string? detail = null, string? code = null, DateTimeOffset? notBefore = null) =>
        new(SendOutcomeKind.RetryLater) { Reason = reason, Detail = detail, Code = code, Until = notBefore };

    /// <summary>The message may have been sent: a time-out or a lost connection after it was written, an answer that can't be read.</summary>
    public static SendOutcome InDoubt(FailureReason reason, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.InDoubt) { Reason = reason, Detail = detail, Code = code };

    /// <summary>This recipient can't get it, for good.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="suppress">True only when the provider names the address itself as dead, blocked or opted out.</param>
    /// <param name="detail">The provider's words.</param>
    /// <param name="code">The provider's code.</param>
    public static SendOutcome RecipientRejected(FailureReason reason, bool suppress, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.RecipientRejected) { Reason = reason, Suppress = suppress, Detail = detail, Code = code };

    /// <summary>This message can't go; others may. Also for answers that nobody classified (<see cref="FailureReason.Unclassified"/>).</summary>
    public static SendOutcome ContentRejected(FailureReason reason, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.ContentRejected) { Reason = reason, Detail = detail, Code = code };

    /// <summary>The whole broadcast needs a person: its template is paused or refused. The host pauses it; nobody is failed.</summary>
    public static SendOutcome BroadcastBlocked(FailureReason reason, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.BroadcastBlocked) { Reason = reason, Detail = detail, Code = code };

    /// <summary>The channel needs a person: credentials, billing, policy. The host pauses the channel; nobody is failed.</summary>
    public static SendOutcome ChannelFault(FailureReason reason, string? detail = null, string? code = null) =>
        new(SendOutcomeKind.ChannelFault) { Reason = reason, Detail = detail, Code = code };

    /// <summary>The provider took the message and named another address for the recipient: a chat that was upgraded. The host keeps it for the next message.</summary>
    public static SendOutcome AcceptedAt(string newAddress, params string[] providerIds) => new(SendOutcomeKind.Accepted) { ProviderIds = providerIds, NewAddress = newAddress };

    /// <inheritdoc/>
    public override string ToString() => Reason is null ? Kind.ToString() : $"{Kind}({Reason}) {Code} {Detail}".TrimEnd();
}

/// <summary>Classes of outcome.</summary>
public enum SendOutcomeKind
{
    /// <summary>The provider took it.</summary>
    Accepted = 0,

    /// <summary>Over a limit; not sent.</summary>
    Throttled = 1,

    /// <summary>Not sent; try again.</summary>
    RetryLater = 2,

    /// <summary>May have been sent.</summary>
    InDoubt = 3,

    /// <summary>This recipient, for good.</summary>
    RecipientRejected = 4,

    /// <summary>This message can't go.</summary>
    ContentRejected = 5,

    /// <summary>The broadcast needs a person.</summary>
    BroadcastBlocked = 6,

    /// <summary>The channel needs a person.</summary>
    ChannelFault = 7,
}

/// <summary>What a throttle covers.</summary>
public enum ThrottleScope
{
    /// <summary>The channel's sender: a number, a bot, a connection.</summary>
    Channel = 0,

    /// <summary>This recipient alone.</summary>
    Recipient = 1,

    /// <summary>The account that the channel belongs to, with its other channels.</summary>
    Account = 2,
}

/// <summary>Why a message did not go, or why its fate is not known. The list is closed within a major version; in JSON the names are camelCase.</summary>
public enum FailureReason
{
    /// <summary>The provider's answer was not recognised.</summary>
    Unclassified = 0,

    /// <summary>The address does not exist or is not valid on this channel.</summary>
    InvalidAddress = 1,

    /// <summary>The recipient blocked the sender.</summary>
    Blocked = 2,

    /// <summary>The recipient opted out.</summary>
    OptedOut = 3,

    /// <summary>The recipient exists but can't be reached now: phone off, mailbox full.</summary>
    Unreachable = 4,

    /// <summary>The mailbox or inbox is full.</summary>
    MailboxFull = 5,

    /// <summary>The provider asks for a later try (greylisting).</summary>
    Greylisted = 6,

    /// <summary>Free content is not allowed now: a template or a tag is needed.</summary>
    WindowClosed = 7,

    /// <summary>The provider's template is missing, paused, refused or does not fit its parameters.</summary>
    TemplateRejected = 8,

    /// <summary>The content was refused: spam filter, policy, wording.</summary>
    ContentRefused = 9,

    /// <summary>The message or a file is larger than allowed.</summary>
    TooLarge = 10,

    /// <summary>A file can't be read, fetched or has a type that is not taken.</summary>
    MediaRejected = 11,

    /// <summary>The channel can't carry this kind of content.</summary>
    UnsupportedContent = 12,

    /// <summary>Over a rate limit.</summary>
    Throttled = 13,

    /// <summary>A daily or monthly quota is used up.</summary>
    QuotaReached = 14,

    /// <summary>The provider can't be reached or says that it is down; nothing was sent.</summary>
    ProviderDown = 15,

    /// <summary>The provider failed while it had the message.</summary>
    ProviderError = 16,

    /// <summary>The connection was lost or timed out after the message was written.</summary>
    ConnectionLost = 17,

    /// <summary>No answer within the deadline.</summary>
    TimedOut = 18,

    /// <summary>An answer that can't be understood.</summary>
    UnreadableAnswer = 19,

    /// <summary>Credentials or permissions are refused.</summary>
    Credentials = 20,

    /// <summary>TLS can't be established as the settings demand.</summary>
    TlsRefused = 21,

    /// <summary>The account is out of money or not paid.</summary>
    Billing = 22,

    /// <summary>The account or sender is restricted by the provider.</summary>
    Policy = 23,

    /// <summary>The channel's settings can't work.</summary>
    Misconfigured = 24,

    /// <summary>The transport threw or broke its contract.</summary>
    TransportFault = 25,

    /// <summary>The message expired before it could be sent.</summary>
    Expired = 26,

    /// <summary>The provider withheld the message to protect the recipient.</summary>
    Withheld = 27,

    /// <summary>Storage that the transport writes to is full or not writable.</summary>
    StorageFull = 28,

    /// <summary>The process ended between hand-over and answer.</summary>
    ProcessEnded = 29,
}
