using static Broadcasts.Broadcasting.BroadcastCommand;
using static Broadcasts.Broadcasting.BroadcastStatus;

namespace Broadcasts.Broadcasting;

/// <summary>The life of a broadcast as a table. What is not in it is refused, and the refusal is written from it.</summary>
public static class BroadcastLifecycle
{
    private static readonly Dictionary<(BroadcastStatus From, BroadcastCommand Command), BroadcastStatus> Moves = new()
    {
        [(Draft, Edit)] = Draft,
        [(Draft, Schedule)] = Scheduled,
        [(Draft, Start)] = InProgress,
        [(Draft, Delete)] = Draft,
        [(Scheduled, Schedule)] = Scheduled,
        [(Scheduled, Unschedule)] = Draft,
        [(Scheduled, Undo)] = Draft,
        [(Scheduled, Approve)] = Scheduled,
        [(Scheduled, Reject)] = Draft,
        [(Scheduled, Start)] = InProgress,
        [(Scheduled, Fail)] = Failed,
        [(Scheduled, Hold)] = Paused,
        [(InProgress, Pause)] = Paused,
        [(InProgress, Complete)] = Completed,
        [(InProgress, Cancel)] = Cancelled,
        [(InProgress, Fail)] = Failed,
        [(InProgress, ChangeRate)] = InProgress,
        [(Paused, Resume)] = InProgress,
        [(Paused, Approve)] = InProgress,
        [(Paused, Reject)] = Cancelled,
        [(Paused, MoveRemaining)] = Paused,
        [(Paused, Cancel)] = Cancelled,
        [(Paused, ChangeRate)] = Paused,
        [(Completed, Archive)] = Completed,
        [(Completed, ResendFailed)] = Completed,
        [(Cancelled, ResendFailed)] = Cancelled,
        [(Cancelled, Archive)] = Cancelled,
        [(Failed, Fix)] = Draft,
        [(Failed, Delete)] = Failed,
    };

    /// <summary>The status after a command, or why it is refused now.</summary>
    public static bool TryMove(BroadcastStatus from, BroadcastCommand command, out BroadcastStatus next, out string? refusal)
    {
        refusal = Moves.TryGetValue((from, command), out next)
            ? null
            : $"Cannot {command} a {from} broadcast. Allowed now: {string.Join(", ", CommandsFrom(from))}.";
        return refusal is null;
    }

    /// <summary>The commands that a status allows to whoever may ask; those that the engine gives itself are not among them.</summary>
    public static IEnumerable<BroadcastCommand> CommandsFrom(BroadcastStatus from) =>
        Moves.Keys.Where(m => m.From == from && m.Command is not (Complete or Fail or Hold)).Select(m => m.Command);

    /// <summary>The same of one broadcast: what waits for a second person can't be resumed, and nobody agrees to what does not wait.</summary>
    /// <param name="from">Its status.</param>
    /// <param name="reason">Why it has its status, as stored; null without a reason.</param>
    public static IEnumerable<BroadcastCommand> CommandsFrom(BroadcastStatus from, string? reason) => CommandsFrom(from).Where(command => from != Paused || command switch
    {
        Resume => reason != Approvals.Reason,
        Approve or Reject => reason == Approvals.Reason,
        _ => true,
    });

    /// <summary>True when nothing will be sent any more.</summary>
    public static bool IsFinal(BroadcastStatus status) => status is Completed or Cancelled;
}
