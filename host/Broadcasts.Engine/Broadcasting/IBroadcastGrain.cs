namespace Broadcasts.Broadcasting;

/// <summary>The single writer of one broadcast: every change of it and every move of its life goes through here.</summary>
[Alias("Broadcasts.IBroadcastGrain")]
public interface IBroadcastGrain : IGrainWithIntegerKey
{
    /// <summary>Writes a draft's content. Refused with <see cref="CommandCode.Changed"/> when somebody saved since <paramref name="expectedVersion"/>.</summary>
    [Alias("Edit")]
    Task<CommandResult> EditAsync(BroadcastDraft draft, int expectedVersion, string actor);

    /// <summary>
    /// As <see cref="EditAsync"/>, for somebody who is still writing: a part with a fault is kept, and its fault is among the answer's problems. Nothing with a fault can start.
    /// </summary>
    [Alias("Save")]
    Task<CommandResult> SaveAsync(BroadcastDraft draft, int expectedVersion, string actor);

    /// <summary>Sets or moves the time. The draft must be ready to send.</summary>
    [Alias("Schedule")]
    Task<CommandResult> ScheduleAsync(BroadcastSchedule schedule, string actor);

    /// <summary>Back to Draft.</summary>
    [Alias("Unschedule")]
    Task<CommandResult> UnscheduleAsync(string actor);

    /// <summary>Starts now. Idempotent for the due scanner: a second call finds it started.</summary>
    [Alias("Start")]
    Task<CommandResult> StartAsync(string actor);

    /// <summary>Starts after so many seconds, in which <see cref="UndoAsync"/> takes it back to Draft; 0 starts now.</summary>
    [Alias("Send")]
    Task<CommandResult> SendAsync(string actor, int undoSeconds);

    /// <summary>Takes a send back before anything left.</summary>
    [Alias("Undo")]
    Task<CommandResult> UndoAsync(string actor);

    /// <summary>Sends what a paused broadcast has left over another channel for the same kind of address.</summary>
    [Alias("MoveRemaining")]
    Task<CommandResult> MoveRemainingAsync(long channelId, string actor);

    /// <summary>A second person agrees: it goes out, now or at its time.</summary>
    [Alias("Approve")]
    Task<CommandResult> ApproveAsync(string actor);

    /// <summary>A second person does not agree: scheduled ones become drafts, those that were sent already are cancelled before anything left.</summary>
    [Alias("Reject")]
    Task<CommandResult> RejectAsync(string actor, string? why);

    /// <summary>Too many equal content faults in a row: it pauses, and those that failed by them wait again.</summary>
    [Alias("Trip")]
    Task TripAsync(Tripped tripped, string? detail);

    /// <summary>Its time has come: starts it, or does what the policy says when it comes too late. A call before the time, or a second one, changes nothing.</summary>
    [Alias("StartDue")]
    Task<CommandResult> StartDueAsync();

    /// <summary>Leaves out the next occurrence of a repeated broadcast.</summary>
    [Alias("SkipNext")]
    Task<CommandResult> SkipNextAsync(string actor);

    /// <summary>No claim is made after this returned; what is in flight finishes. The result says how many.</summary>
    [Alias("Pause")]
    Task<CommandResult> PauseAsync(string actor, string? reason = null, string? detail = null);

    /// <summary>Goes on.</summary>
    [Alias("Resume")]
    Task<CommandResult> ResumeAsync(string actor);

    /// <summary>Closes the claim gate at once; what was not claimed becomes Skipped(Cancelled) in the background.</summary>
    [Alias("Cancel")]
    Task<CommandResult> CancelAsync(string actor);

    /// <summary>Changes the broadcast's own rate; null for as fast as its channel permits. Acts at once.</summary>
    [Alias("SetRate")]
    Task<CommandResult> SetRateAsync(SendRate? rate, string actor);

    /// <summary>Name and labels, allowed in any status.</summary>
    [Alias("Rename")]
    Task<CommandResult> RenameAsync(string name, string[] labels, string actor);

    /// <summary>Adds one label or takes it away, in any status; the others stay, whoever changed them meanwhile. Nothing to change is done too.</summary>
    [Alias("Label")]
    Task<CommandResult> LabelAsync(string label, bool add, string actor);

    /// <summary>Failed → Draft, to mend it.</summary>
    [Alias("Fix")]
    Task<CommandResult> FixAsync(string actor);

    /// <summary>Deletes a Draft or a Failed broadcast.</summary>
    [Alias("Delete")]
    Task<CommandResult> DeleteAsync(string actor);

    /// <summary>Takes a finished broadcast out of the lists.</summary>
    [Alias("Archive")]
    Task<CommandResult> ArchiveAsync(string actor);

    /// <summary>A dispatcher ran out of rows, or something changed: look whether the broadcast is complete.</summary>
    [Alias("Check")]
    Task CheckAsync();
}

/// <summary>What a person writes of a broadcast. Parts and audience travel as the API's JSON (<see cref="BroadcastJson"/>).</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.BroadcastDraft")]
public sealed record BroadcastDraft
{
    [Id(0)] public required string Name { get; init; }

    [Id(1)] public string[] Labels { get; init; } = [];

    [Id(2)] public long? ChannelId { get; init; }

    /// <summary><see cref="BroadcastAudience"/> as JSON.</summary>
    [Id(3)] public string? AudienceJson { get; init; }

    /// <summary>An array of <see cref="BroadcastPart"/> as JSON.</summary>
    [Id(4)] public string PartsJson { get; init; } = "[]";

    [Id(5)] public SendRate? Rate { get; init; }

