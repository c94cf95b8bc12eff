namespace Broadcasts.Plugins;

/// <summary>How long the host waits for a plugin's code. None of it can be killed: after a limit the host goes on without it and counts it as abandoned.</summary>
internal sealed record PluginLimits
{
    /// <summary>Load, constructor, descriptor; and each transport's creation. Default: 10 s.</summary>
    public TimeSpan Create { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Dispose of a throw-away transport before a version goes live. Default: 5 s.</summary>
    public TimeSpan TrialDispose { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time in which a version that was tried must be gone from memory. Default: 10 s.</summary>
    public TimeSpan TrialCollect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Calls in flight on a retired transport before they are cancelled. Default: 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a cancelled call has to end. Default: 2 s.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Dispose of a retired transport or plugin. Default: 10 s.</summary>
    public TimeSpan Dispose { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A retired load that is still in memory after this time is looked for by a collection in the background. Default: 20 s.</summary>
    public TimeSpan Collect { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A retired load that is still in memory after this time counts as leaked. Default: 10 min.</summary>
    public TimeSpan Unload { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Abandoned and leaked loads of one plugin after which it is not swapped any more before a restart. Default: 3.</summary>
    public int MaxLost { get; init; } = 3;

    /// <summary>All transports and plugins together, when the service stops. Default: 1.5 s, since the whole service has 10 s.</summary>
    public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(1.5);

    public TimeSpan Validate { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Webhook { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan Ask { get; init; } = TimeSpan.FromSeconds(30);
}
