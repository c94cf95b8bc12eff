using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>The plugins of this process: loads them, makes the channels' transports, puts one version in the place of another while they serve.</summary>
internal sealed partial class PluginHost : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, PluginSlot> _slots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ChannelTransport> _channels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _retirements = new();
    private readonly HostTransportServices _services;
    private readonly PluginLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ITimer _watch;
    private bool _closed;

    public PluginHost(HostTransportServices services, PluginLimits limits, TimeProvider time, ILogger<PluginHost> log)
    {
        (_services, _limits, _time, _log) = (services, limits, time, log);
        _watch = time.CreateTimer(static self => ((PluginHost)self!).CheckUnloaded(), this, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
    }

    /// <summary>The handle of a channel that was opened.</summary>
    public ChannelTransport? Find(string channelId) => _channels.GetValueOrDefault(channelId);

    /// <summary>Opens a channel's transport, or puts one with other settings in its place. The same settings again change nothing.</summary>
    /// <remarks>Never fails for a broken plugin or wrong settings: the handle's <see cref="ChannelTransport.Problem"/> says what is the matter, and heals when a plugin that works is put in.</remarks>
    public async Task<ChannelTransport> OpenAsync(ChannelTransportSettings settings, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (Find(settings.ChannelId) is { } known && known.Settings.TransportId != settings.TransportId) await CloseAsync(settings.ChannelId);
        var channel = _channels.GetOrAdd(settings.ChannelId, static (_, made) => new ChannelTransport(made.settings, made.limits), (settings, limits: _limits));
        if (channel.Serves(settings)) return channel;
        var slot = Slot(settings.TransportId);
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            if (!channel.Serves(settings)) Retire(slot, await PlaceAsync(slot, slot.Load, channel, settings));
            return channel;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Drains and disposes a channel's transport. Its handle has a problem from now on.</summary>
    public async Task CloseAsync(string channelId)
    {
        if (!_channels.TryRemove(channelId, out var channel)) return;
        var slot = Slot(channel.Settings.TransportId);
        await slot.Gate.WaitAsync();
        try
        {
            var closed = SendOutcome.ChannelFault(FailureReason.Misconfigured, "The channel is closed.");
            Retire(slot, channel.Switch(null, closed, channel.Settings, () => slot.State, isMissing: false));
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>The plugin's own check of settings that passed the form; without network, nothing is changed.</summary>
    public async Task<IReadOnlyList<SettingProblem>> ValidateAsync(ChannelTransportSettings settings, CancellationToken cancellationToken)
    {
        var slot = Slot(settings.TransportId);
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            return slot.Load is { } load ? await load.ValidateAsync(settings, _services) : [new SettingProblem("", NoPlugin(slot))];
        }
        catch (Exception e) when (e is PluginRefusedException or PluginHungException or TransportSettingsException)
        {
            return [new SettingProblem("", e.Message)];
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Tries a version as before a swap, and lets go of it.</summary>
    /// <exception cref="PluginRefusedException">It can't serve.</exception>
    public Task TryAsync(PluginCandidate candidate) => RehearseAsync(Slot(candidate.Manifest.Id), candidate);

    /// <summary>Lets go of a plugin that nobody wants any more. Channels of it, if there are any, have a problem from now on.</summary>
    public async Task RemoveAsync(string id)
    {
        var slot = Slot(id);
        await slot.Gate.WaitAsync();
        try
        {
            var old = slot.Load;
            if (old is null) return;
            slot.Load = null;
            slot.LastRefusal = null;
            var retired = _channels.Values.Where(c => c.Settings.TransportId == id).Select(c => Place(slot, c, c.Settings, null, NoPlugin(slot))).ToArray();
            _ = Track(RetireLoadAsync(slot, old, retired));
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Notes why a package was refused before any of its code ran: what serves is not touched by it. Said once while it is the last thing to be said.</summary>
    public void Note(string id, string why)
    {
        var slot = Slot(id);
        if (slot.LastRefusal == why) return;
        slot.LastRefusal = why;
        LogPackageRefused(_log, id, why);
    }

    /// <summary>Loads of it that can't be freed before a restart.</summary>
    public int Lost(string id) => _slots.GetValueOrDefault(id)?.Lost ?? 0;

    /// <summary>Notes why a package was refused, for the console.</summary>
    public void Refuse(string id, string why, PluginState state) => Refuse(Slot(id), why, state);

    public IReadOnlyList<TransportInfo> Infos() => [.. _slots.Values.Select(s => s.Info).OfType<TransportInfo>().OrderBy(i => i.Id, StringComparer.Ordinal)];

    public TransportInfo? FindInfo(string id) => _slots.GetValueOrDefault(id)?.Info;

    public string? LastRefusal(string id) => _slots.GetValueOrDefault(id)?.LastRefusal;

    public PluginState? StateOf(string id) => _slots.GetValueOrDefault(id)?.State;

    /// <summary>
    /// Looks which retired loads are gone; counts those that stay too long. Runs every minute. A process that has little to do may not collect garbage for hours: while a retired load waits, it is asked
    /// to, in the background, so that a leak is told from what nobody has looked for yet.
    /// </summary>
    public void CheckUnloaded()
    {
        var waited = _slots.Values.Sum(s => s.UnloadingCount + s.GoneCount);
        if (_slots.Values.Any(s => s.Retains(_time.GetUtcNow() - _limits.Collect))) GC.Collect(2, GCCollectionMode.Forced, blocking: false);
        foreach (var slot in _slots.Values)
        {
            lock (slot.Unloading)
            {
                slot.Unloading.RemoveAll(u => u.Context is not { IsAlive: true });
                foreach (var old in slot.Unloading.Where(u => _time.GetUtcNow() - u.Since > _limits.Unload).ToArray())
                {
                    slot.Unloading.Remove(old);
                    slot.CountLost();
                    LogLeaked(_log, slot.Id, old.Version);
                }
            }
        }

        // The last of them is gone: what the heap had grown by for their sake is given back to the system.
        if (waited > 0 && _slots.Values.All(s => s.UnloadingCount == 0)) GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    /// <summary>Retired loads that are still in memory.</summary>
    public int UnloadingCount(string id) => _slots.TryGetValue(id, out var slot) ? slot.UnloadingCount : 0;

    public async ValueTask DisposeAsync()
    {
        if (_closed) return;
        _closed = true;
        await _watch.DisposeAsync();
        try
        {
            // Whatever hangs ends with the process.
            await CloseAllAsync().WaitAsync(_limits.Shutdown, _time);
        }
        catch (TimeoutException)
        {
            LogLeftBehind(_log, _limits.Shutdown.TotalSeconds);
        }
    }

    private async Task CloseAllAsync()
    {
        await Task.WhenAll(_channels.Keys.Select(CloseAsync));
        await Task.WhenAll(_retirements.Keys);
        foreach (var slot in _slots.Values)
        {
            if (slot.Load is { } load) await load.UnloadAsync();
            slot.Load = null;
        }
    }

    /// <summary>Makes one channel's transport and puts it in place; returns what was there.</summary>
    private async Task<TransportInstance?> PlaceAsync(PluginSlot slot, PluginLoad? load, ChannelTransport channel, ChannelTransportSettings settings)
    {
        if (load is null) return Place(slot, channel, settings, null, NoPlugin(slot));
        try
        {
            return Place(slot, channel, settings, await load.CreateAsync(settings, _services, what => Hung(slot, settings.ChannelId, what)), null);
        }
        catch (TransportSettingsException e)
        {
            return Place(slot, channel, settings, null, e.Message);
        }
        catch (Exception e) when (e is PluginRefusedException or PluginHungException)
        {
            slot.CountFault();
            return Place(slot, channel, settings, null, e.Message, FailureReason.TransportFault);
        }
    }

    private TransportInstance? Place(PluginSlot slot, ChannelTransport channel, ChannelTransportSettings settings, TransportInstance? instance, string? fault, FailureReason reason = FailureReason.Misconfigured)
    {
        if (fault is not null) LogChannelProblem(_log, channel.ChannelId, fault);
        return channel.Switch(instance, fault is null ? null : SendOutcome.ChannelFault(reason, fault), settings, () => slot.State, instance is null && slot.Load is null);
    }

    private void Retire(PluginSlot slot, TransportInstance? old)
    {
        if (old is not null) _ = Track(RetireAsync(slot, old));
    }

    private static async Task RetireAsync(PluginSlot slot, TransportInstance old)
    {
        if (!await old.RetireAsync()) slot.CountFault();
    }

    private async Task RetireLoadAsync(PluginSlot slot, PluginLoad? load, TransportInstance?[] transports)
    {
        var whole = await Task.WhenAll(transports.OfType<TransportInstance>().Select(t => t.RetireAsync()));
        Array.Clear(transports);
        if (load is null) return;
        if (whole.All(w => w)) await UnloadAsync(slot, load);
        else
        {
            await load.UnloadAsync();
            slot.CountLost();
            LogLeaked(_log, slot.Id, load.Candidate.Manifest.Version);
        }
    }

    private async Task UnloadAsync(PluginSlot slot, PluginLoad load)
    {
        if (await load.UnloadAsync()) Watch(slot, load.Candidate.Manifest.Version, load.Context);
        else slot.CountLost();
    }

    private void Watch(PluginSlot slot, string version, WeakReference? context)
    {
        lock (slot.Unloading) slot.Unloading.Add(new UnloadingLoad(version, context, _time.GetUtcNow()));
    }

    private Task Track(Task retirement)
    {
        _retirements.TryAdd(retirement, 0);
        _ = retirement.ContinueWith(t => _retirements.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return retirement;
    }

    private void Hung(PluginSlot slot, string channelId, string what)
    {
        slot.CountFault();
        LogHang(_log, slot.Id, channelId, what);
    }

    private void Refuse(PluginSlot slot, string why, PluginState state)
    {
        var isNews = slot.LastRefusal != why;
        slot.LastRefusal = why;
        slot.RefusedAs = state;
        if (!isNews) return;
        if (slot.Load is null) LogRefused(_log, slot.Id, why);
        else LogSwapRefused(_log, slot.Id, why);
    }

    private static string NoPlugin(PluginSlot slot) => slot.LastRefusal is { } why
        ? $"The transport '{slot.Id}' can't be used: {why}"
        : $"The transport '{slot.Id}' is not installed. Install its package, or choose another transport.";

    private PluginSlot Slot(string id) => _slots.GetOrAdd(id, static i => new PluginSlot(i));
}
