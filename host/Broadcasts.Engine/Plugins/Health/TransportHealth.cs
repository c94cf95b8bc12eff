namespace Broadcasts.Plugins.Health;

/// <summary>What the messages came to that one version was given in this process, by the minute, for the last hour; what it allocates; how many calls of it were left behind and still run.</summary>
internal sealed class TransportHealth(TimeProvider time)
{
    private const int Minutes = 60;
    private const int CallsBetweenSamples = 64;

    private readonly Minute[] _minutes = [.. Enumerable.Range(0, Minutes).Select(_ => new Minute())];
    private long _bytes, _messages;
    private uint _calls;
    private int _hanging;

    /// <summary>Calls that did not end after they were cancelled, and have not ended since.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>Bytes that a message costs until its call waits for something for the first time; sampled. Null before the first sample.</summary>
    public long? AllocatedPerMessage => Volatile.Read(ref _messages) is > 0 and var messages ? Volatile.Read(ref _bytes) / messages : null;

    /// <summary>True for the calls whose allocation is looked at: the first, and one in 64 after it. Threads that race may skip one or take one more.</summary>
    public bool Samples() => _calls++ % CallsBetweenSamples == 0;

    /// <summary>A sample of what a call allocated.</summary>
    public void Allocated(long bytes, int messages)
    {
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _messages, messages);
    }

    /// <summary>Counts what became of a batch.</summary>
    public void Count(MessageBatch batch)
    {
        var tally = default(OutcomeTally);
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.OutcomeOf(i) is { } outcome) tally = tally.With(outcome);
        }

        var now = Now;
        _minutes[now % Minutes].Add(now, tally);
    }

    /// <summary>All outcomes of the last minutes, the one that runs included.</summary>
    /// <param name="minutes">1 to 60.</param>
    public OutcomeTally Over(int minutes)
    {
        var since = Now - minutes;
        return _minutes.Select(m => m.Since(since)).Aggregate(default(OutcomeTally), (sum, minute) => sum + minute);
    }

    /// <summary>The last whole minute.</summary>
    public OutcomeTally LastMinute()
    {
        var now = Now;
        return _minutes[(now - 1) % Minutes].Since(now - 2);
    }

    public void LeftBehind() => Interlocked.Increment(ref _hanging);

    public void EndedLate() => Interlocked.Decrement(ref _hanging);

    private long Now => time.GetUtcNow().ToUnixTimeSeconds() / 60;

    private sealed class Minute
    {
        private readonly Lock _lock = new();
        private long _minute;
        private OutcomeTally _tally;

        public void Add(long minute, OutcomeTally more)
        {
            lock (_lock) (_tally, _minute) = (_minute == minute ? _tally + more : more, minute);
        }

        public OutcomeTally Since(long minute)
        {
            lock (_lock) return _minute > minute ? _tally : default;
        }
    }
}

/// <summary>Outcomes, counted.</summary>
/// <param name="Messages">All of them.</param>
/// <param name="Errors">Those that are neither accepted nor throttled.</param>
/// <param name="TransportFaults">Those of the errors that the transport's own code made: it threw, ended without a word, or contradicted itself.</param>
/// <param name="ChannelFaults">Those of the errors that call for a person.</param>
internal readonly record struct OutcomeTally(long Messages, long Errors, long TransportFaults, long ChannelFaults)
{
    public OutcomeTally With(SendOutcome outcome) => outcome.Kind is SendOutcomeKind.Accepted or SendOutcomeKind.Throttled
        ? this with { Messages = Messages + 1 }
        : new(Messages + 1, Errors + 1, TransportFaults + (outcome.Reason == FailureReason.TransportFault ? 1 : 0), ChannelFaults + (outcome.Kind == SendOutcomeKind.ChannelFault ? 1 : 0));

    public static OutcomeTally operator +(OutcomeTally a, OutcomeTally b) =>
        new(a.Messages + b.Messages, a.Errors + b.Errors, a.TransportFaults + b.TransportFaults, a.ChannelFaults + b.ChannelFaults);
}

/// <summary>What a version did lately in this process.</summary>
/// <param name="MessagesPerMinute">In the last whole minute.</param>
/// <param name="ErrorsPerMinute">Of those, neither accepted nor throttled.</param>
/// <param name="AllocatedPerMessage">Bytes until the call waits for the first time, sampled; null before the first sample.</param>
/// <param name="Hanging">Calls that were left behind and still run.</param>
internal sealed record TransportPulse(long MessagesPerMinute, long ErrorsPerMinute, long? AllocatedPerMessage, int Hanging)
{
    public static TransportPulse Of(TransportHealth health)
    {
        var minute = health.LastMinute();
        return new(minute.Messages, minute.Errors, health.AllocatedPerMessage, health.Hanging);
    }
}
