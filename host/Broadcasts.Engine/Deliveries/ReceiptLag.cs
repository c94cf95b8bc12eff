using System.Collections.Concurrent;
using Broadcasts.Storage;

namespace Broadcasts.Deliveries;

/// <summary>How long after the fact providers' news reached this process, of the last quarter of an hour.</summary>
internal sealed class ReceiptLag(TimeProvider time)
{
    private const int MostKept = 1_000;

    private static readonly TimeSpan Looks = TimeSpan.FromMinutes(15);

    private readonly ConcurrentQueue<(long HeardAt, long Ms)> _heard = new();

    /// <summary>News of a moment was heard now.</summary>
    public void Hear(DateTimeOffset happened)
    {
        var now = time.Now();
        // A provider's clock that is ahead is no lag.
        _heard.Enqueue((now, Math.Max(0, now - happened.ToUnixTimeMilliseconds())));
        while (_heard.Count > MostKept) _heard.TryDequeue(out _);
    }

    /// <summary>Of the latest news: how many, and what half of them took at most. Null when none came.</summary>
    public (int Count, TimeSpan Median)? Look()
    {
        var since = time.Now() - (long)Looks.TotalMilliseconds;
        long[] recent = [.. _heard.Where(h => h.HeardAt >= since).Select(h => h.Ms).Order()];
        return recent.Length == 0 ? null : (recent.Length, TimeSpan.FromMilliseconds(recent[recent.Length / 2]));
    }
}
