using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using Broadcasts.Broadcasting;

namespace Broadcasts.Reporting;

/// <summary>Why a broadcast in progress does not move.</summary>
/// <param name="Code">A stable word: <c>channelPaused</c>, <c>canary</c>, <c>providerThrottle</c>, <c>waitingForRetries</c> … or <c>stalled</c> when no reason is known.</param>
/// <param name="Until">When it goes on by itself; null when that is not known.</param>
/// <param name="Detail">More, in the words of whoever caused it.</param>
internal sealed record Waiting(string Code, DateTimeOffset? Until = null, string? Detail = null)
{
    /// <summary>It should move, and nobody knows why it does not.</summary>
    public const string Stalled = "stalled";

    /// <summary>Later parts wait for an earlier one whose fate is not known.</summary>
    public const string EarlierPart = "earlierPart";

    /// <summary>One of the channel's limits is used up.</summary>
    public const string WindowFull = "windowFull";

    /// <summary>The channel's account has written to as many different recipients as it may.</summary>
    public const string RecipientsFull = "recipientsFull";

    /// <summary>The limit that is used up.</summary>
    [JsonIgnore]
    public SendRate? Limit { get; init; }
}

/// <summary>What the watch found last. Empty in commands that run without the service.</summary>
internal sealed class WaitingBroadcasts
{
    private readonly ConcurrentDictionary<long, Waiting> _found = new();

    /// <summary>Why it waits; null while it moves.</summary>
    public Waiting? Of(long broadcastId) => _found.GetValueOrDefault(broadcastId);

    /// <summary>How many stand still without a reason.</summary>
    public int Stalled => _found.Values.Count(w => w.Code == Waiting.Stalled);

    public void Set(long broadcastId, Waiting? waiting)
    {
        if (waiting is null) _found.TryRemove(broadcastId, out _);
        else _found[broadcastId] = waiting;
    }

    /// <summary>Forgets those that are not in progress any more.</summary>
    public void Keep(IReadOnlySet<long> running)
    {
        foreach (var id in _found.Keys.Where(id => !running.Contains(id)).ToArray()) _found.TryRemove(id, out _);
    }
}
