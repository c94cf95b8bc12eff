namespace Broadcasts.Transports.Simulator;

/// <summary>A true limit: in no second, wherever it begins, more than so many. The last so many times are all that is kept.</summary>
internal sealed class SlidingLimit(int perSecond, TimeProvider time)
{
    private readonly long[] _times = new long[perSecond];
    private readonly Lock _lock = new();
    private int _next;
    private long _count;

    /// <summary>Counts one in, or says how long until the next can be.</summary>
    public bool TryTake(out TimeSpan wait)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            var age = time.GetElapsedTime(_times[_next], now);
            if (_count >= _times.Length && age < TimeSpan.FromSeconds(1))
            {
                wait = TimeSpan.FromSeconds(1) - age;
                return false;
            }

            _times[_next] = now;
            _next = (_next + 1) % _times.Length;
            _count++;
            wait = default;
            return true;
        }
    }
}
