using Xunit;
using static Broadcasts.Broadcasting.BroadcastCommand;
using static Broadcasts.Broadcasting.BroadcastStatus;

namespace Broadcasts.Broadcasting;

public sealed class BroadcastLifecycleTests
{
    // Written from the promise, not from the code: every other pair is refused.
    private static readonly Dictionary<(BroadcastStatus From, BroadcastCommand Command), BroadcastStatus> Promised = new()
    {
        [(Draft, Edit)] = Draft, [(Draft, Schedule)] = Scheduled, [(Draft, Start)] = InProgress, [(Draft, Delete)] = Draft,
        [(Scheduled, Schedule)] = Scheduled, [(Scheduled, Unschedule)] = Draft, [(Scheduled, Start)] = InProgress, [(Scheduled, Fail)] = Failed, [(Scheduled, Hold)] = Paused,
        [(Scheduled, Undo)] = Draft, [(Scheduled, Approve)] = Scheduled, [(Scheduled, Reject)] = Draft, [(Paused, Approve)] = InProgress, [(Paused, Reject)] = Cancelled,
        [(InProgress, Pause)] = Paused, [(InProgress, Complete)] = Completed, [(InProgress, Cancel)] = Cancelled, [(InProgress, Fail)] = Failed, [(InProgress, ChangeRate)] = InProgress,
        [(Paused, Resume)] = InProgress, [(Paused, Cancel)] = Cancelled, [(Paused, ChangeRate)] = Paused,
        [(Completed, Archive)] = Completed, [(Completed, ResendFailed)] = Completed,
        [(Cancelled, Archive)] = Cancelled, [(Cancelled, ResendFailed)] = Cancelled, [(Paused, MoveRemaining)] = Paused,
        [(Failed, Fix)] = Draft, [(Failed, Delete)] = Failed,
    };

    private static readonly BroadcastCommand[] OfTheEngine = [Complete, Fail, Hold];

    [Fact]
    public void TryMove_EveryStatusAndCommand_IsAsPromised()
    {
        foreach (var from in Enum.GetValues<BroadcastStatus>())
        {
            foreach (var command in Enum.GetValues<BroadcastCommand>())
            {
                var moved = BroadcastLifecycle.TryMove(from, command, out var next, out var refusal);

                Assert.True(Promised.TryGetValue((from, command), out var expected) == moved, $"{command} of {from}: {(moved ? next : refusal)}");
                if (moved) Assert.Equal((expected, null), (next, refusal));
                else AssertNames(from, command, refusal!);
            }
        }
    }

    private static void AssertNames(BroadcastStatus from, BroadcastCommand command, string refusal)
    {
        Assert.StartsWith($"Cannot {command} a {from} broadcast. Allowed now: ", refusal, StringComparison.Ordinal);
        var allowed = refusal[refusal.IndexOf("now: ", StringComparison.Ordinal)..].TrimEnd('.')[5..].Split(", ");
        Assert.Equal(Promised.Keys.Where(k => k.From == from && !OfTheEngine.Contains(k.Command)).Select(k => $"{k.Command}").Order(), allowed.Order());
    }

    [Fact]
    public void CommandsFrom_OnlyThoseThatSomebodyCanAskFor()
    {
        foreach (var from in Enum.GetValues<BroadcastStatus>()) Assert.Empty(BroadcastLifecycle.CommandsFrom(from).Intersect(OfTheEngine));
        Assert.Equal([Approve, Reject, Cancel], BroadcastLifecycle.CommandsFrom(Paused, "approval").Intersect([Resume, Approve, Reject, Cancel]));
        Assert.Equal([Resume, Cancel], BroadcastLifecycle.CommandsFrom(Paused, "user").Intersect([Resume, Approve, Reject, Cancel]));
    }

    [Fact]
    public void IsFinal_OnlyCompletedAndCancelled() =>
        Assert.Equal([Completed, Cancelled], Enum.GetValues<BroadcastStatus>().Where(BroadcastLifecycle.IsFinal));
}
