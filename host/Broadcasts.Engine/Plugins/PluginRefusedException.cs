namespace Broadcasts.Plugins;

/// <summary>A package or a load was refused. The message is one sentence for the administrator.</summary>
/// <remarks>No inner exception on purpose: an exception that a plugin threw keeps its load context alive; its text does not.</remarks>
internal sealed class PluginRefusedException(string message, PluginState state = PluginState.Malfunctioned) : Exception(message)
{
    /// <summary>The state that the plugin is in because of it.</summary>
    public PluginState State { get; } = state;

    /// <summary>The cause lies outside the package (a full disk, a file in use): worth another try.</summary>
    public bool IsPassing { get; init; }

    /// <summary>The plugin that it is about, where its package could be read so far; its refusal is shown with it and logged.</summary>
    public string? PluginId { get; set; }
}

/// <summary>How a plugin fares in this process. Stored: never renumber.</summary>
internal enum PluginState
{
    /// <summary>Serving.</summary>
    Loaded = 0,

    /// <summary>Serving, but a channel of it failed or a call of it hung.</summary>
    Degraded = 1,

    /// <summary>Built for another contract, framework or set of dependencies: refused before any of its code ran.</summary>
    NotSupported = 2,

    /// <summary>Its package is damaged, or its code failed while it was loaded.</summary>
    Malfunctioned = 3,

    /// <summary>Serving, and a version that it took the place of is not gone yet.</summary>
    Unloading = 4,

    /// <summary>Retired versions of it stay in memory: something still points to them. A restart frees them.</summary>
    Leaked = 5,

    /// <summary>No version of it is in service, and nothing is wrong.</summary>
    Stored = 6,
}
