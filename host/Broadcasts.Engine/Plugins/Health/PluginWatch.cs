using Broadcasts.Channels;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins.Health;

/// <summary>
/// Takes a version back that does worse than the one before it, and resumes the channels that it brought to a halt: what they wait for goes out by the version that worked. Each process judges by what it
/// saw; the first one to act acts for all.
/// </summary>
internal sealed partial class PluginWatch(PluginHost host, PluginVersions versions, ChannelStore channels, IGrainFactory grains, TimeProvider time, ILogger<PluginWatch> log) : PeriodicWork(TimeSpan.FromSeconds(1), time, log)
{
    private const string Actor = "system";

    // Taken back, and perhaps still serving here: in a cluster another process may have acted first, and this one follows in a moment.
    private readonly List<(string Id, Probation Probation)> _leaving = [];

    protected override string Purpose => "Watching the versions that were put in place";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, probation, why) in host.Convicted()) await TakeBackAsync(id, probation, why, cancellationToken);
        foreach (var gone in _leaving.Where(l => host.FindInfo(l.Id)?.Version != l.Probation.Version).ToArray())
        {
            await ResumeAsync(gone.Id, gone.Probation.Began);
            _leaving.Remove(gone);
        }
    }

    private async Task TakeBackAsync(string id, Probation probation, string why, CancellationToken cancellationToken)
    {
        host.EndProbation(id);
        try
        {
            var serves = await versions.RollBackAsync(id, why, Actor, cancellationToken, probation.Version);
            LogTakenBack(id, probation.Version, why, serves);
            _leaving.Add((id, probation));
        }
        catch (PluginRefusedException e)
        {
            host.Refuse(id, $"{id} {probation.Version} does worse than the version before it ({why}), and could not be taken back: {e.Message}", PluginState.Malfunctioned);
        }
    }

    private async Task ResumeAsync(string id, DateTimeOffset since)
    {
        var halted = (await channels.ListAsync()).Where(c => c.Transport == id && c.Status == ChannelStatus.Paused && c.StatusReason is not null && c.UpdatedAt >= since.ToUnixTimeMilliseconds());
        foreach (var channel in halted) await grains.GetGrain<IChannelGrain>(channel.Id).ResumeAsync(Actor);
    }

    [LoggerMessage(1, LogLevel.Error, "Transport {Id} {Version} was taken back: {Why}. {Serves} serves again")]
    private partial void LogTakenBack(string id, string version, string why, string serves);
}
