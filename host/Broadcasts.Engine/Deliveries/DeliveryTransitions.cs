using static Broadcasts.Deliveries.DeliveryEvent;
using static Broadcasts.Deliveries.DeliveryStatus;

namespace Broadcasts.Deliveries;

/// <summary>What can happen to a row of the ledger.</summary>
internal enum DeliveryEvent
{
    /// <summary>The provider took it.</summary>
    Accept,

    /// <summary>Surely not sent: it waits for another turn.</summary>
    Return,

    /// <summary>It can't go, for good.</summary>
    Reject,

    /// <summary>It may have been sent.</summary>
    Doubt,

    /// <summary>It is not to be sent.</summary>
    Skip,

    /// <summary>A receipt: the provider has it.</summary>
    ReceiptSent,

    /// <summary>A receipt: it arrived.</summary>
    ReceiptDelivered,

    /// <summary>A receipt: it was opened.</summary>
    ReceiptRead,

    /// <summary>A receipt: it bounced.</summary>
    ReceiptFailed,

    /// <summary>A receipt: it arrived after a failure that the provider had called temporary.</summary>
    ReceiptDeliveredAfterTemporaryFailure,

    /// <summary>It failed, or was skipped for it, by a fault that was not its own: it waits again.</summary>
    Restore,
}

/// <summary>The life of a delivery as a table. What is not in it changes nothing: doubled, late and reordered news fall through.</summary>
internal static class DeliveryTransitions
{
    private static readonly Dictionary<(DeliveryStatus From, DeliveryEvent Event), DeliveryStatus> Moves = new()
    {
        [(Sending, Accept)] = Sent,
        [(Sending, Return)] = Pending,
        [(Sending, Reject)] = Failed,
        [(Sending, Doubt)] = Unknown,
        [(Sending, Skip)] = Skipped,
        [(Pending, Skip)] = Skipped,
        [(Failed, Restore)] = Pending,
        [(Skipped, Restore)] = Pending,

        // A late true answer settles a doubt.
        [(Unknown, Accept)] = Sent,
        [(Unknown, Return)] = Pending,
        [(Unknown, Reject)] = Failed,

        [(Sending, ReceiptSent)] = Sent,
        [(Sending, ReceiptDelivered)] = Delivered,
        [(Sending, ReceiptRead)] = Read,
        [(Sending, ReceiptFailed)] = Failed,
        [(Unknown, ReceiptSent)] = Sent,
        [(Unknown, ReceiptDelivered)] = Delivered,
        [(Unknown, ReceiptRead)] = Read,
        [(Unknown, ReceiptFailed)] = Failed,
        [(Sent, ReceiptDelivered)] = Delivered,
        [(Sent, ReceiptRead)] = Read,
        [(Sent, ReceiptFailed)] = Failed,
        [(Delivered, ReceiptRead)] = Read,
        [(Delivered, ReceiptFailed)] = Failed,
        [(Failed, ReceiptDeliveredAfterTemporaryFailure)] = Delivered,
    };

    /// <summary>The status after an event; false when the event changes nothing.</summary>
    public static bool TryMove(DeliveryStatus from, DeliveryEvent what, out DeliveryStatus next) => Moves.TryGetValue((from, what), out next);

    /// <summary>True when nothing but a receipt or a person can change it.</summary>
    public static bool IsSettled(DeliveryStatus status) => status is not (Pending or Sending);
}
