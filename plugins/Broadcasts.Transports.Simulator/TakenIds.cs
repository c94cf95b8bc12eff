namespace Broadcasts.Transports.Simulator;

/// <summary>Ids of the last messages taken, for a provider that drops repeats or answers lookups. Older ones are forgotten, as by real providers.</summary>
internal sealed class TakenIds(int capacity)
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Lock _lock = new();

    public bool Contains(string id)
    {
        lock (_lock) return _ids.Contains(id);
    }

    /// <summary>False when it was there already.</summary>
    public bool Add(string id)
    {
        lock (_lock)
        {
            if (!_ids.Add(id)) return false;
            _order.Enqueue(id);
            if (_order.Count > capacity) _ids.Remove(_order.Dequeue());
            return true;
        }
    }
}
