using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;
using static Broadcasts.Health.HealthChecks;

namespace Broadcasts.Health;

/// <summary>What an installation needs beside its database: room, keys, transports, channels that send.</summary>
internal sealed class InstallationChecks(Database database, EngineOptions options, SafeHold hold, ISecretProtector protector, ChannelStore channels, PluginStore plugins, PluginHost host)
{
    private const long LeastFreeBytes = 200L << 20;
    private const long FewFreeBytes = 2L << 30;
    private const long LargeLogBytes = 1L << 30;

    private const string PostgresSizeSql = "SELECT pg_database_size(current_database())";
    private const string SqliteSizeSql = "SELECT c.page_count * s.page_size FROM pragma_page_count() c, pragma_page_size() s";

    public async Task<HealthCheck> DirectoryAsync(CancellationToken cancellationToken)
    {
        const string Name = "data directory";
        var folder = Path.GetFullPath(options.DataDirectory);
        var probe = Path.Combine(folder, $".doctor-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(probe, "x", cancellationToken);
        File.Delete(probe);
        var free = new DriveInfo(folder).AvailableFreeSpace;
        var size = await database.ReadAsync(c => c.QuerySingleAsync<long>(database.Dialect.IsPostgres ? PostgresSizeSql : SqliteSizeSql), cancellationToken);
        var log = new FileInfo(Path.Combine(folder, "broadcasts.db-wal")) is { Exists: true } file ? file.Length : 0;
        var found = Of("healthDirectory", $"{options.DataDirectory} can be written; {Size(free)} are left. The database has {Size(size)}, its log {Size(log)}.", options.DataDirectory, Size(free), Size(size), Size(log));
        var room = Of("healthRoomDo", "Make room: a full disk stops sending.");
        if (free < LeastFreeBytes) return HealthCheck.Bad(Name, found, room);
        if (free < FewFreeBytes) return HealthCheck.Warn(Name, found, room);
        if (log > LargeLogBytes) return HealthCheck.Warn(Name, found, Of("healthLogDo", "Something reads the database for very long and keeps its log from being emptied: look for a backup or a query that hangs."));
        return hold.FileProblem is { } problem
            ? HealthCheck.Bad(Name, Of("healthHostDirectory", $"Broadcasts:HostDirectory can't be written: {problem}", problem), Of("healthHostDirectoryDo", "Set Broadcasts:HostDirectory to a folder that the service may write; without it restored data is not noticed."))
            : HealthCheck.Good(Name, found);
    }

    public async Task<HealthCheck> KeysAsync()
    {
        const string Name = "keys";
        if (protector.Unprotect(protector.Protect("x")) != "x") return HealthCheck.Bad(Name, Of("healthKeysLost", "What is encrypted can't be read again."), Of("healthKeysLostDo", "Put the folder 'keys' of the same backup beside the database."));
        var all = await channels.ListAsync();
        var unreadable = new List<string>();
        foreach (var channel in all)
        {
            try
            {
                await channels.ReadSettingsAsync(channel.Id);
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                unreadable.Add(channel.Name);
            }
        }

        return unreadable.Count > 0
            ? HealthCheck.Bad(Name, Of("healthSecretsLost", $"The secrets of these channels can't be read: {string.Join(", ", unreadable)}.", string.Join(", ", unreadable)), Of("healthSecretsLostDo", "Put the folder 'keys' of the same backup beside the database, or write the secrets again."))
            : HealthCheck.Good(Name, Of("healthKeys", $"Channels whose secrets can be read: {all.Count}.", $"{all.Count}"));
    }

    public async Task<HealthCheck> HoldAsync() => await hold.GetAsync() is { } held
        ? HealthCheck.Bad("safe hold", held.Reason == "copied" ? Of("healthCopied", "Held: this data was copied. Nothing is sent.") : Of("healthRestored", "Held: this data was put back from a backup. Nothing is sent."), Of("healthHeldDo", "If it is the data that is to send: broadcasts safe-hold release."))
        : HealthCheck.Good("safe hold", Of("healthNotHeld", "Not held."));

    // Without a service no plugin is loaded: what is installed must do.
    public async Task<HealthCheck> TransportsAsync(CancellationToken cancellationToken)
    {
        const string Name = "transports";
        var desired = await plugins.DesiredAsync(cancellationToken);
        var wanted = (await channels.ListAsync()).Select(c => c.Transport).Distinct().ToList();
        if (wanted.Where(t => !desired.ContainsKey(t)).ToList() is { Count: > 0 } gone)
            return HealthCheck.Bad(Name, Of("healthTransportsGone", $"Channels use transports that are not installed: {string.Join(", ", gone)}.", string.Join(", ", gone)), Of("healthTransportsGoneDo", "Install their packages (console: Plugins)."));
        if (host.Infos().Count > 0 && desired.Keys.Where(t => host.FindInfo(t) is null).ToList() is { Count: > 0 } broken)
        {
            var named = string.Join(", ", broken.Select(t => $"{t} ({host.LastRefusal(t)})"));
            return HealthCheck.Bad(Name, Of("healthNotLoaded", $"Not loaded here: {named}.", named), Of("healthNotLoadedDo", "Install another version of them."));
        }

        if (host.Infos().Select(i => i.Id).Where(t => host.StateOf(t) is PluginState.Degraded or PluginState.Leaked).ToList() is { Count: > 0 } ill)
            return HealthCheck.Warn(Name, Of("healthPlugins", $"Plugins that failed, hung or stay in memory: {string.Join(", ", ill)}.", string.Join(", ", ill)), Of("healthPluginsDo", "See their pages (console: Plugins): go back to the version before, or restart the service."));
        if (desired.Count == 0) return HealthCheck.Good(Name, Of("healthNoTransports", "None is installed yet: the first start does it."));
        var list = string.Join(", ", desired.Select(d => $"{d.Key} {d.Value}").Order(StringComparer.Ordinal));
        return HealthCheck.Good(Name, Of("healthTransports", $"{desired.Count} are installed: {list}.", $"{desired.Count}", list));
    }

    public async Task<HealthCheck> ChannelsAsync()
    {
        var all = await channels.ListAsync();
        var faulty = string.Join(", ", all.Where(c => c is { Status: ChannelStatus.Paused, StatusReason: not null }).Select(c => c.Name));
        return faulty.Length == 0 ? HealthCheck.Good("channels", Of("healthChannels", $"Channels: {all.Count}; none is paused by a fault.", $"{all.Count}"))
            : HealthCheck.Warn("channels", Of("healthFaulty", $"Paused by a fault: {faulty}. Their messages wait.", faulty), Of("healthFaultyDo", "Mend their settings or their account with the provider, then resume them."));
    }

    private static string Size(long bytes) => bytes < 10L << 30 ? FormattableString.Invariant($"{bytes >> 20} MB") : FormattableString.Invariant($"{bytes >> 30} GB");
}
