using System.Runtime.CompilerServices;
using Broadcasts.Plugins.Health;
using McMaster.NETCore.Plugins;

namespace Broadcasts.Plugins;

/// <summary>One load of one plugin version: its load context and its entry point. Transports of many channels come from it.</summary>
/// <remarks>
/// Whoever touches the plugin's objects does it in a method of its own that is not inlined: a reference left in a caller's frame or in a
/// field keeps the whole context in memory.
/// </remarks>
internal sealed class PluginLoad
{
    private readonly PluginLimits _limits;
    private readonly TimeProvider _time;
    private PluginLoader? _loader;
    private ITransportPlugin? _plugin;
    private TransportInfo? _info;

    private PluginLoad(PluginCandidate candidate, PluginLimits limits, TimeProvider time) => (Candidate, _limits, _time, Health) = (candidate, limits, time, new TransportHealth(time));

    public PluginCandidate Candidate { get; }

    public TransportInfo Info => _info!;

    /// <summary>What its transports do.</summary>
    public TransportHealth Health { get; }

    /// <summary>Dead once nothing of the plugin is in memory any more.</summary>
    public WeakReference? Context { get; private set; }

    public string Name => $"{Candidate.Manifest.Id} {Candidate.Manifest.Version}";

    /// <summary>Loads beside whatever else is loaded. Nothing is changed when it fails.</summary>
    /// <exception cref="PluginRefusedException">It could not be loaded, constructed or described.</exception>
    public static async Task<PluginLoad> LoadAsync(PluginCandidate candidate, PluginLimits limits, TimeProvider time)
    {
        var load = new PluginLoad(candidate, limits, time);
        try
        {
            await PluginCalls.RunAsync($"{load.Name}: loading it", load.StartAsync, limits.Create, time);
            return load;
        }
        catch (Exception e) when (e is PluginRefusedException or PluginHungException or TransportSettingsException)
        {
            await load.UnloadAsync();
            throw new PluginRefusedException(e.Message, e is PluginRefusedException refused ? refused.State : PluginState.Malfunctioned);
        }
    }

    /// <summary>Makes the transport of one channel.</summary>
    /// <exception cref="TransportSettingsException">The settings can't work.</exception>
    /// <exception cref="PluginRefusedException">The plugin threw.</exception>
    /// <exception cref="PluginHungException">The plugin did not come back.</exception>
    public async Task<TransportInstance> CreateAsync(ChannelTransportSettings settings, HostTransportServices services, Action<string> onHang)
    {
        var stopping = new CancellationTokenSource();
        try
        {
            return await PluginCalls.RunAsync($"{Name}: making the transport of channel '{settings.ChannelName}'",
                () => CreateCoreAsync(settings, services, stopping, onHang), _limits.Create, _time);
        }
        catch
        {
            await stopping.CancelAsync();
            stopping.Dispose();
            throw;
        }
    }

    /// <summary>The plugin's own check of settings that passed the form.</summary>
    public Task<IReadOnlyList<SettingProblem>> ValidateAsync(ChannelTransportSettings settings, HostTransportServices services) =>
        PluginCalls.RunAsync<IReadOnlyList<SettingProblem>>($"{Name}: checking the settings", () => Task.FromResult<IReadOnlyList<SettingProblem>>(Validate(settings, services)), _limits.Validate, _time);

    /// <summary>Disposes the plugin with a limit and lets go of it. False when plugin code was left behind.</summary>
    public async Task<bool> UnloadAsync()
    {
        var whole = true;
        try
        {
            await PluginCalls.RunAsync($"{Name}: dispose", DisposePluginAsync, _limits.Dispose, _time);
        }
        catch (PluginHungException)
        {
            whole = false;
        }
        catch (Exception)
        {
            // It ended; the load goes away in any case.
        }

        Drop();
        JsonCaches.Clear();
        return whole;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task StartAsync()
    {
        // The one thing used of this library: a collectible context that asks the host for the contract and what the contract needs.
        // Its hot reload, in-memory loading and shared-type preference each break something; see docs/decisions.
        _loader = PluginLoader.CreateFromAssemblyFile(Candidate.MainFile, isUnloadable: true, sharedTypes: [typeof(ITransportPlugin)]);
        var assembly = _loader.LoadDefaultAssembly();
        Context = new WeakReference(System.Runtime.Loader.AssemblyLoadContext.GetLoadContext(assembly));
        var type = assembly.GetType(Candidate.EntryType) ?? throw new PluginRefusedException($"{Name}: {Candidate.Manifest.Main} has no type {Candidate.EntryType}.");
        _plugin = Activator.CreateInstance(type) as ITransportPlugin
            ?? throw new PluginRefusedException($"{Name}: {Candidate.EntryType} is not an {nameof(ITransportPlugin)}.");
        _info = TransportInfo.Of(_plugin.Descriptor, Candidate);
        return Task.CompletedTask;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<TransportInstance> CreateCoreAsync(ChannelTransportSettings settings, HostTransportServices services, CancellationTokenSource stopping, Action<string> onHang)
    {
        var plugin = _plugin ?? throw new PluginRefusedException($"{Name} is unloaded.");
        var context = new HostChannelContext(services, Info, settings, stopping.Token);
        var transport = await plugin.CreateAsync(context, stopping.Token) ?? throw new PluginRefusedException($"{Name} made no transport.");
        return new TransportInstance(Info, transport, stopping, _limits, _time, onHang)
        {
            Health = Health,
            PollInterval = transport is IEventPoller poller && poller.PollInterval > TimeSpan.FromMilliseconds(50) ? poller.PollInterval : TimeSpan.FromSeconds(1),
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private SettingProblem[] Validate(ChannelTransportSettings settings, HostTransportServices services)
    {
        var plugin = _plugin ?? throw new PluginRefusedException($"{Name} is unloaded.");
        try
        {
            return plugin.Validate(new HostChannelContext(services, Info, settings, CancellationToken.None)) ?? [];
        }
        catch (TransportConfigurationException e)
        {
            return [new SettingProblem("", e.Message)];
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task DisposePluginAsync()
    {
        if (_plugin is { } plugin) await plugin.DisposeAsync();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Drop()
    {
        // The disposed loader itself still points to the context.
        _plugin = null;
        _loader?.Dispose();
        _loader = null;
    }
}
