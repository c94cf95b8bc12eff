using Broadcasts.Plugins.Health;

namespace Broadcasts.Plugins;

// How one version takes the place of another.
internal sealed partial class PluginHost
{
    /// <summary>Tries a version beside the one that serves, and puts it in its place. Whatever fails, the old one serves on.</summary>
    /// <param name="candidate">The version.</param>
    /// <param name="isTried">It was tried where it was put in: the other processes of a cluster follow, and do not all load it twice at the same moment.</param>
    public async Task<SwapResult> SwapAsync(PluginCandidate candidate, bool isTried = false)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var slot = Slot(candidate.Manifest.Id);
        await slot.Gate.WaitAsync();
        try
        {
            return await SwapLockedAsync(slot, candidate, isTried);
        }
        catch (Exception e) when (e is PluginRefusedException or PluginHungException or TransportSettingsException)
        {
            Refuse(slot, e.Message, e is PluginRefusedException refused ? refused.State : PluginState.Malfunctioned);
            return SwapResult.Refused(e.Message);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Versions that do worse than the one before them did, as far as can be told by now, and why.</summary>
    public IReadOnlyList<(string Id, Probation Probation, string Why)> Convicted()
    {
        var convicted = new List<(string, Probation, string)>();
        foreach (var slot in _slots.Values)
        {
            if (slot.Probation is not { } probation || slot.Load is not { } load || load.Candidate.Manifest.Version != probation.Version) continue;
            if (_time.GetUtcNow() - probation.Began > Probation.Length) slot.Probation = null;
            else if (probation.Verdict(load.Health.Over(60)) is { } why) convicted.Add((slot.Id, probation, why));
        }

        return convicted;
    }

    /// <summary>The version that serves is not watched any more: its rollback was tried.</summary>
    public void EndProbation(string id) => Slot(id).Probation = null;

    private async Task<SwapResult> SwapLockedAsync(PluginSlot slot, PluginCandidate candidate, bool isTried)
    {
        if (slot.Lost >= _limits.MaxLost)
        {
            throw new PluginRefusedException($"{slot.Lost} earlier loads of {slot.Id} could not be freed. Restart the service before you change its version again.");
        }

        // Whoever goes back to a version that served here waits for a look at its transport, not for a load of its own to live and die first.
        var isProven = slot.Proven.ContainsKey(candidate.Sha256);
        var mustTry = slot.Load is not null && !isTried;
        if (mustTry && !isProven) await RehearseAsync(slot, candidate);
        var next = await PluginLoad.LoadAsync(candidate, _limits, _time);
        List<(ChannelTransport Channel, TransportInstance? Instance, string? Fault)> made;
        try
        {
            if (mustTry && isProven) await TrialAsync(slot, next, Serving(slot));
            made = await MakeAllAsync(slot, next, [.. _channels.Values.Where(c => c.Settings.TransportId == slot.Id)]);
        }
        catch (Exception e)
        {
            await UnloadAsync(slot, next);
            if (e is PluginHungException) slot.CountLost();
            throw e as PluginRefusedException ?? new PluginRefusedException(e.Message);
        }

        var old = slot.Load;
        slot.Load = next;
        slot.LastRefusal = null;
        slot.ForgetFaults();
        slot.Probation = old is null ? null : new Probation(next.Candidate.Manifest.Version, old.Health.Over(60), _time.GetUtcNow());
        var retired = made.Select(m => Place(slot, m.Channel, m.Channel.Settings, m.Instance, m.Fault)).ToArray();
        LogLoaded(_log, slot.Id, next.Candidate.Manifest.Version);
        return new SwapResult(true, null, Track(RetireLoadAsync(slot, old, retired)));
    }

    /// <summary>The transports of all channels on a new version. A channel that works now must work on it; one that is broken may stay so.</summary>
    private async Task<List<(ChannelTransport, TransportInstance?, string?)>> MakeAllAsync(PluginSlot slot, PluginLoad load, List<ChannelTransport> channels)
    {
        var made = new List<(ChannelTransport, TransportInstance?, string?)>();
        try
        {
            foreach (var channel in channels)
            {
                try
                {
                    made.Add((channel, await load.CreateAsync(channel.Settings, _services, what => Hung(slot, channel.ChannelId, what)), null));
                }
                catch (TransportSettingsException e) when (!channel.HasTransport)
                {
                    made.Add((channel, null, e.Message));
                }
                catch (TransportSettingsException e)
                {
                    throw CantServe(load, channel.Settings, e);
                }
            }

            return made;
        }
        catch
        {
            foreach (var (_, instance, _) in made)
            {
                if (instance is not null) await instance.RetireAsync();
            }

            throw;
        }
    }

    private static PluginRefusedException CantServe(PluginLoad load, ChannelTransportSettings settings, TransportSettingsException why) =>
        new($"{load.Name} can't serve the channel '{settings.ChannelName}': {why.Message}");
}
