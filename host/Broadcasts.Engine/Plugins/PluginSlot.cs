using System.Collections.Concurrent;
using Broadcasts.Plugins.Health;

namespace Broadcasts.Plugins;

/// <summary>One plugin id in this process: its load in use, the channels on it, and what went wrong. Guarded by <see cref="Gate"/>.</summary>
internal sealed class PluginSlot(string id)
{
    private volatile string? _lastRefusal;
    private volatile PluginLoad? _load;
    private int _faults;
    private int _lost;

    public string Id { get; } = id;

    /// <summary>Packages, by hash, of which a whole load has lived and was gone from memory in this process.</summary>
    public ConcurrentDictionary<string, byte> Proven { get; } = new(StringComparer.Ordinal);

    /// <summary>Loads, swaps and transports of one plugin are made one after the other.</summary>
    public SemaphoreSlim Gate { get; } = new(1, 1);

    public PluginLoad? Load
    {
        get => _load;
        set => _load = value;
    }

    public string? LastRefusal
    {
        get => _lastRefusal;
        set => _lastRefusal = value;
    }

    public PluginState RefusedAs { get; set; } = PluginState.Stored;

    /// <summary>Retired loads that are still in memory.</summary>
    public List<UnloadingLoad> Unloading { get; } = [];

    /// <summary>Loads that can't be freed before a restart: plugin code was left running, or something still points to them.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>The version in use is compared with the one before it; null when it is not.</summary>
    public Probation? Probation { get; set; }

    public PluginState State => _load is not { } load ? RefusedAs
        : load.Health.Hanging >= TransportInstance.MostHanging ? PluginState.Malfunctioned
        : Volatile.Read(ref _faults) > 0 ? PluginState.Degraded
        : Lost > 0 ? PluginState.Leaked
        : PluginState.Loaded;

    public TransportInfo? Info => _load is { } load ? load.Info with { State = State, LastRefusal = _lastRefusal, Pulse = TransportPulse.Of(load.Health) } : null;

    /// <summary>Retired loads that are still in memory.</summary>
    public int UnloadingCount
    {
        get
        {
            lock (Unloading) return Unloading.Count(u => u.Context is { IsAlive: true });
        }
    }

    /// <summary>Retired loads that are gone since the last look.</summary>
    public int GoneCount
    {
        get
        {
            lock (Unloading) return Unloading.Count(u => u.Context is not { IsAlive: true });
        }
    }

    /// <summary>True when a load that was retired before this moment is still in memory.</summary>
    public bool Retains(DateTimeOffset before)
    {
        lock (Unloading) return Unloading.Any(u => u.Context is { IsAlive: true } && u.Since < before);
    }

    public void CountLost() => Interlocked.Increment(ref _lost);

    public void CountFault() => Interlocked.Increment(ref _faults);

    /// <summary>A version that was just put in begins without its predecessor's faults.</summary>
    public void ForgetFaults() => Interlocked.Exchange(ref _faults, 0);
}

/// <summary>A retired load, watched until nothing points to it.</summary>
internal sealed record UnloadingLoad(string Version, WeakReference? Context, DateTimeOffset Since);

/// <summary>What became of a swap.</summary>
/// <param name="Swapped">True when the new version serves.</param>
/// <param name="Refusal">Why it does not; the old one serves on.</param>
/// <param name="Retired">Ends when the old version is drained, disposed and let go of.</param>
internal sealed record SwapResult(bool Swapped, string? Refusal, Task Retired)
{
    public static SwapResult Refused(string why) => new(false, why, Task.CompletedTask);
}
