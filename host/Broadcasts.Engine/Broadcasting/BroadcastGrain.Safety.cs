using Broadcasts.Deliveries;

namespace Broadcasts.Broadcasting;

/// <summary>The moves that keep a broadcast from doing harm: undo, a second person, the canary, the breaker.</summary>
internal sealed partial class BroadcastGrain
{
    private const int LongestUndoSeconds = 3600;

    private Task? _restore;

    public async Task<CommandResult> SendAsync(string actor, int undoSeconds)
    {
        if (undoSeconds is < 0 or > LongestUndoSeconds) return CommandResult.Invalid(new Problem("undoSeconds", "outOfRange", $"From 0 to {LongestUndoSeconds}.", "0", $"{LongestUndoSeconds}"));
        if (undoSeconds == 0) return await StartAsync(actor);
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Start, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (await hold.RefusalAsync() is { } held) return Refused(broadcast, held);
        var problems = await checks.CheckReadyAsync(broadcast);
        if (problems.Count > 0) return CommandResult.Invalid([.. problems]);
        var at = time.GetUtcNow().AddSeconds(undoSeconds).ToUnixTimeMilliseconds();
        var act = new BroadcastAct(actor, "send", Said: new Problem("", "undoable", $"{undoSeconds} s to undo", $"{undoSeconds}"));
        return await DoneAsync(await store.ScheduleAsync(Id, broadcast.State, at, null, act));
    }

    public async Task<CommandResult> UndoAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Undo, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (!broadcast.IsUndoable) return Refused(broadcast, new("", "notUndoable", "It was scheduled for a time, not sent: take it back with unschedule."));
        return await DoneAsync(await store.ToDraftAsync(Id, broadcast.State, new BroadcastAct(actor, "undo")));
    }

    public async Task<CommandResult> ApproveAsync(string actor)
    {
        var (broadcast, refusal) = await WaitingForSecondPersonAsync(BroadcastCommand.Approve, actor);
        if (refusal is not null) return refusal;
        if (broadcast!.State == BroadcastStatus.Paused && await hold.RefusalAsync() is { } held) return Refused(broadcast, held);
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Approve, out var next, out var why)) return CommandResult.Refused(broadcast.State, why!);
        var result = await DoneAsync(await store.ApproveAsync(Id, broadcast.State, next, new BroadcastAct(actor, "approve")));
        if (result.IsDone && next == BroadcastStatus.InProgress) Freeze();
        return result;
    }

    public async Task<CommandResult> RejectAsync(string actor, string? why)
    {
        var (broadcast, refusal) = await WaitingForSecondPersonAsync(BroadcastCommand.Reject, actor);
        if (refusal is not null) return refusal;
        if (broadcast!.State == BroadcastStatus.Scheduled)
            return await DoneAsync(await store.ToDraftAsync(Id, broadcast.State, new BroadcastAct(actor, "reject", why)));
        var result = await MoveAsync(BroadcastCommand.Reject, "reject", actor, "rejected", why);
        if (result.IsDone) SkipRest(SkipReason.Cancelled);
        return result;
    }

    public async Task TripAsync(Tripped tripped, string? detail)
    {
        await store.SetBreakerAsync(Id, tripped);
        var result = await PauseAsync("system", Reasons.NameOf(tripped.Reason), detail);
        if (result.IsDone) RestoreVictims(tripped);
    }

    // Nobody agrees to what he sent himself, and nobody is asked who need not be.
    private async Task<(Broadcast? Broadcast, CommandResult? Refusal)> WaitingForSecondPersonAsync(BroadcastCommand command, string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return (null, Gone());
        if (!BroadcastLifecycle.TryMove(broadcast.State, command, out _, out var refusal)) return (null, CommandResult.Refused(broadcast.State, refusal!));
        var waits = broadcast.State == BroadcastStatus.Paused ? broadcast is { StatusReason: Approvals.Reason, ApprovedBy: null } : await approvals.NeededAsync(broadcast) is not null;
        if (!waits) return (null, Refused(broadcast, new("", "noApprovalNeeded", "It does not wait for a second person.")));
        return command == BroadcastCommand.Approve && broadcast.SentBy == actor
            ? (null, Refused(broadcast, new("", "ownApproval", "You sent it yourself: somebody else must agree.")))
            : (broadcast, null);
    }

    // What a person saw and lets go on is not held any more; what a breaker failed waits again before anything else goes out.
    private async Task<CommandResult> GoOnAsync(Broadcast broadcast, string actor)
    {
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Resume, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (broadcast.ReadBreaker() is { } tripped)
        {
            await runner.RestoreVictimsAsync(Id, tripped);
            await store.SetBreakerAsync(Id, null);
        }

        if (broadcast.StatusReason == "canary") await canaries.ReleaseAsync(Id);
        var result = await MoveAsync(BroadcastCommand.Resume, "resume", actor);
        if (result.IsDone) Freeze();
        return result;
    }

    private async Task<bool> HasPassedCanaryAsync(Broadcast broadcast)
    {
        if (broadcast.State != BroadcastStatus.InProgress) return false;
        if (broadcast.ClaimTo == 0)
        {
            await canaries.ChooseAsync(broadcast);
            dispatch.Set();
            return false;
        }

        var judgement = await canaries.JudgeAsync(broadcast);
        if (judgement.Verdict == CanaryVerdict.Hold) await MoveAsync(BroadcastCommand.Pause, "pause", "system", "canary", said: judgement.Said);
        if (judgement.Verdict != CanaryVerdict.GoOn) return false;
        await canaries.ReleaseAsync(Id, new BroadcastAct("system", "canary", Said: judgement.Said));
        dispatch.Set();
        return true;
    }

    // What was in flight at the trip may still be refused: looked for once more when it is answered, and again when a person lets it go on.
    private void RestoreVictims(Tripped tripped)
    {
        if (_restore is { IsCompleted: false }) return;
        var id = Id;
        _restore = Task.Run(async () =>
        {
            try
            {
                await runner.RestoreVictimsAsync(id, tripped);
            }
            catch (Exception e)
            {
                LogRestore(e, id);
            }
        });
    }

    private static CommandResult Refused(Broadcast broadcast, Problem problem) => CommandResult.Refused(problem) with { Status = broadcast.State, Version = broadcast.Version };

    [Microsoft.Extensions.Logging.LoggerMessage(Level = Microsoft.Extensions.Logging.LogLevel.Error, Message = "Giving the victims of the paused broadcast {Broadcast} another turn stopped; it goes on at the resume")]
    private partial void LogRestore(Exception e, long broadcast);
}
