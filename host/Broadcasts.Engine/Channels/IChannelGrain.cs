using Broadcasts.Broadcasting;

namespace Broadcasts.Channels;

/// <summary>The single writer of one channel.</summary>
[Alias("Broadcasts.IChannelGrain")]
public interface IChannelGrain : IGrainWithIntegerKey
{
    /// <summary>No claim is made on this channel after this returned.</summary>
    [Alias("Pause")]
    Task<CommandResult> PauseAsync(string actor);

    [Alias("Resume")]
    Task<CommandResult> ResumeAsync(string actor);

    /// <summary>Changes what the account may send. Acts at once.</summary>
    [Alias("SetLimits")]
    Task<CommandResult> SetLimitsAsync(ChannelLimits limits, string actor);

    /// <summary>The provider said that a person is needed. The first fault pauses; more of them change nothing.</summary>
    [Alias("Fault")]
    Task FaultAsync(FailureReason reason, string? detail);
}
