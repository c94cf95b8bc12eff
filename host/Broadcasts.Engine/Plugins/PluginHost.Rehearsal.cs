using System.Runtime.CompilerServices;

namespace Broadcasts.Plugins;

// What a version must show before it serves anybody: a whole life on a load of its own, to the last byte of it.
internal sealed partial class PluginHost
{
    private const string SampleChannel = "self-test";

    /// <summary>Loads, constructs and describes a version, makes a transport, tests it, disposes of everything, and waits until nothing of it is in memory.</summary>
    /// <exception cref="PluginRefusedException">One of it failed.</exception>
    private async Task RehearseAsync(PluginSlot slot, PluginCandidate candidate)
    {
        var version = candidate.Manifest.Version;
        var context = await LiveAsync(slot, candidate, Serving(slot));
        if (await IsGoneAsync(context))
        {
            slot.Proven.TryAdd(candidate.Sha256, 0);
            return;
        }

        Watch(slot, version, context);
        throw new PluginRefusedException(
            $"{slot.Id} {version} stays in memory: {_limits.TrialCollect.TotalSeconds:0.#} s after everything of it was disposed of something still points to it. A timer, a thread, a static event or a cache of another library holds it; dispose must end that.");
    }

    /// <summary>A channel that works now: the new version must work with its settings too.</summary>
    private ChannelTransport? Serving(PluginSlot slot) => _channels.Values.FirstOrDefault(c => c.Settings.TransportId == slot.Id && c.HasTransport);

    // In a method of its own: nothing of the plugin may be left in a caller's frame when it is looked for.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<WeakReference?> LiveAsync(PluginSlot slot, PluginCandidate candidate, ChannelTransport? serving)
    {
        var load = await PluginLoad.LoadAsync(candidate, _limits, _time);
        try
        {
            await TrialAsync(slot, load, serving);
        }
        catch (PluginHungException e)
        {
            await load.UnloadAsync();
            slot.CountLost();
            throw new PluginRefusedException(e.Message);
        }
        catch (Exception e)
        {
            await UnloadAsync(slot, load);
            throw e as PluginRefusedException ?? new PluginRefusedException(e.Message);
        }

        if (await load.UnloadAsync()) return load.Context;
        slot.CountLost();
        throw new PluginRefusedException($"{load.Name}: dispose of the plugin did not end within {_limits.Dispose.TotalSeconds:0.#} s.");
    }

    /// <summary>A throw-away transport with the settings of a channel that works now; without one, with settings made up, which it may refuse.</summary>
    private async Task TrialAsync(PluginSlot slot, PluginLoad load, ChannelTransport? serving)
    {
        var settings = serving?.Settings ?? new ChannelTransportSettings { ChannelId = SampleChannel, ChannelName = SampleChannel, TransportId = slot.Id, SettingsJson = SampleSettings.For(load.Info, new Dictionary<string, string>()) };
        try
        {
            var trial = await load.CreateAsync(settings, _services, _ => slot.CountFault());
            var failed = await TransportSelfTest.RunAsync(trial, serving);
            await DisposeAsync(load, trial);
            if (failed is not null) throw new PluginRefusedException($"{load.Name} fails its self-test{(serving is null ? "" : $" on the channel '{settings.ChannelName}'")}: {failed}");
        }
        catch (TransportSettingsException) when (serving is null)
        {
            // Nobody said that these settings work.
        }
        catch (TransportSettingsException e)
        {
            throw CantServe(load, settings, e);
        }
        finally
        {
            if (serving is null) _services.Forget(SampleChannel);
        }
    }

    private async Task DisposeAsync(PluginLoad load, TransportInstance trial)
    {
        try
        {
            if (await trial.RetireAsync().WaitAsync(_limits.TrialDispose, _time)) return;
        }
        catch (TimeoutException)
        {
            // Said below.
        }

        throw new PluginHungException($"{load.Name}: dispose of a transport did not end within {_limits.TrialDispose.TotalSeconds:0.#} s.");
    }

    /// <summary>Asks the collector, at first for what is young, then for everything in the background: what serves must not stand still for it. In real time, as the collector is.</summary>
    private async Task<bool> IsGoneAsync(WeakReference? context)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        for (var round = 0; context is { IsAlive: true }; round++)
        {
            if (clock.GetElapsedTime(began) > _limits.TrialCollect) return false;
            GC.Collect(round == 0 ? 1 : 2, GCCollectionMode.Forced, blocking: round == 0);
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(25 << round, 800)), clock);
        }

        return true;
    }
}
