using System.Collections.Concurrent;

namespace Broadcasts.Host.Api;

/// <summary>Says that calls of a channel's webhook are refused, now and then: anybody may knock here, and nobody is to fill the log by it.</summary>
internal sealed partial class RefusedWebhooks(TimeProvider time, ILogger<RefusedWebhooks> log)
{
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<(long Channel, int Status), Refusals> _refusals = new();

    /// <summary>Notes what a call was answered with.</summary>
    /// <param name="channel">Its channel. Only channels that exist and can receive: the numbers of others would pile up here.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="why">Why it was refused.</param>
    public void Note(long channel, int status, string why)
    {
        if (status < StatusCodes.Status400BadRequest) return;
        var refusals = _refusals.GetOrAdd((channel, status), static _ => new Refusals());
        if (refusals.Count(time.GetUtcNow()) is { } unsaid) LogRefused(log, channel, status, why, unsaid, (int)Silence.TotalMinutes);
    }

    private sealed class Refusals
    {
        private readonly Lock _lock = new();
        private DateTimeOffset? _said;
        private int _unsaid;

        /// <summary>How many went unsaid before this one, when this one is to be said.</summary>
        public int? Count(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (_said is { } said && now - said < Silence)
                {
                    _unsaid++;
                    return null;
                }

                _said = now;
                (var unsaid, _unsaid) = (_unsaid, 0);
                return unsaid;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call of channel {Channel}'s webhook was refused with {Status}: {Why} {Unsaid} before it were not logged, and further ones are not for {Minutes} minutes.")]
    private static partial void LogRefused(ILogger log, long channel, int status, string why, int unsaid, int minutes);
}
