using NuGet.Versioning;

namespace Broadcasts.Plugins;

/// <summary>Where plugins live and under which name this process reports what it runs.</summary>
/// <param name="BundledDirectory">Packages that come with the host.</param>
/// <param name="SiloName">This process's name among its cluster's.</param>
/// <param name="IsCluster">True when other processes may share the database.</param>
internal sealed record PluginOptions(string BundledDirectory, string SiloName, bool IsCluster = false)
{
    /// <summary>SHA-256 fingerprints of the certificates whose packages are taken, lower-case hexadecimal; empty when a signature is not asked for.</summary>
    public IReadOnlySet<string> TrustedSigners { get; init; } = new HashSet<string>();
}

/// <summary>Takes packages in: check, store, unpack, try, activate. In this order, so that a crash in between leaves a package that is merely not active.</summary>
internal sealed class PluginInstaller(PluginStore store, PluginFolder folder, PluginHost host, PluginOptions options, TimeProvider time)
{
    /// <summary>Installs a package. The same package again changes nothing.</summary>
    /// <param name="stream">The .nupkg.</param>
    /// <param name="actor">Who does it, for the record.</param>
    /// <param name="activate">Puts it in the place of the version that serves.</param>
    /// <param name="cancellationToken">Stops it before it is stored.</param>
    /// <exception cref="PluginRefusedException">The package or its code is not acceptable. Nothing is left of it and what served serves on.</exception>
    /// <param name="replace">Takes it although another plugin has this id.</param>
    public async Task<InstalledPlugin> InstallAsync(Stream stream, string actor, bool activate, CancellationToken cancellationToken, bool replace = false)
    {
        var package = await PluginPackage.ReadAsync(stream, cancellationToken);
        var (id, version) = (package.Manifest.Id, package.Manifest.Version);
        try
        {
            CheckSigner(package);
            var serving = (await store.DesiredAsync(cancellationToken)).GetValueOrDefault(id);
            if (!replace && serving is not null) await CheckKinAsync(package, serving, cancellationToken);
            if (activate && serving is not null && Order(serving) > Order(version))
                throw new PluginRefusedException($"{id} {version} is older than {serving}, which serves. To go back, install it without activating it and then activate it by its version.");
            if (serving == version && host.FindInfo(id)?.Sha256 == package.Sha256 && await store.FindAsync(id, version, cancellationToken) is { } same && same.Sha256 == package.Sha256) return same;
            return await InstallAsync(package, actor, activate, isBundled: false, cancellationToken);
        }
        catch (PluginRefusedException e)
        {
            host.Note(id, e.Message);
            e.PluginId = id;
            throw;
        }
    }

    // Channels belong to an id: somebody else's plugin of the same id would get their settings and secrets as if it were the next version.
    private async Task CheckKinAsync(PluginPackage package, string serving, CancellationToken cancellationToken)
    {
        var (id, version) = (package.Manifest.Id, package.Manifest.Version);
        if (await store.FindAsync(id, serving, cancellationToken) is not { } before || await store.PackageAsync(id, serving, cancellationToken) is not { } bytes) return;
        var main = PluginPackage.Read(bytes).Manifest.Main;
        if (main != package.Manifest.Main)
            throw new PluginRefusedException($"{id} {version} is another plugin of the same id: its assembly is {package.Manifest.Main}, that of {serving}, which serves, is {main}. Give it an id of its own, or replace the plugin on purpose (--replace).");
        if (before.Signer is { } signer && package.Signer?.ToString() != signer)
            throw new PluginRefusedException($"{id} {version} is {(package.Signer is { } other ? $"signed by {other}" : "not signed")}; {serving}, which serves, is signed by {signer}. Replace it on purpose (--replace) when its author has another certificate.");
    }

    /// <summary>Puts an installed version in the place of the one that serves; also the way back to an older one.</summary>
    public async Task<SwapResult> ActivateAsync(string id, string version, PluginAct act, CancellationToken cancellationToken)
    {
        var installed = await store.FindAsync(id, version, cancellationToken)
            ?? throw new PluginRefusedException($"{id} {version} is not installed.");
        // Written down before its code runs, and what became of it in the transaction of the choice.
        await store.AnnounceAsync(installed, time.GetUtcNow(), new PluginAct(act.Actor, "try"));
        var result = await host.SwapAsync(await UnpackedAsync(installed, cancellationToken));
        if (!result.Swapped) return result;
        await store.DesireAsync(id, version, installed.Sha256, time.GetUtcNow(), act);
        await ObserveAsync([(id, version)], CancellationToken.None);
        return result;
    }

