using System.Globalization;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Broadcasting;

/// <summary>Loads, asks the lifecycle, saves by compare-and-set, tells the dispatch. The row is the truth; the grain holds nothing.</summary>
internal sealed partial class BroadcastGrain(
    BroadcastStore store,
    BroadcastChecks checks,
    BroadcastRunner runner,
    Occurrences occurrences,
    MissedSchedules missed,
    Forecasts forecasts,
    Canaries canaries,
    Approvals approvals,
    RemainderMove remainder,
    SafeHold hold,
    LedgerAudit ledger,
    DispatchSignal dispatch,
    TimeProvider time,
    ILogger<BroadcastGrain> logger) : Grain, IBroadcastGrain
{
    private static readonly TimeSpan LongestCount = TimeSpan.FromSeconds(2);

    private Task? _freeze;
    private Task? _skip;
    private Task<bool>? _count;

    public Task<CommandResult> EditAsync(BroadcastDraft draft, int expectedVersion, string actor) => WriteAsync(draft, expectedVersion, actor, keepsFaults: false);

    public Task<CommandResult> SaveAsync(BroadcastDraft draft, int expectedVersion, string actor) => WriteAsync(draft, expectedVersion, actor, keepsFaults: true);

    private async Task<CommandResult> WriteAsync(BroadcastDraft draft, int expectedVersion, string actor, bool keepsFaults)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Edit, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        draft = draft.Over(broadcast);
        var problems = await checks.CheckDraftAsync(draft);
        var refused = keepsFaults ? [.. problems.Where(p => !BroadcastChecks.IsOfContent(p))] : problems;
        if (refused.Count > 0) return CommandResult.Invalid([.. problems]);
        var written = keepsFaults ? await store.SaveAsync(Id, draft, expectedVersion, actor) : await store.EditAsync(Id, draft, expectedVersion, new BroadcastAct(actor, "edit"));
        return written is { } saved
            ? Done(saved) with { Problems = [.. problems] }
            : new CommandResult { Code = CommandCode.Changed, Status = broadcast.State, Version = broadcast.Version, Message = $"Somebody saved this broadcast meanwhile (version {broadcast.Version}, yours was {expectedVersion}). Look at the change and save again." };
    }

    public async Task<CommandResult> ScheduleAsync(BroadcastSchedule schedule, string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Schedule, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (RepeatRule.Resolve(schedule, out var first) is { } wrong) return CommandResult.Invalid(wrong);
        if ((ScheduleTime.Resolve(first, time.GetUtcNow(), out var at) ?? ScheduleTime.Expiry(broadcast, at)) is { } problem) return CommandResult.Invalid(problem);
        var problems = await checks.CheckReadyAsync(broadcast);
        if (problems.Count > 0) return CommandResult.Invalid([.. problems]);
        return await DoneAsync(await store.ScheduleAsync(Id, broadcast.State, at.ToUnixTimeMilliseconds(), first, new BroadcastAct(actor, "schedule", $"{first.LocalTime} {first.TimeZone}")));
    }

    public async Task<CommandResult> UnscheduleAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Unschedule, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        return await DoneAsync(await store.ToDraftAsync(Id, broadcast.State, new BroadcastAct(actor, "unschedule")));
    }

    public async Task<CommandResult> StartAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Start, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (await hold.RefusalAsync() is { } held) return Refused(broadcast, held);
        return await BeginAsync(broadcast, actor);
    }

    public async Task<CommandResult> StartDueAsync()
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        var late = TimeSpan.FromMilliseconds(time.Now() - broadcast.ScheduledAt ?? 0);
        if (broadcast.State != BroadcastStatus.Scheduled || late < TimeSpan.Zero) return new CommandResult { Status = broadcast.State, Version = broadcast.Version };
        if (broadcast.RepeatRule is not null)
        {
            if (await occurrences.MakeAsync(broadcast) is { } occurrence) return await GrainFactory.GetGrain<IBroadcastGrain>(occurrence).StartDueAsync();
            return new CommandResult { Status = broadcast.State, Version = broadcast.Version };
        }

        var action = await missed.DecideAsync(late);
        if (action == MissedAction.Send) return await BeginAsync(broadcast, "schedule");
        var due = string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.FromUnixTimeMilliseconds(broadcast.ScheduledAt!.Value):yyyy-MM-dd HH:mm}");
        var said = new Problem("", "cameTooLate", $"It was due at {due} UTC, {(long)late.TotalMinutes} min before the service came to it.", due, $"{(long)late.TotalMinutes}");
        var (next, verb) = action == MissedAction.Hold ? (BroadcastStatus.Paused, "pause") : (BroadcastStatus.Failed, "fail");
        return await DoneAsync(await store.SetStatusAsync(Id, broadcast.State, next, new BroadcastAct("system", verb, Said: said), "missedSchedule", said: said));
    }

    public async Task<CommandResult> SkipNextAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (broadcast.State != BroadcastStatus.Scheduled || broadcast.RepeatRule is null) return CommandResult.Refused(new Problem("", "notRepeated", "Only a scheduled broadcast that is repeated has a next occurrence to leave out."));
        return await DoneAsync(await occurrences.SkipAsync(broadcast, actor));
    }

    private async Task<CommandResult> BeginAsync(Broadcast broadcast, string actor)
    {
        var problems = await checks.CheckReadyAsync(broadcast);
        if (ScheduleTime.Expiry(broadcast, time.GetUtcNow()) is { } expired) problems = [.. problems, expired];
        if (problems.Count > 0)
        {
            // A person can mend a draft; a schedule that comes due has nobody in front of it and fails with the reason.
            if (actor != "schedule") return CommandResult.Invalid([.. problems]);
            return await DoneAsync(await store.SetStatusAsync(Id, BroadcastStatus.Scheduled, BroadcastStatus.Failed, new BroadcastAct("system", "fail", Said: problems[0]), problems[0].Code, said: problems[0]));
        }

        long? messages = broadcast.SpreadOverMs is null ? null : await forecasts.CountAsync(broadcast);
        var waitsFor = await approvals.NeededAsync(broadcast);

        // A schedule starts in the name of whoever wrote it.
        var sender = broadcast.State == BroadcastStatus.Scheduled ? broadcast.SentBy ?? actor : actor;
        var act = waitsFor is null ? new BroadcastAct(actor, "start") : new BroadcastAct(actor, "ask", Said: waitsFor);
        if (await store.StartAsync(broadcast, await checks.RulesAsync(broadcast), sender, waitsFor, messages, act) is not { } started) return await RacedAsync();
        Freeze();
        return Done(started);
    }

    public async Task<CommandResult> PauseAsync(string actor, string? reason = null, string? detail = null)
    {
        var result = await MoveAsync(BroadcastCommand.Pause, "pause", actor, reason ?? "user", detail);
        return result.IsDone ? result with { InFlight = (await store.OpenRowsAsync(Id)).Sending } : result;
    }

    public async Task<CommandResult> ResumeAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (broadcast is { State: BroadcastStatus.Paused, StatusReason: Approvals.Reason, ApprovedBy: null })
            return Refused(broadcast, new("", "needsApproval", $"A second person must agree first. {broadcast.StatusDetail}"));

        if (broadcast.State == BroadcastStatus.Paused && await hold.RefusalAsync() is { } held) return Refused(broadcast, held);

        // Held before it ever began: to go on is to begin.
        if (broadcast is { State: BroadcastStatus.Paused, StartedAt: null }) return await BeginAsync(broadcast, actor);
        return await GoOnAsync(broadcast, actor);
    }

    public async Task<CommandResult> MoveRemainingAsync(long channelId, string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (await remainder.RefusalAsync(broadcast, channelId) is { } refusal) return refusal with { Status = broadcast.State };
        if (await remainder.InFlightAsync(Id) is { } busy) return busy with { Status = broadcast.State };
        return await DoneAsync(await remainder.MoveAsync(broadcast, channelId, new BroadcastAct(actor, "move", string.Create(CultureInfo.InvariantCulture, $"{broadcast.ChannelId} → {channelId}"))));
    }

    public async Task<CommandResult> CancelAsync(string actor)
    {
        var result = await MoveAsync(BroadcastCommand.Cancel, "cancel", actor);
        if (!result.IsDone) return result;
        // The claim gate is closed by the status; what was not claimed is marked in the background.
        SkipRest(SkipReason.Cancelled);
        return result with { InFlight = (await store.OpenRowsAsync(Id)).Sending };
    }

    public async Task<CommandResult> SetRateAsync(SendRate? rate, string actor)
    {
        if (rate is { Count: < 1 } or { PerMs: < 1 }) return CommandResult.Invalid(new Problem("rate", "badRate", "A rate is at least one message per length of time."));
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.ChangeRate, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        return await DoneAsync(await store.SetRateAsync(Id, rate, new BroadcastAct(actor, "rate", rate is null ? "none" : string.Create(CultureInfo.InvariantCulture, $"{rate.Count} per {rate.PerMs} ms"))));
    }

    public async Task<CommandResult> RenameAsync(string name, string[] labels, string actor)
    {
        if (await store.GetAsync(Id) is null) return Gone();
        if (BroadcastChecks.CheckName(name, labels) is { Count: > 0 } problems) return CommandResult.Invalid([.. problems]);
        return await DoneAsync(await store.RenameAsync(Id, name.Trim(), labels, new BroadcastAct(actor, "rename")));
    }

    public async Task<CommandResult> LabelAsync(string label, bool add, string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        var labels = broadcast.ReadLabels();
        if (labels.Contains(label) == add) return new CommandResult { Status = broadcast.State, Version = broadcast.Version };
        return await RenameAsync(broadcast.Name, add ? [.. labels, label] : [.. labels.Where(l => l != label)], actor);
    }

    public Task<CommandResult> FixAsync(string actor) => MoveAsync(BroadcastCommand.Fix, "fix", actor);

    public async Task<CommandResult> DeleteAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Delete, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (await store.DeleteAsync(Id, broadcast.State, new BroadcastAct(actor, "delete", broadcast.Name)) is null) return await RacedAsync();
        return new CommandResult { Status = broadcast.State };
    }

    public async Task<CommandResult> ArchiveAsync(string actor)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, BroadcastCommand.Archive, out _, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        if (broadcast.ArchivedAt is not null) return new CommandResult { Status = broadcast.State, Version = broadcast.Version };
        return await DoneAsync(await store.ArchiveAsync(Id, new BroadcastAct(actor, "archive")));
    }

    public async Task CheckAsync()
    {
        if (await store.GetAsync(Id) is not { } broadcast) return;
        if (BroadcastLifecycle.IsFinal(broadcast.State)) SkipRest(broadcast.State == BroadcastStatus.Cancelled ? SkipReason.Cancelled : SkipReason.Expired);
        if (broadcast.State is not (BroadcastStatus.InProgress or BroadcastStatus.Paused)) return;
        if (broadcast.FreezeDone == 0)
        {
            Freeze();
            return;
        }

        if (broadcast.ClaimTo is not null && !(broadcast.ExpiresAt <= time.Now()) && !await HasPassedCanaryAsync(broadcast)) return;
        if (broadcast.State == BroadcastStatus.InProgress && await runner.EndAsync(broadcast) is { } end && await IsCountedAsync(broadcast))
            await store.SetStatusAsync(Id, BroadcastStatus.InProgress, end.Status, new BroadcastAct("system", end.Status == BroadcastStatus.Failed ? "fail" : "complete", Said: end.Said), end.Reason, said: end.Said);
    }

    // The last look before the end: what is called complete adds up. A large ledger takes longer than a call may; the next sweep then asks again.
    private async Task<bool> IsCountedAsync(Broadcast broadcast)
    {
        var counting = _count ??= Task.Run(() => IsSoundAsync(broadcast));
        await Task.WhenAny(counting, Task.Delay(LongestCount, time));
        if (!counting.IsCompleted) return false;
        _count = null;
        if (await counting) return true;
        dispatch.Set();
        return false;
    }

    private async Task<bool> IsSoundAsync(Broadcast broadcast)
    {
        try
        {
            return !(await ledger.MendAsync(broadcast)).IsMendable;
        }
        catch (Exception e)
        {
            LogCount(e, broadcast.Id);
            return false;
        }
    }

    private void Freeze()
    {
        if (_freeze is { IsCompleted: false }) return;
        var id = Id;
        _freeze = Task.Run(async () =>
        {
            try
            {
                await runner.FreezeAsync(id);
            }
            catch (Exception e)
            {
                LogFreeze(e, id);
            }
        });
    }

    // If it stops half-way, the next sweep finds what is still pending.
    private void SkipRest(SkipReason reason)
    {
        if (_skip is { IsCompleted: false }) return;
        var id = Id;
        _skip = Task.Run(async () =>
        {
            try
            {
                await runner.SkipPendingAsync(id, reason);
            }
            catch (Exception e)
            {
                LogSkip(e, id);
            }
        });
    }

    private async Task<CommandResult> MoveAsync(BroadcastCommand command, string verb, string actor, string? reason = null, string? detail = null, Problem? said = null)
    {
        if (await store.GetAsync(Id) is not { } broadcast) return Gone();
        if (!BroadcastLifecycle.TryMove(broadcast.State, command, out var next, out var refusal)) return CommandResult.Refused(broadcast.State, refusal!);
        return await DoneAsync(await store.SetStatusAsync(Id, broadcast.State, next, new BroadcastAct(actor, verb, detail, said), reason, detail, said));
    }

    // Null: it changed at the same moment, and the act does not fit any more.
    private async Task<CommandResult> DoneAsync(Broadcast? now) => now is null ? await RacedAsync() : Done(now);

    private CommandResult Done(Broadcast now)
    {
        dispatch.Set();
        return new CommandResult { Status = now.State, Version = now.Version };
    }

    private async Task<CommandResult> RacedAsync()
    {
        var now = await store.GetAsync(Id);
        return now is null ? Gone() : new CommandResult { Code = CommandCode.Changed, Status = now.State, Version = now.Version, Message = $"The broadcast changed at the same moment; it is {now.State} now." };
    }

    private CommandResult Gone() => CommandResult.NotFound($"Broadcast {Id}");

    private long Id => this.GetPrimaryKeyLong();

    [LoggerMessage(Level = LogLevel.Error, Message = "Freezing the audience of broadcast {Broadcast} stopped; it goes on at the next sweep")]
    private partial void LogFreeze(Exception e, long broadcast);

    [LoggerMessage(Level = LogLevel.Error, Message = "Comparing the counts of broadcast {Broadcast} with its rows stopped; it is done again at the next sweep")]
    private partial void LogCount(Exception e, long broadcast);

    [LoggerMessage(Level = LogLevel.Error, Message = "Marking the rest of the finished broadcast {Broadcast} stopped; it goes on at the next sweep")]
    private partial void LogSkip(Exception e, long broadcast);
}
