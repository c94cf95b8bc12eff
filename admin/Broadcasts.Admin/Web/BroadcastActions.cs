using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Security;

namespace Broadcasts.Admin.Web;

/// <summary>One line of a broadcast's menu: a link when it has an address, else a form that posts its key; off when it says why.</summary>
internal sealed record BroadcastAction(string Key, string Icon, string? Href = null, string? Why = null, bool Danger = false)
{
    public bool IsOff => Why is not null;

    public bool IsPost => Href is null;
}

/// <summary>What can be done with a broadcast now. The engine's own table of moves decides, the visitor's permissions narrow it.</summary>
internal sealed class BroadcastActions(Texts texts, Visitor visitor)
{
    private sealed record Entry(string Key, string Icon, BroadcastCommand? Command, Permission Needs, string? Href = null, bool Danger = false);

    private static readonly Entry[] Entries =
    [
        new("edit", "pencil", BroadcastCommand.Edit, Permission.EditBroadcasts, "/broadcasts/{0}/edit"),
        new("send", "send", BroadcastCommand.Start, Permission.SendBroadcasts, "/broadcasts/{0}/send"),
        new("pause", "pause", BroadcastCommand.Pause, Permission.SendBroadcasts),
        new("approve", "check", BroadcastCommand.Approve, Permission.ApproveBroadcasts),
        new("resume", "play", BroadcastCommand.Resume, Permission.SendBroadcasts),
        new("reschedule", "calendar", BroadcastCommand.Schedule, Permission.SendBroadcasts, "/broadcasts/{0}/act?what=reschedule"),
        new("unschedule", "retry", BroadcastCommand.Unschedule, Permission.SendBroadcasts),
        new("skipNext", "skip", BroadcastCommand.Schedule, Permission.SendBroadcasts),
        new("fix", "pencil", BroadcastCommand.Fix, Permission.EditBroadcasts),
        new("duplicate", "copy", null, Permission.EditBroadcasts),
        new("resend", "retry", BroadcastCommand.ResendFailed, Permission.SendBroadcasts, "/broadcasts/{0}/act?what=resend"),
        new("archive", "archive", BroadcastCommand.Archive, Permission.EditBroadcasts),
        new("cancel", "ban", BroadcastCommand.Cancel, Permission.SendBroadcasts, "/broadcasts/{0}/act?what=cancel", Danger: true),
        new("delete", "trash", BroadcastCommand.Delete, Permission.EditBroadcasts, "/broadcasts/{0}/act?what=delete", Danger: true),
    ];

    /// <summary>The actions of a menu. Those that the status can never reach again are left out, the others say why not now. Nobody agrees to what they sent themselves.</summary>
    public IReadOnlyList<BroadcastAction> Of(BroadcastRow row)
    {
        var actions = new List<BroadcastAction>();
        foreach (var entry in Entries)
        {
            if (entry.Key == "skipNext" && (row.Repeat is null || row.Status != BroadcastStatus.Scheduled)) continue;
            if (entry.Key == "reschedule" && !row.IsMovable) continue;
            if (entry.Key == "approve" && !row.IsAwaitingApproval) continue;
            var why = WhyNot(entry, row);
            if (why is not null && !IsWorthShowing(entry, row.Status)) continue;
            var href = entry.Href is null ? null : string.Format(System.Globalization.CultureInfo.InvariantCulture, entry.Href, row.Id);
            actions.Add(new(entry.Key, entry.Icon, href, why, entry.Danger));
        }

        return actions;
    }

    /// <summary>Why an act on many leaves this one out; null when it does not. To cancel what only waits for its time is to make it a draft again.</summary>
    public string? WhyNot(string act, BroadcastRow row) => act is "label" or "unlabel" ? null
        : WhyNot(Entries.Single(e => e.Key == (act == "cancel" && row.Status == BroadcastStatus.Scheduled ? "unschedule" : act)), row);

    private string? WhyNot(Entry entry, BroadcastRow row)
    {
        if (!visitor.May(entry.Needs)) return texts["Why.Role"];
        if (entry.Command is not { } command) return null;
        if (!BroadcastLifecycle.TryMove(row.Status, command, out _, out _)) return texts["Why.Status", texts.Of(row.Status)];
        if (command == BroadcastCommand.Resume && row.IsAwaitingApproval) return texts["Problem.needsApproval"];
        if (command == BroadcastCommand.Approve && row.SentBy == visitor.Actor) return texts["Problem.ownApproval"];
        if (command == BroadcastCommand.ResendFailed && row.Counts.Failed + (row.Status == BroadcastStatus.Cancelled ? row.Counts.Skipped : 0) == 0) return texts[row.Status == BroadcastStatus.Cancelled ? "Why.NothingLeft" : "Why.NothingFailed"];
        if (command == BroadcastCommand.Archive && row.ArchivedAt is not null) return texts["Why.Archived"];
        return null;
    }

    // A menu of ten grey lines helps nobody: shown are those that a person would look for in this status.
    private static bool IsWorthShowing(Entry entry, BroadcastStatus status) => entry.Key switch
    {
        "edit" => status is BroadcastStatus.Draft or BroadcastStatus.Scheduled or BroadcastStatus.InProgress or BroadcastStatus.Paused,
        "send" => status is BroadcastStatus.Draft or BroadcastStatus.Failed,
        "pause" => status is BroadcastStatus.InProgress,
        "resume" => status is BroadcastStatus.Paused,
        "unschedule" => status is BroadcastStatus.Scheduled,
        "fix" => status is BroadcastStatus.Failed,
        "resend" or "archive" => status is BroadcastStatus.Completed or BroadcastStatus.Cancelled,
        "cancel" => status is BroadcastStatus.InProgress or BroadcastStatus.Paused,
        _ => true,
    };
}
