using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>In a cluster: loads here what was installed or activated on another process. What can't be loaded is noted once, and tried again when another version is desired.</summary>
internal sealed partial class DesiredPlugins(PluginStore store, BundledTransports loader, TimeProvider time, ILogger<DesiredPlugins> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private Dictionary<string, string> _tried = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await LookAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start loads everything that is desired.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var desired = await store.DesiredAsync(cancellationToken);
            if (desired.All(d => _tried.GetValueOrDefault(d.Key) == d.Value)) return;
            await loader.LoadDesiredAsync(cancellationToken);
            _tried = new Dictionary<string, string>(desired);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogFault(log, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for plugins that were installed elsewhere failed; the next look is in some seconds")]
    private static partial void LogFault(ILogger logger, Exception e);
}
