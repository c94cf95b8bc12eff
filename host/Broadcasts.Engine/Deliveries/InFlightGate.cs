namespace Broadcasts.Deliveries;

/// <summary>
/// How many messages of one channel may be with the provider at once. Room is taken before rows are claimed, in the order of asking:
/// a broadcast that takes again at once must not starve the others on its channel.
/// </summary>
internal sealed class InFlightGate
{
    private const int ColdLimit = 1;

    /// <summary>From so many at once on, connections and code are warm enough.</summary>
    private const int WarmLimit = 64;

    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiting = new();
    private int _limit = 256;
    private int _open = int.MaxValue;
    private int _inFlight;

    /// <summary>The most at once.</summary>
    public int Limit
    {
        get => _limit;
        set
        {
            lock (_lock)
            {
                _limit = value;
                Serve();
            }
        }
    }

    /// <summary>Handed over or about to be, unanswered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>
    /// Takes up to <paramref name="wanted"/> places; waits until a quarter of the whole is free, so that a claim is worth its commit.
    /// The urgent ones take the next place that is free, before all that wait, and no more than they need at a time.
    /// </summary>
    public async ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken, bool isUrgent = false)
    {
        Waiter waiter;
        lock (_lock)
        {
            if ((_waiting.Count == 0 || isUrgent && !_waiting.First!.Value.IsUrgent) && RoomFor(wanted, isUrgent) is var room and > 0)
            {
                _inFlight += room;
                return room;
            }

            waiter = new Waiter(wanted, isUrgent);
            Enqueue(waiter);
        }

        await using var stop = cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).Granted.TrySetCanceled(token), waiter);
        return await waiter.Granted.Task;
    }

    /// <summary>
    /// One at first, one more with each answer, so twice as many per round trip: the first messages meet connections that are not open and
    /// code that is not compiled, and what waits for the same connection would leave in one burst.
    /// </summary>
    public void StartCold() => _open = ColdLimit;

    /// <summary>Nothing was answered yet.</summary>
    public bool IsCold => Volatile.Read(ref _open) == ColdLimit;

    /// <summary>Much less is let through than could be.</summary>
    public bool IsWarming => Volatile.Read(ref _open) < Math.Min(_limit, WarmLimit);

    /// <summary>One was answered: its place is free, and one more may be in flight as long as it is cold.</summary>
    public void Answered()
    {
        lock (_lock)
        {
            if (_open < _limit) _open++;
            _inFlight--;
            Serve();
        }
    }

    /// <summary>Gives places back.</summary>
    public void Release(int count = 1)
    {
        if (count == 0) return;
        lock (_lock)
        {
            _inFlight -= count;
            Serve();
        }
    }

    private void Serve()
    {
        while (_waiting.First is { } first)
        {
            var room = RoomFor(first.Value.Wanted, first.Value.IsUrgent);
            if (!first.Value.Granted.Task.IsCompleted && room == 0) return;
            _waiting.RemoveFirst();
            // One that was cancelled takes nothing.
            if (room > 0 && first.Value.Granted.TrySetResult(room)) _inFlight += room;
        }
    }

    private void Enqueue(Waiter waiter)
    {
        var before = waiter.IsUrgent ? _waiting.First : null;
        while (before is { Value.IsUrgent: true }) before = before.Next;
        if (before is null) _waiting.AddLast(waiter);
        else _waiting.AddBefore(before, waiter);
    }

    private int RoomFor(int wanted, bool isUrgent)
    {
        var limit = Math.Min(_limit, _open);
        if (isUrgent) return Math.Clamp(limit - _inFlight, 0, Math.Min(wanted, Math.Max(1, limit / 4)));
        var room = Math.Min(wanted, limit - _inFlight);
        return room >= Math.Min(wanted, Math.Max(1, limit / 4)) ? room : 0;
    }

    private sealed class Waiter(int wanted, bool isUrgent)
    {
        public bool IsUrgent { get; } = isUrgent;

        public int Wanted { get; } = wanted;

        // Continuations on the pool: they must not run inside the lock.
        public TaskCompletionSource<int> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
