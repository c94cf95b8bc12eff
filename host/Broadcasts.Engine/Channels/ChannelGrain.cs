using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Channels;

internal sealed partial class ChannelGrain(ChannelStore channels, DispatchSignal dispatch, DispatchMeters meters, ILogger<ChannelGrain> logger) : Grain, IChannelGrain
{
    public async Task<CommandResult> PauseAsync(string actor) => await MoveAsync(ChannelStatus.Active, ChannelStatus.Paused, null, null, "pause", actor);

    public async Task<CommandResult> ResumeAsync(string actor)
    {
        var result = await MoveAsync(ChannelStatus.Paused, ChannelStatus.Active, null, null, "resume", actor);
        dispatch.Set();
        return result;
    }

    public async Task FaultAsync(FailureReason reason, string? detail)
    {
        // Everything in flight says the same at once, in every process: the one that pauses it tells, the others find it paused.
        if (!(await MoveAsync(ChannelStatus.Active, ChannelStatus.Paused, reason, detail, "fault", "system")).IsDone) return;
        meters.ChannelFault((await channels.GetAsync(Id))?.Transport ?? "", reason);
        LogFault(Id, reason, detail);
    }

    public async Task<CommandResult> SetLimitsAsync(ChannelLimits limits, string actor)
    {
        if (limits.Check().ToArray() is { Length: > 0 } problems) return CommandResult.Invalid(problems);
        if (!await channels.SetLimitsAsync(Id, limits, new ChannelAct(actor, "limits"))) return CommandResult.NotFound($"Channel {Id}");
        await GrainFactory.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(Id)).ReloadAsync();
        dispatch.Set();
        return new CommandResult();
    }

    private async Task<CommandResult> MoveAsync(ChannelStatus from, ChannelStatus to, FailureReason? reason, string? detail, string verb, string actor)
    {
        if (await channels.SetStatusAsync(Id, from, to, reason, detail, new ChannelAct(actor, verb, reason is null ? null : $"{reason}: {detail}"))) return new CommandResult();
        return await channels.GetAsync(Id) is null
            ? CommandResult.NotFound($"Channel {Id}")
            : CommandResult.Refused(new Problem("", to == ChannelStatus.Paused ? "channelPausedAlready" : "channelActiveAlready", $"Cannot {verb} the channel: it is {to} already."));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Channel {Channel} is paused: {Reason} {Detail}. Its messages wait; mend it and resume it")]
    private partial void LogFault(long channel, FailureReason reason, string? detail);

    private long Id => this.GetPrimaryKeyLong();
}
