using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>One command to one broadcast. What can't be taken back is asked first, with its numbers; the rest is done by the post alone.</summary>
internal sealed class ActModel(BroadcastQueries queries, BroadcastFactory factory, RemainderMove remainder, ChannelStore channels, IGrainFactory grains) : ConsolePage
{
    private static readonly string[] Asked = ["cancel", "delete", "resend", "move", "reschedule"];

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string What { get; set; } = "";

    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    /// <summary>The channel that the rest shall go over.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Channel { get; set; }

    /// <summary>Another time, local and without offset, in the broadcast's own zone.</summary>
    [BindProperty(SupportsGet = true)]
    public string? At { get; set; }

    public RemainderPreview Remainder { get; private set; } = new();

    public string ToChannel { get; private set; } = "";

    /// <summary>Why a second person refuses.</summary>
    [BindProperty]
    public string? Why { get; set; }

    public BroadcastDetails Details { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!Asked.Contains(What) || await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        Details = details;
        if (What == "reschedule" && !details.Row.IsMovable) return LocalRedirect($"/broadcasts/{Id}");
        if (What != "move") return Page();
        var (command, preview) = await remainder.LookAsync(Id, Channel ?? 0);
        if (!command.IsDone) return Told(command, "", $"/broadcasts/{Id}");
        (Remainder, ToChannel) = (preview, (await channels.GetAsync(Channel ?? 0))!.Name);
        return Page();
    }

    [Needs(Permission.EditBroadcasts, Permission.SendBroadcasts, Permission.ApproveBroadcasts)]
    public async Task<IActionResult> OnPostAsync()
    {
        var needed = What switch
        {
            "duplicate" or "fix" or "archive" or "delete" => Permission.EditBroadcasts,
            "approve" or "reject" => Permission.ApproveBroadcasts,
            _ => Permission.SendBroadcasts,
        };
        if (!May(needed)) return Refused(needed);
        var grain = grains.GetGrain<IBroadcastGrain>(Id);
        var actor = Visitor.Actor;
        var back = Inside(To, $"/broadcasts/{Id}");
        return What switch
        {
            "pause" => ToldInFlight(await grain.PauseAsync(actor), "Did.pause", back),
            "resume" => Told(await grain.ResumeAsync(actor), Texts["Did.resume"], back),
            "reschedule" => await RescheduleAsync(grain, back),
            "unschedule" => Told(await grain.UnscheduleAsync(actor), Texts["Did.unschedule"], back),
            "move" => Told(await grain.MoveRemainingAsync(Channel ?? 0, actor), Texts["Did.move"], back),
            "undo" => Told(await grain.UndoAsync(actor), Texts["Did.undo"], back),
            "approve" => Told(await grain.ApproveAsync(actor), Texts["Did.approve"], back),
            "reject" => Told(await grain.RejectAsync(actor, string.IsNullOrWhiteSpace(Why) ? null : Why.Trim()[..Math.Min(Why.Trim().Length, 500)]), Texts["Did.reject"], back),
            "skipNext" => Told(await grain.SkipNextAsync(actor), Texts["Did.skipNext"], back),
            "archive" => Told(await grain.ArchiveAsync(actor), Texts["Did.archive"], back),
            "fix" => Told(await grain.FixAsync(actor), Texts["Did.fix"], $"/broadcasts/{Id}/edit"),
            "cancel" => ToldInFlight(await grain.CancelAsync(actor), "Did.cancel", $"/broadcasts/{Id}"),
            "delete" => Deleted(await grain.DeleteAsync(actor)),
            "duplicate" => Made(await factory.DuplicateAsync(Id, actor), "Did.duplicate", back, "/edit"),
            "resend" => Made(await factory.ResendFailedAsync(Id, actor), "Did.resend", back, "/send"),
            _ => NotFound(),
        };
    }

    // What it was is one click away.
    private async Task<IActionResult> RescheduleAsync(IBroadcastGrain grain, string back)
    {
        if (await queries.GetAsync(Id) is not { Row: { ScheduledLocal: { } before, TimeZone: { } zone } row }) return NotFound();
        if (!row.IsMovable) return Told(CommandResult.Refused(new Problem("", "notMovable", "Only a scheduled broadcast that is not repeated can be moved to another time.")), "", back);
        var result = await grain.ScheduleAsync(new BroadcastSchedule { LocalTime = At ?? "", TimeZone = zone, IsLocal = row.IsRecipientLocal }, Visitor.Actor);
        if (result.IsDone) Undo($"/broadcasts/{Id}/act", ("what", "reschedule"), ("at", before), ("to", back));
        return Told(result, Texts["Did.schedule", (At ?? "").Replace('T', ' '), zone], back);
    }

    private IActionResult ToldInFlight(CommandResult result, string done, string back) =>
        Told(result, result.InFlight > 0 ? $"{Texts[done]} {Texts.Count("Broadcast.InFlight", result.InFlight)}" : Texts[done], back);

    private IActionResult Deleted(CommandResult result) => Told(result, Texts["Did.delete"], result.IsDone ? "/broadcasts" : $"/broadcasts/{Id}");

    private IActionResult Made((long Id, CommandResult Result) made, string done, string back, string page) =>
        Told(made.Result, Texts[done], made.Result.IsDone ? $"/broadcasts/{made.Id}{page}" : back);
}
