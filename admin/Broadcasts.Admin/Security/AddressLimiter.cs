using System.Net;
using System.Threading.RateLimiting;

namespace Broadcasts.Admin.Security;

/// <summary>So many tries within a minute from one address of the network.</summary>
internal abstract class AddressLimiter(int perMinute) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress> _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(address =>
        RateLimitPartition.GetSlidingWindowLimiter(address, _ => new()
        {
            PermitLimit = perMinute,
            Window = TimeSpan.FromMinutes(1),
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));

    /// <summary>False when this address tried too often within a minute.</summary>
    public bool TryEnter(IPAddress? address)
    {
        using var lease = _limiter.AttemptAcquire(address ?? IPAddress.None);
        return lease.IsAcquired;
    }

    public void Dispose() => _limiter.Dispose();
}

/// <summary>Guesses of passwords. The lock-out protects one account; this protects all of them from one guesser.</summary>
internal sealed class SignInLimiter() : AddressLimiter(20);

/// <summary>Entries into forms: nobody has a hundred people written to by one script.</summary>
internal sealed class FormLimiter() : AddressLimiter(10);
