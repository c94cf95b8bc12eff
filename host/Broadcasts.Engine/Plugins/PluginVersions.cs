using Broadcasts.Channels;
using Broadcasts.Security;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>A plugin with its versions, as administrators see it.</summary>
/// <param name="Id">The transport's id.</param>
/// <param name="Versions">The installed versions, the oldest installation first.</param>
/// <param name="Desired">The version that shall serve; null when none shall.</param>
/// <param name="Previous">The version that served before: the way back. Null when there is none, or when it was removed or taken back.</param>
/// <param name="Silos">What each process runs.</param>
/// <param name="Info">What this process has loaded; null when it could not load any.</param>
/// <param name="LastRefusal">Why this process refused a package or version of it last.</param>
internal sealed record PluginView(string Id, IReadOnlyList<InstalledPlugin> Versions, string? Desired, string? Previous, IReadOnlyList<ObservedPlugin> Silos, TransportInfo? Info, string? LastRefusal)
{
    /// <summary>How it fares in this process.</summary>
    public PluginState State { get; init; }

    /// <summary>Retired loads that are still in memory here.</summary>
    public int Unloading { get; init; }

    /// <summary>Those of them that only a restart frees.</summary>
    public int Leaked { get; init; }
}

/// <summary>What administrators do with plugins: install, activate, go back, remove. Each act is on record with the package's hash.</summary>
internal sealed partial class PluginVersions(PluginStore store, PluginInstaller installer, PluginFolder folder, PluginHost host, ChannelStore channels, AuditStore audit, PluginOptions options, TimeProvider time, ILogger<PluginVersions> log)
{
    private static readonly TimeSpan SilosSpeak = TimeSpan.FromSeconds(30);

