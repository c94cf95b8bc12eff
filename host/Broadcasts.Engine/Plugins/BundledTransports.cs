using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>At start: installs the packages that came with the host, and loads every plugin that is desired. A broken one stops nothing else.</summary>
internal sealed partial class BundledTransports(PluginStore store, PluginFolder folder, PluginHost host, PluginInstaller installer, PluginOptions options, ILogger<BundledTransports> log)
{
    private const string Actor = "bundled";

    /// <summary>Runs after the migrations and before the first channel is opened.</summary>
    public async Task InstallAsync(CancellationToken cancellationToken)
    {
        var installed = await store.ListAsync(cancellationToken);
        folder.RemoveAllBut(installed.Select(p => folder.PathOf(p.Id, p.Version, p.Sha256)));
        var known = installed.ToDictionary(p => (p.Id, p.Version));
        var desired = new Dictionary<string, string>(await store.DesiredAsync(cancellationToken), StringComparer.Ordinal);
        var files = Directory.Exists(options.BundledDirectory) ? Directory.GetFiles(options.BundledDirectory, "*.nupkg") : [];
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            await InstallFileAsync(file, known, desired, cancellationToken);
        }

        await LoadDesiredAsync(cancellationToken);
    }

    private async Task InstallFileAsync(string file, Dictionary<(string, string), InstalledPlugin> known, Dictionary<string, string> desired, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = File.OpenRead(file);
            var package = await PluginPackage.ReadAsync(stream, cancellationToken);
            var (id, version) = (package.Manifest.Id, package.Manifest.Version);
            if (known.TryGetValue((id, version), out var same) && same.Sha256 == package.Sha256) return;
            // A newer version that an administrator chose stays; a version that came with the host and is not installed yet takes over from an older one.
            var activate = !desired.TryGetValue(id, out var wanted) || PluginInstaller.Order(wanted) <= PluginInstaller.Order(version);
            await installer.InstallAsync(package, Actor, activate, isBundled: true, cancellationToken);
            LogInstalled(log, id, version, Path.GetFileName(file));
        }
        catch (Exception e) when (e is PluginRefusedException or IOException or UnauthorizedAccessException)
        {
            LogRefused(log, Path.GetFileName(file), e.Message);
        }
    }

    /// <summary>Loads side by side what is desired and not loaded by an installation just now.</summary>
    /// <returns>Those that are worth another try: the cause lies outside the package.</returns>
    public async Task<IReadOnlyList<string>> LoadDesiredAsync(CancellationToken cancellationToken)
    {
        var desired = await store.ChoicesAsync(cancellationToken);
        var versions = (await store.ListAsync(cancellationToken)).ToDictionary(p => (p.Id, p.Version));
        var missing = desired.Where(d => host.FindInfo(d.Id)?.Version != d.Version).ToList();
        var again = await Task.WhenAll(missing.Select(d => Task.Run(async () => await LoadAsync(d, versions, cancellationToken) ? d.Id : null, cancellationToken)));
        await installer.ObserveAsync([.. desired.Select(d => (d.Id, d.Version))], cancellationToken);
        return [.. again.OfType<string>()];
    }

    // A version that can't be loaded (a file that went bad, another machine's framework) is no reason to serve nothing while the one before it can.
    private async Task<bool> LoadAsync(DesiredPlugin choice, Dictionary<(string, string), InstalledPlugin> versions, CancellationToken cancellationToken)
    {
        var again = await LoadAsync(choice.Id, versions.GetValueOrDefault((choice.Id, choice.Version)), cancellationToken);
        if (host.FindInfo(choice.Id) is not null || choice.Previous is not { } previous || !versions.TryGetValue((choice.Id, previous), out var before)) return again;
        var why = host.LastRefusal(choice.Id) ?? $"{choice.Id} {choice.Version} can't be loaded.";
        await LoadAsync(choice.Id, before, cancellationToken);
        if (host.FindInfo(choice.Id) is not null) host.Refuse(choice.Id, why, PluginState.Malfunctioned);
        return again;
    }

    private async Task<bool> LoadAsync(string id, InstalledPlugin? plugin, CancellationToken cancellationToken)
    {
        try
        {
            if (plugin is null) throw new PluginRefusedException("The desired version's package is not in the database. Install it again.");
            await host.SwapAsync(await installer.UnpackedAsync(plugin, cancellationToken), isTried: true);
            return false;
        }
        catch (Exception e) when (e is PluginRefusedException or IOException or UnauthorizedAccessException)
        {
            host.Refuse(id, e.Message, e is PluginRefusedException refused ? refused.State : PluginState.Malfunctioned);
            return e is not PluginRefusedException { IsPassing: false };
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Installed the bundled transport {Id} {Version} from {File}.")]
    private static partial void LogInstalled(ILogger logger, string id, string version, string file);

    [LoggerMessage(2, LogLevel.Error, "The bundled package {File} was refused: {Why}")]
    private static partial void LogRefused(ILogger logger, string file, string why);
}
