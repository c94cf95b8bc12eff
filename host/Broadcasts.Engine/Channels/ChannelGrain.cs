using System.Globalization;
using System.Text.Json;
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

    public async Task<CommandResult> SetLimitsAsync(ChannelLimits limits, string actor)
    {
        if (limits.Check().ToArray() is { Length: > 0 } problems) return CommandResult.Invalid(problems);
        if (!await channels.SetLimitsAsync(Id, limits)) return CommandResult.NotFound($"Channel {Id}");
        await GrainFactory.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(Id)).ReloadAsync();
        await audit.AppendAsync(actor, "channel.limits", Subject, JsonSerializer.Serialize(limits, BroadcastJson.Options));
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
