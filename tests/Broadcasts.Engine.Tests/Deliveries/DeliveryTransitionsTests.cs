using Xunit;
using static Broadcasts.Deliveries.DeliveryEvent;
using static Broadcasts.Deliveries.DeliveryStatus;

namespace Broadcasts.Deliveries;

public sealed class DeliveryTransitionsTests
{
    // Written from the promise: Sending/Unknown → Sent → Delivered → Read only forward; bounces from Sent and Delivered; a late true answer settles a doubt.
    private static readonly Dictionary<(DeliveryStatus From, DeliveryEvent Event), DeliveryStatus> Promised = new()
    {
        [(Pending, Skip)] = Skipped,
        [(Failed, Restore)] = Pending, [(Skipped, Restore)] = Pending,
        [(Sending, Accept)] = Sent, [(Sending, Return)] = Pending, [(Sending, Reject)] = Failed, [(Sending, Doubt)] = Unknown, [(Sending, Skip)] = Skipped,
        [(Sending, ReceiptSent)] = Sent, [(Sending, ReceiptDelivered)] = Delivered, [(Sending, ReceiptRead)] = Read, [(Sending, ReceiptFailed)] = Failed,
        [(Unknown, Accept)] = Sent, [(Unknown, Return)] = Pending, [(Unknown, Reject)] = Failed,
        [(Unknown, ReceiptSent)] = Sent, [(Unknown, ReceiptDelivered)] = Delivered, [(Unknown, ReceiptRead)] = Read, [(Unknown, ReceiptFailed)] = Failed,
        [(Sent, ReceiptDelivered)] = Delivered, [(Sent, ReceiptRead)] = Read, [(Sent, ReceiptFailed)] = Failed,
        [(Delivered, ReceiptRead)] = Read, [(Delivered, ReceiptFailed)] = Failed,
        [(Failed, ReceiptDeliveredAfterTemporaryFailure)] = Delivered,
    };

    [Fact]
    public void TryMove_EveryStatusAndEvent_IsAsPromised()
    {
        var wrong = from status in Enum.GetValues<DeliveryStatus>()
                    from what in Enum.GetValues<DeliveryEvent>()
                    let moved = DeliveryTransitions.TryMove(status, what, out var next) ? next : (DeliveryStatus?)null
                    let promised = Promised.TryGetValue((status, what), out var expected) ? expected : (DeliveryStatus?)null
                    where moved != promised
                    select $"{status} + {what}: {moved}, promised {promised}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void TryMove_FromReadOrSkipped_NothingHappensThatTheEngineDidNotAskFor() =>
        Assert.DoesNotContain(Enum.GetValues<DeliveryEvent>(), what => DeliveryTransitions.TryMove(Read, what, out _) || (what != Restore && DeliveryTransitions.TryMove(Skipped, what, out _)));

    [Fact]
    public void TryMove_OutOfWhatTheProviderHas_NeverBackToTheQueue() =>
        Assert.DoesNotContain(Enum.GetValues<DeliveryEvent>(), what => new[] { Sent, Delivered, Read }.Any(from => DeliveryTransitions.TryMove(from, what, out var next) && next is Pending or Sending));
}
