using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Broadcasts.Deliveries;

/// <summary>A slice that this process owns.</summary>
/// <param name="Id">The slice.</param>
/// <param name="BroadcastId">Its broadcast.</param>
/// <param name="ChannelId">Its channel.</param>
/// <param name="From">First row.</param>
/// <param name="To">Last row.</param>
/// <param name="Epoch">What fences its claims: a takeover raises it.</param>
internal sealed record OwnedSlice(long Id, long BroadcastId, long ChannelId, long From, long To, long Epoch);

/// <summary>A row that is about to be handed over.</summary>
internal sealed class ClaimedRow
{
    public long Id { get; init; }

    public long ContactId { get; init; }

    public int ContactRevision { get; init; }

    public long? AddressId { get; init; }

    public int Part { get; init; }

    /// <summary>1 for the first try.</summary>
    public int Attempt { get; init; }
}

/// <summary>The outcome of asking for rows.</summary>
/// <param name="ClaimId">What the outcomes must be recorded with.</param>
/// <param name="Rows">The rows, already Sending on disk.</param>
/// <param name="Gate">Why nothing was claimed although rows may be there.</param>
/// <param name="NextDue">When no row is ready: the next moment at which one will be; null when there is none.</param>
internal sealed record Claim(long ClaimId, IReadOnlyList<ClaimedRow> Rows, ClaimGate Gate, long? NextDue)
{
    /// <summary>Least time between two messages to one address on the channel; 0 for none.</summary>
    public long RecipientSpacingMs { get; init; }
}

/// <summary>What a claim found closed.</summary>
internal enum ClaimGate
{
    Open,

    /// <summary>The broadcast is not in progress, or has expired.</summary>
    BroadcastClosed,

    /// <summary>The channel is paused.</summary>
    ChannelPaused,

    /// <summary>What is left of the slice is held until the canary is judged.</summary>
    Held,

    /// <summary>The account may write to nobody new for now. Rows that need no place of its limit were claimed all the same.</summary>
    RecipientsFull,

    /// <summary>Another process owns the slice now.</summary>
    Lost,
}

/// <summary>Something that happened to a row, to be written.</summary>
internal sealed record DeliveryRecord
{
    public required long Id { get; init; }

    public required DeliveryEvent Event { get; init; }

    /// <summary>The claim under which it happened; null for receipts and moves that need none.</summary>
    public long? Claim { get; init; }

    /// <summary>When it happened, Unix milliseconds.</summary>
    public required long At { get; init; }

    public int Attempt { get; init; }

    /// <summary><see cref="FailureReason"/> or <see cref="SkipReason"/>.</summary>
    public int? Reason { get; init; }

    public string? ProviderId { get; init; }

    /// <summary>Receipts of this channel name the provider's own id: it must be found by it.</summary>
    public bool IsFoundByProviderId { get; init; }

    /// <summary>For <see cref="DeliveryEvent.Return"/>.</summary>
    public long? DueAt { get; init; }

    /// <summary>For <see cref="DeliveryEvent.Return"/>: whether the try counts.</summary>
    public bool BurnsAttempt { get; init; } = true;

    /// <summary>For the attempts table.</summary>
    public SendOutcomeKind Outcome { get; init; }

    public string? Code { get; init; }

    public string? Detail { get; init; }

    /// <summary>The address is dead: it goes on the suppression list in the same transaction.</summary>
    public bool Suppress { get; init; }

    /// <summary>No row of the attempts table is wanted: nothing was tried.</summary>
    public bool IsQuiet { get; init; }

    /// <summary>A row of the attempts table is wanted.</summary>
    public bool IsNoteworthy => !IsQuiet && (Event is DeliveryEvent.Return or DeliveryEvent.Doubt or DeliveryEvent.Reject or DeliveryEvent.ReceiptFailed || Detail is not null);
}

/// <summary>The number under which a provider's id is indexed. Two ids can share one: whoever looks up compares the text too.</summary>
internal static class ProviderKey
{
    public static long Of(long channelId, string providerId)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{channelId}:{providerId}"));
        return BinaryPrimitives.ReadInt64LittleEndian(hash);
    }
}