    /// <summary>Instead of a rate: spread the whole over this length of time, in milliseconds.</summary>
    [Id(6)] public long? SpreadOverMs { get; init; }

    /// <summary>Nothing is sent after this instant, Unix milliseconds; what is left becomes Skipped(Expired).</summary>
    [Id(7)] public long? ExpiresAt { get; init; }

    /// <summary><see cref="BroadcastSafety"/> as JSON.</summary>
    [Id(8)] public string? SafetyJson { get; init; }

    /// <summary>Instead of one channel: those that it may go over, in their order. A contact gets it on the one that it wrote on last, else on the first that reaches it.</summary>
    [Id(9)] public long[] Routes { get; init; } = [];

    /// <summary><see cref="SendWindow"/> as JSON; null: at any time.</summary>
    [Id(20)] public string? SendWindowJson { get; init; }

    /// <summary><see cref="ContentLanguages"/> as JSON; empty for none. Null leaves those that it has: whoever edits one language does not lose the others.</summary>
    [Id(40)] public string? LanguagesJson { get; init; }

    /// <summary>The template that the content was taken from; 0 for none. Null leaves what it is.</summary>
    [Id(41)] public long? TemplateId { get; init; }

    /// <summary>The version that was taken.</summary>
    [Id(42)] public int? TemplateVersion { get; init; }

    /// <summary>When it shall go out, as its last step will ask: <see cref="BroadcastSchedule.AtOnce"/> for as soon as somebody sends it. Null leaves what it is.</summary>
    [Id(43)] public BroadcastSchedule? Schedule { get; init; }

    /// <summary>With what it leaves as it is.</summary>
    internal BroadcastDraft Over(Broadcast stored) => this with
    {
        Schedule = Schedule ?? stored.ReadSchedule(),
        LanguagesJson = LanguagesJson ?? stored.Languages,
        TemplateId = TemplateId ?? stored.TemplateId,
        TemplateVersion = TemplateId is null ? stored.TemplateVersion : TemplateVersion,
    };
}

/// <summary>A local time in a zone, as a person writes it; the instant follows from it.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.BroadcastSchedule")]
public sealed record BroadcastSchedule
{
    /// <summary>No time: as soon as somebody sends it.</summary>
    internal static BroadcastSchedule AtOnce { get; } = new() { LocalTime = "", TimeZone = "" };

    internal bool IsAtOnce => LocalTime.Length == 0;

    /// <summary>Local date and time, ISO 8601 without offset: <c>2026-12-24T18:00</c>.</summary>
    [Id(0)] public required string LocalTime { get; init; }

    /// <summary>IANA zone: <c>Europe/Madrid</c>.</summary>
    [Id(1)] public required string TimeZone { get; init; }

    /// <summary>True: at that local time in each recipient's own zone; <see cref="TimeZone"/> is that of those whose own is not known.</summary>
    [Id(20)] public bool IsLocal { get; init; }

    /// <summary><see cref="RepeatRule"/> as JSON; null: once.</summary>
    [Id(21)] public string? RepeatJson { get; init; }
}

/// <summary>How a command ended.</summary>
public enum CommandCode
{
    /// <summary>Done.</summary>
    Done = 0,

    /// <summary>No such thing. HTTP 404.</summary>
    NotFound = 1,

    /// <summary>The state does not allow it. HTTP 409.</summary>
    Refused = 2,

    /// <summary>Somebody else saved meanwhile. HTTP 409.</summary>
    Changed = 3,

    /// <summary>What was given can't be taken; the problems say what and where. HTTP 422.</summary>
    Invalid = 4,
}

/// <summary>The answer to a command.</summary>
[GenerateSerializer, Immutable, Alias("Broadcasts.CommandResult")]
public sealed record CommandResult
{
    [Id(0)] public CommandCode Code { get; init; }

    /// <summary>One sentence in English; the console words it by <see cref="Code"/> and the problems' codes.</summary>
    [Id(1)] public string? Message { get; init; }

    [Id(2)] public Problem[] Problems { get; init; } = [];

    /// <summary>The broadcast's version after it.</summary>
    [Id(3)] public int Version { get; init; }

    [Id(4)] public BroadcastStatus Status { get; init; }

    /// <summary>After Pause and Cancel: messages handed over whose answer is not there yet.</summary>
    [Id(5)] public long InFlight { get; init; }

    public bool IsDone => Code == CommandCode.Done;

    public static CommandResult NotFound(string what) => new() { Code = CommandCode.NotFound, Message = $"{what} does not exist." };

    public static CommandResult Refused(BroadcastStatus status, string why) => new() { Code = CommandCode.Refused, Status = status, Message = why };

    public static CommandResult Refused(Problem problem) => new() { Code = CommandCode.Refused, Message = problem.Message, Problems = [problem] };

    public static CommandResult Invalid(params Problem[] problems) =>
        new() { Code = CommandCode.Invalid, Message = string.Join(" ", problems.Select(p => p.Message)), Problems = problems };
}

/// <summary>One thing that is wrong with what somebody gave.</summary>
/// <param name="Path">Where: <c>parts[0].text</c>, <c>audience</c>; empty for the whole.</param>
/// <param name="Code">A stable word that the console translates: <c>unknownName</c>.</param>
/// <param name="Message">English, with what to do.</param>
/// <param name="Arguments">Values for the translated sentence, in order.</param>
[GenerateSerializer, Immutable, Alias("Broadcasts.Problem")]
public sealed record Problem([property: Id(0)] string Path, [property: Id(1)] string Code, [property: Id(2)] string Message, [property: Id(3)] params string[] Arguments);
