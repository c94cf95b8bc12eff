namespace Broadcasts;

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

/// <summary>The provider says that a contact takes no more messages on this channel, or takes them again: an opt-out word that it handled, a block, a preference.</summary>
/// <remarks>The host suppresses the address on this channel, and lifts only what such an event suppressed.</remarks>
public sealed class ConsentChange : TransportEvent
{
    /// <summary>The contact's address.</summary>
    public required string Address { get; init; }

    /// <summary>True when nothing more may be sent.</summary>
    public required bool IsOptedOut { get; init; }

    /// <summary>The provider's own words.</summary>
    public string? Detail { get; init; }
}

/// <summary>A contact is reached at another address of the same kind from now on: a chat that was upgraded, a number that was changed.</summary>
public sealed class AddressChange : TransportEvent
{
    /// <summary>The address as it was.</summary>
    public required string OldAddress { get; init; }

    /// <summary>The address as it is.</summary>
    public required string NewAddress { get; init; }
}

/// <summary>A template held by the provider can be sent from now on, or can't.</summary>
/// <remarks>The host pauses the broadcasts that use it, and goes on with those that it paused for it.</remarks>
public sealed class TemplateChange : TransportEvent
{
    /// <summary>The template's name.</summary>
    public required string Name { get; init; }

    /// <summary>Its language as the provider writes it; null for all.</summary>
    public string? Language { get; init; }

    /// <summary>True when the provider sends it.</summary>
    public required bool IsUsable { get; init; }

    /// <summary>The provider's word for its state, and why.</summary>
    public string? Detail { get; init; }
}

/// <summary>Something that those who run the channel should know.</summary>
public sealed class ChannelNews : TransportEvent
{
    /// <summary>Set when nothing can be sent until a person acts: the host pauses the channel, as for <see cref="SendOutcome.ChannelFault"/>. Null for news that stops nothing.</summary>
    public FailureReason? Fault { get; init; }

    /// <summary>The provider's own words.</summary>
    public required string Detail { get; init; }
}

/// <summary>The provider changed how many different recipients the account may write to in a rolling length of time.</summary>
public sealed class RecipientLimitChange : TransportEvent
{
    /// <summary>How many; null for any number.</summary>
    public required int? Recipients { get; init; }

    /// <summary>The length of time, up to 31 days. Default a day.</summary>
    public TimeSpan Period { get; init; } = TimeSpan.FromDays(1);

    /// <summary>The provider's id of the account whose channels share the limit; null for this channel alone.</summary>
    public string? Account { get; init; }
}
