using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>In a cluster: loads here what was installed or activated on another process. What can't be loaded is noted once, and tried again when another version is desired.</summary>
internal sealed class DesiredPlugins(PluginStore store, BundledTransports loader, TimeProvider time, ILogger<DesiredPlugins> log) : PeriodicWork(TimeSpan.FromSeconds(2), time, log)
{
    private Dictionary<string, string> _tried = [];

    protected override string Purpose => "Looking for plugins that were installed elsewhere";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        var desired = await store.DesiredAsync(cancellationToken);
        if (desired.All(d => _tried.GetValueOrDefault(d.Key) == d.Value)) return;
        await loader.LoadDesiredAsync(cancellationToken);
        _tried = new Dictionary<string, string>(desired);
    }
}
