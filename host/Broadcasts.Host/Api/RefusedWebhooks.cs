using System.Collections.Concurrent;

namespace Broadcasts.Host.Api;

/// <summary>Says that calls of a channel's webhook are refused: once, until one is taken again. Anybody may knock here, and nobody is to fill the log by it.</summary>
internal sealed partial class RefusedWebhooks(ILogger<RefusedWebhooks> log)
{
    private readonly ConcurrentDictionary<(long Channel, int Status), bool> _said = new();

    /// <summary>Notes what a call was answered with.</summary>
    /// <param name="channel">Its channel. Only channels that exist and can receive: the numbers of others would pile up here.</param>
    /// <param name="status">HTTP status.</param>
    /// <param name="why">Why it was refused.</param>
    public void Note(long channel, int status, string why)
    {
        if (status < StatusCodes.Status400BadRequest)
        {
            foreach (var said in _said.Keys.Where(k => k.Channel == channel)) _said.TryRemove(said, out _);
        }
        else if (_said.TryAdd((channel, status), true))
        {
            LogRefused(log, channel, status, why);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A call of channel {Channel}'s webhook was refused with {Status}: {Why} Further ones are not logged until one is taken.")]
    private static partial void LogRefused(ILogger log, long channel, int status, string why);
}
