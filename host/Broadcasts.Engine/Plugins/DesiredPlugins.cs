using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>
/// In a cluster: loads here what was installed or activated on another process, lets go of what was removed there, and says now and then what runs here. What can't be loaded is noted once, and tried
/// again when another version is desired, or each turn while the cause lies outside the package.
/// </summary>
internal sealed class DesiredPlugins(PluginStore store, BundledTransports loader, PluginInstaller installer, PluginHost host, TimeProvider time, ILogger<DesiredPlugins> log) : PeriodicWork(TimeSpan.FromSeconds(2), time, log)
{
    private const int TurnsBetweenReports = 5;
    private Dictionary<string, string> _tried = [];
    private int _turn;

    protected override string Purpose => "Looking for plugins that were installed elsewhere";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        var desired = await store.DesiredAsync(cancellationToken);
        foreach (var gone in host.Infos().Where(i => _tried.ContainsKey(i.Id) && !desired.ContainsKey(i.Id))) await host.RemoveAsync(gone.Id);
        if (++_turn % TurnsBetweenReports == 0) await installer.ObserveAsync([.. desired.Select(d => (d.Key, d.Value))], cancellationToken);
        if (desired.Count == _tried.Count && desired.All(d => _tried.GetValueOrDefault(d.Key) == d.Value)) return;
        var again = await loader.LoadDesiredAsync(cancellationToken);
        _tried = desired.Where(d => !again.Contains(d.Key)).ToDictionary();
    }
}