    /// <summary>What comes with the host may have other contents under the same version, and was tried by those who built it.</summary>
    internal async Task<InstalledPlugin> InstallAsync(PluginPackage package, string actor, bool activate, bool isBundled, CancellationToken cancellationToken)
    {
        var (id, version) = (package.Manifest.Id, package.Manifest.Version);
        var known = await store.FindAsync(id, version, cancellationToken);
        if (known is not null && known.Sha256 != package.Sha256 && !isBundled)
        {
            throw new PluginRefusedException($"{id} {version} is installed with other contents. A version never changes: give the new build a new version.");
        }

        var candidate = Unpack(package);
        var signed = package.Signer is { } signer ? $"signed by {signer}" : null;
        // Written down before its code runs: with the package, or by itself when that is here already.
        var attempt = isBundled ? null : new PluginAct(actor, activate ? "try" : "store", signed);
        if (known?.Sha256 != package.Sha256) await store.AddAsync(package, actor, time.GetUtcNow(), attempt, cancellationToken);
        else if (attempt is not null) await store.AnnounceAsync(known, time.GetUtcNow(), attempt);
        try
        {
            if (!activate || (!isBundled && host.FindInfo(id) is null)) await host.TryAsync(candidate);
            if (activate) await ActivateAsync(candidate, isBundled ? null : new PluginAct(actor, "install", signed));
        }
        catch (PluginRefusedException) when (known is null)
        {
            await store.ForgetAsync(id, version, CancellationToken.None);
            throw;
        }

        return (await store.FindAsync(id, version, CancellationToken.None))!;
    }

    /// <summary>The unpacked folder of an installed version; taken from the database again when it is missing or damaged.</summary>
    internal async Task<PluginCandidate> UnpackedAsync(InstalledPlugin plugin, CancellationToken cancellationToken)
    {
        if (folder.Find(plugin.Id, plugin.Version, plugin.Sha256) is not { } path)
        {
            var package = PluginPackage.Read(await store.PackageAsync(plugin.Id, plugin.Version, cancellationToken) ?? []);
            if (package.Sha256 != plugin.Sha256) throw new PluginRefusedException($"The stored package of {plugin.Id} {plugin.Version} is damaged: its SHA-256 is not the one recorded. Install it again.");
            return Unpack(package);
        }

        return Inspect(path, plugin.Sha256);
    }

    internal Task ObserveAsync(IReadOnlyCollection<(string Id, string Version)> wanted, CancellationToken cancellationToken) =>
        store.ObserveAsync([.. wanted.Select(w => host.FindInfo(w.Id) is { } info
            ? (w.Id, info.Version, info.State, info.LastRefusal)
            : (w.Id, w.Version, host.StateOf(w.Id) ?? PluginState.Malfunctioned, host.LastRefusal(w.Id)))], options.SiloName, time.GetUtcNow(), cancellationToken);

    internal static NuGetVersion Order(string version) => NuGetVersion.Parse(version);

    private void CheckSigner(PluginPackage package)
    {
        if (options.TrustedSigners.Count == 0 || (package.Signer is { } by && options.TrustedSigners.Contains(by.Fingerprint))) return;
        var name = $"{package.Manifest.Id} {package.Manifest.Version}";
        throw new PluginRefusedException(package.Signer is { } signer
            ? $"{name} is signed by {signer}, which is not among Plugins:TrustedSigners. Add this fingerprint there when you trust its owner."
            : $"{name} has no author's signature, and Plugins:TrustedSigners asks for one. Sign it with 'dotnet nuget sign', or take the list away.");
    }

    private async Task ActivateAsync(PluginCandidate candidate, PluginAct? act)
    {
        var (id, version) = (candidate.Manifest.Id, candidate.Manifest.Version);
        var result = await host.SwapAsync(candidate);
        if (!result.Swapped) throw new PluginRefusedException(result.Refusal!, host.StateOf(id) ?? PluginState.Malfunctioned);
        await store.DesireAsync(id, version, candidate.Sha256, time.GetUtcNow(), act);
        await ObserveAsync([(id, version)], CancellationToken.None);
    }

    private PluginCandidate Unpack(PluginPackage package)
    {
        PluginCandidate? candidate = null;
        try
        {
            var path = folder.Unpack(package, unpacked => candidate = PluginInspector.Inspect(unpacked, package.Manifest, package.Sha256));
            return candidate! with { Folder = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginRefusedException($"{package.Manifest.Id} {package.Manifest.Version} can't be unpacked: {e.Message}") { IsPassing = true };
        }
    }

    private static PluginCandidate Inspect(string path, string sha256)
    {
        var file = new FileInfo(Path.Combine(path, PluginManifest.FileName));
        using var stream = file.OpenRead();
        return PluginInspector.Inspect(path, PluginManifest.Read(stream, file.Length), sha256);
    }
}
