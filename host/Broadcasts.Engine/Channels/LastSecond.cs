namespace Broadcasts.Channels;

/// <summary>How much there was in the last second, to a twentieth of it.</summary>
internal sealed class LastSecond
{
    private const int Buckets = 20;
    private const double BucketMs = 50;

    private readonly int[] _counts = new int[Buckets];
    private long _last;

    /// <summary>Counts what happens at a moment, Unix milliseconds.</summary>
    public void Add(int count, double now)
    {
        Follow(now);
        _counts[_last % Buckets] += count;
    }

    /// <summary>The sum.</summary>
    public int Sum(double now)
    {
        Follow(now);
        return _counts.Sum();
    }

    // A clock that was set back begins anew.
    private void Follow(double now)
    {
        var bucket = (long)(now / BucketMs);
        if (bucket - _last is < 0 or >= Buckets) Array.Clear(_counts);
        else for (var b = _last + 1; b <= bucket; b++) _counts[b % Buckets] = 0;
        _last = bucket;
    }
}
