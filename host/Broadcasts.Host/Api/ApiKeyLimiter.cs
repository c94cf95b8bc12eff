using System.Threading.RateLimiting;
using Broadcasts.Host.Configuration;

namespace Broadcasts.Host.Api;

/// <summary>So many requests a minute of one caller, in this process. What was not used is saved up for a minute at most.</summary>
internal sealed class ApiKeyLimiter(ServiceOptions options) : IDisposable
{
    private const int StepsPerMinute = 60;

    private readonly PartitionedRateLimiter<ApiCaller> _limiter = PartitionedRateLimiter.Create<ApiCaller, long>(caller =>
        // The commands of this machine are its owner's.
        ReferenceEquals(caller, ApiCaller.Local) || options.MaxApiRequestsPerMinute == 0
            ? RateLimitPartition.GetNoLimiter(0L)
            : RateLimitPartition.GetTokenBucketLimiter(caller.IdempotencyScope, _ => new()
            {
                TokenLimit = options.MaxApiRequestsPerMinute,
                TokensPerPeriod = Math.Max(1, options.MaxApiRequestsPerMinute / StepsPerMinute),
                ReplenishmentPeriod = TimeSpan.FromMinutes(1) * Math.Max(1, options.MaxApiRequestsPerMinute / StepsPerMinute) / options.MaxApiRequestsPerMinute,
                QueueLimit = 0,
            }));

    /// <summary>How long the caller has to wait; null when it need not.</summary>
    public TimeSpan? WaitFor(ApiCaller caller)
    {
        using var lease = _limiter.AttemptAcquire(caller);
        if (lease.IsAcquired) return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) && wait > TimeSpan.Zero ? wait : TimeSpan.FromSeconds(1);
    }

    public void Dispose() => _limiter.Dispose();
}
