using System.Globalization;

namespace Broadcasts.Transports.Simulator;

/// <summary>Receipts on their way: late, some doubled, some "read" before "delivered". Bounded: what nobody fetches is dropped, as providers do.</summary>
internal sealed class ReceiptQueue(Fate fate, TimeSpan delay, TimeProvider time)
{
    private const int Capacity = 100_000;
    private const int PageSize = 1000;
    private readonly PriorityQueue<Waiting, DateTimeOffset> _queue = new();
    private readonly Lock _lock = new();
    private readonly string _run = Guid.NewGuid().ToString("N");
    private (string? Asked, PollResult Result)? _last;
    private long _pages;

    public void Add(string messageId)
    {
        var now = time.GetUtcNow();
        var delivered = now + delay * (0.5 + fate.Share(20, messageId));
        lock (_lock)
        {
            if (_queue.Count > Capacity - 4) return;
            if (fate.FailsLate(messageId))
            {
                Add(messageId, ReceiptStatus.Failed, delivered);
                return;
            }

            Add(messageId, ReceiptStatus.Delivered, delivered);
            if (fate.IsDoubled(messageId)) Add(messageId, ReceiptStatus.Delivered, delivered + delay);
            // From half the delay before "delivered" to two delays after it.
            if (fate.IsRead(messageId)) Add(messageId, ReceiptStatus.Read, delivered + delay * (2.5 * fate.Share(21, messageId) - 0.5));
        }
    }

    /// <summary>What is due. The same cursor again, because the host could not store the answer, gives the same answer.</summary>
    public PollResult Poll(string? cursor)
    {
        lock (_lock)
        {
            if (_last is { } last && last.Asked == cursor) return last.Result;
            var now = time.GetUtcNow();
            var events = new List<TransportEvent>();
            while (events.Count < PageSize && _queue.TryPeek(out var waiting, out var due) && due <= now)
            {
                _queue.Dequeue();
                events.Add(Receipt(waiting, due));
            }

            if (events.Count == 0) return new PollResult { Cursor = cursor };
            var result = new PollResult
            {
                Events = [.. events],
                Cursor = string.Create(CultureInfo.InvariantCulture, $"{_run}:{++_pages}"),
                HasMore = _queue.TryPeek(out _, out var next) && next <= now,
            };
            _last = (cursor, result);
            return result;
        }
    }

    private void Add(string messageId, ReceiptStatus status, DateTimeOffset due) => _queue.Enqueue(new Waiting(messageId, status), due);

    private Receipt Receipt(Waiting waiting, DateTimeOffset at) => new()
    {
        Key = $"{waiting.MessageId}:{waiting.Status}",
        At = at,
        MessageId = waiting.MessageId,
        ProviderId = fate.ProviderId(waiting.MessageId),
        Status = waiting.Status,
        Reason = waiting.Status == ReceiptStatus.Failed ? FailureReason.Unreachable : null,
        Code = waiting.Status == ReceiptStatus.Failed ? "sim-late" : null,
        Detail = waiting.Status == ReceiptStatus.Failed ? "Simulated: it bounced after it had been accepted." : null,
    };

    private readonly record struct Waiting(string MessageId, ReceiptStatus Status);
}
