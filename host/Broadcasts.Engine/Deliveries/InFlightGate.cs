namespace Broadcasts.Deliveries;

/// <summary>How many messages of one channel may be with the provider at once. Room is taken before rows are claimed.</summary>
internal sealed class InFlightGate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _inFlight;

    /// <summary>The most at once.</summary>
    public int Limit { get; set; } = 256;

    /// <summary>Handed over or about to be, unanswered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Takes up to <paramref name="wanted"/> places; waits until a quarter of the whole is free, so that a claim is worth its commit.</summary>
    public async ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                var room = Math.Min(wanted, Limit - _inFlight);
                if (room >= Math.Min(wanted, Math.Max(1, Limit / 4)))
                {
                    _inFlight += room;
                    return room;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Gives places back.</summary>
    public void Release(int count = 1)
    {
        if (count == 0) return;
        TaskCompletionSource changed;
        lock (_lock)
        {
            _inFlight -= count;
            changed = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.TrySetResult();
    }
}
