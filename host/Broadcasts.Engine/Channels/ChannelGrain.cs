using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Security;

namespace Broadcasts.Channels;

internal sealed class ChannelGrain(ChannelStore channels, AuditStore audit, DispatchSignal dispatch) : Grain, IChannelGrain
{
    public async Task<CommandResult> PauseAsync(string actor) => await MoveAsync(ChannelStatus.Active, ChannelStatus.Paused, null, null, "pause", actor);

    public async Task<CommandResult> ResumeAsync(string actor)
    {
        var result = await MoveAsync(ChannelStatus.Paused, ChannelStatus.Active, null, null, "resume", actor);
        dispatch.Set();
        return result;
    }

    public async Task FaultAsync(FailureReason reason, string? detail) => await MoveAsync(ChannelStatus.Active, ChannelStatus.Paused, reason, detail, "fault", "system");

    public async Task<CommandResult> SetRateAsync(SendRate? rate, string actor)
    {
        if (rate is { Count: < 1 } or { PerMs: < 1 }) return CommandResult.Invalid(new Problem("rate", "badRate", "A rate is at least one message per length of time."));
        if (!await channels.SetRateAsync(Id, rate)) return CommandResult.NotFound($"Channel {Id}");
        await GrainFactory.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(Id)).SetRateAsync(rate);
        await audit.AppendAsync(actor, "channel.rate", Subject, rate is null ? "none" : $"{rate.Count}/{rate.PerMs} ms");
        dispatch.Set();
        return new CommandResult();
    }

    private async Task<CommandResult> MoveAsync(ChannelStatus from, ChannelStatus to, FailureReason? reason, string? detail, string verb, string actor)
    {
        if (await channels.SetStatusAsync(Id, from, to, reason, detail))
        {
            await audit.AppendAsync(actor, $"channel.{verb}", Subject, reason is null ? null : $"{reason}: {detail}");
            return new CommandResult();
        }

        return await channels.GetAsync(Id) is null
            ? CommandResult.NotFound($"Channel {Id}")
            : CommandResult.Refused(new Problem("", to == ChannelStatus.Paused ? "channelPausedAlready" : "channelActiveAlready", $"Cannot {verb} the channel: it is {to} already."));
    }

    private long Id => this.GetPrimaryKeyLong();

    private string Subject => string.Create(CultureInfo.InvariantCulture, $"channel:{Id}");
}