    // One act after the other: of two at once, what is on record could be another version than the one that serves.
    private SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>Every plugin that has a version here, by id.</summary>
    public async Task<IReadOnlyList<PluginView>> ListAsync(CancellationToken cancellationToken = default)
    {
        var desired = (await store.ChoicesAsync(cancellationToken)).ToDictionary(d => d.Id);
        var said = await store.ObservedAsync(options.IsCluster ? time.GetUtcNow() - SilosSpeak : DateTimeOffset.UnixEpoch, cancellationToken);
        var silos = said.Where(o => options.IsCluster || o.Silo == options.SiloName).ToLookup(o => o.Id);
        return [.. (await store.ListAsync(cancellationToken)).GroupBy(p => p.Id).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
        {
            var choice = desired.GetValueOrDefault(g.Key);
            return new PluginView(g.Key, [.. g], choice?.Version, g.Any(v => v.Version == choice?.Previous && v.TakenBack is null) ? choice?.Previous : null, [.. silos[g.Key]], host.FindInfo(g.Key), host.LastRefusal(g.Key)) { State = StateOf(g.Key), Unloading = host.UnloadingCount(g.Key), Leaked = host.Lost(g.Key) };
        })];
    }

    /// <summary>Installs a package. The same package again changes nothing.</summary>
    /// <exception cref="PluginRefusedException">It is not acceptable. Nothing is left of it, and what served serves on.</exception>
    public Task<InstalledPlugin> InstallAsync(Stream package, string actor, bool activate, CancellationToken cancellationToken, bool replace = false) => AloneAsync(async () =>
    {
        try
        {
            return await installer.InstallAsync(package, actor, activate, cancellationToken, replace);
        }
        catch (PluginRefusedException e)
        {
            if (e.PluginId is null) LogRefused(actor, e.Message);
            await RefusedAsync(actor, e.PluginId ?? "unknown", e);
            throw;
        }
    }, cancellationToken);

    /// <summary>Puts an installed version in the place of the one that serves.</summary>
    /// <exception cref="PluginRefusedException">It can't serve; the other one serves on.</exception>
    public Task ActivateAsync(string id, string version, string actor, CancellationToken cancellationToken) => AloneAsync(async () =>
    {
        await ActivateAsync(id, version, new PluginAct(actor, "activate"), cancellationToken);
        return version;
    }, cancellationToken);

    /// <summary>Puts the version that served before in the place of the one that serves.</summary>
    /// <param name="id">The transport's id.</param>
    /// <param name="why">What speaks against the version that serves; kept with it until it is activated again.</param>
    /// <param name="actor">Who.</param>
    /// <param name="cancellationToken">Stops it before the swap.</param>
    /// <param name="from">Only when this version serves; null for whichever does.</param>
    /// <returns>The version that serves now.</returns>
    /// <exception cref="PluginRefusedException">There is none, or it can't serve any more.</exception>
    public Task<string> RollBackAsync(string id, string? why, string actor, CancellationToken cancellationToken, string? from = null) => AloneAsync(async () =>
    {
        var choice = (await store.ChoicesAsync(cancellationToken)).FirstOrDefault(d => d.Id == id) ?? throw new PluginRefusedException($"No version of {id} serves.");
        if (from is not null && choice.Version != from) return choice.Version;
        if (choice.Previous is not { } previous || await store.FindAsync(id, previous, cancellationToken) is not { } installed)
            throw new PluginRefusedException($"{id} {choice.Version} has no version before it to go back to. Install one, and activate it by its version.");
        if (installed.TakenBack is { } against) throw new PluginRefusedException($"{id} {previous} was taken back: {against}. Activate a version by its number.");
        await ActivateAsync(id, previous, new PluginAct(actor, "rollback", why is null ? $"from {choice.Version}" : $"from {choice.Version}: {why}"), cancellationToken);
        if (why is not null) await store.TakeBackAsync(id, choice.Version, why, CancellationToken.None);
        return previous;
    }, cancellationToken);

    /// <summary>Removes a version, with its files. The one that serves only when no channel uses the transport.</summary>
    /// <exception cref="PluginRefusedException">It is not there, or in use.</exception>
    public Task RemoveAsync(string id, string version, string actor, CancellationToken cancellationToken) => AloneAsync(async () =>
    {
        var installed = await store.FindAsync(id, version, cancellationToken) ?? throw new PluginRefusedException($"{id} {version} is not installed.");
        if ((await store.DesiredAsync(cancellationToken)).GetValueOrDefault(id) == version)
        {
            var users = (await channels.ListAsync()).Where(c => c.Transport == id).Select(c => c.Name).ToList();
            if (users.Count > 0) throw new PluginRefusedException($"{id} {version} serves the channels {string.Join(", ", users)}. Activate another version first, or delete the channels.");
        }

        // What the process dies before is done by the next start: it loads what shall serve, and clears the folders of what is not installed.
        if (await store.RemoveAsync(installed, time.GetUtcNow(), new PluginAct(actor, "remove"), cancellationToken)) await host.RemoveAsync(id);
        folder.Remove(id, version, installed.Sha256);
        return installed;
    }, cancellationToken);

    private PluginState StateOf(string id) => (host.StateOf(id) ?? PluginState.Stored) is var state && state == PluginState.Loaded && host.UnloadingCount(id) > 0 ? PluginState.Unloading : state;

    private async Task ActivateAsync(string id, string version, PluginAct act, CancellationToken cancellationToken)
    {
        try
        {
            var result = await installer.ActivateAsync(id, version, act, cancellationToken);
            if (!result.Swapped) throw new PluginRefusedException(result.Refusal ?? $"{id} {version} could not be put in place.", host.StateOf(id) ?? PluginState.Malfunctioned);
        }
        catch (PluginRefusedException e)
        {
            await RefusedAsync(act.Actor, id, e);
            throw;
        }
    }

    private Task RefusedAsync(string actor, string id, PluginRefusedException why) => audit.AppendAsync(actor, "plugin.refused", Subject(id), why.Message, CancellationToken.None);

    private async Task<T> AloneAsync<T>(Func<Task<T>> act, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        try
        {
            return await act();
        }
        finally
        {
            Gate.Release();
        }
    }

    private static string Subject(string id) => $"plugin:{id}";

    [LoggerMessage(1, LogLevel.Warning, "A package that {Actor} wanted to install was refused: {Why}")]
    private partial void LogRefused(string actor, string why);
}
