using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class DetailsModel(BroadcastQueries queries, ProgressFeed progress, People people, AuditStore audit, AuditLook look, Approvals approvals, ChannelStore channels, PaceHistory pace, IGrainFactory grains) : ConsolePage
{
    private const int LatestActs = 20;

    // What changes its pace.
    private static readonly string[] Marked = ["broadcast.pause", "broadcast.resume", "broadcast.rate", "broadcast.move", "broadcast.cancel", "broadcast.approve", "broadcast.canary"];

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public BroadcastDrawer Broadcast { get; private set; } = null!;

    /// <summary>Channels that the rest of a paused broadcast could go over.</summary>
    public IReadOnlyList<Channel> OtherChannels { get; private set; } = [];

    /// <summary>Of one that is not started; later its own tab has it.</summary>
    public IReadOnlyList<(AuditEntry Entry, string Actor)> Activity { get; private set; } = [];

    /// <summary>How fast it went; null when there is nothing to draw.</summary>
    public PaceChart? Pace { get; private set; }

    /// <summary>What people and the service did to it since it began, in time order.</summary>
    public IReadOnlyList<AuditEntry> Events { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await BroadcastDrawer.LoadAsync(Id, queries, progress, people, "/broadcasts", cancellationToken) is not { } found) return NotFound();
        Broadcast = found with { CanEdit = May(Permission.EditBroadcasts), CanSend = May(Permission.SendBroadcasts), NeedsApproval = found.Row.Status == BroadcastStatus.Scheduled ? await approvals.NeededAsync(Id) : found.NeedsApproval };
        var acts = await audit.ListAsync(new() { Subject = $"broadcast:{Id}" }, limit: LatestActs, cancellationToken: cancellationToken);
        if (found.Row.StartedAt is { } started)
        {
            Pace = PaceChart.Of(await pace.GetAsync(Id, cancellationToken), started);
            Events = [.. acts.Where(a => a.At > started && Marked.Contains(a.Action)).Reverse()];
        }
        else
        {
            Activity = await look.NamedAsync(acts, cancellationToken);
        }

        if (found.Row.Status == BroadcastStatus.Paused)
        {
            var all = await channels.ListAsync();
            var kind = all.FirstOrDefault(c => c.Id == found.Row.ChannelId)?.AddressKind;
            OtherChannels = [.. all.Where(c => c.AddressKind == kind && c.Id != found.Row.ChannelId)];
        }

        return Page();
    }

    [Needs(Permission.SendBroadcasts)]
    public async Task<IActionResult> OnPostRateAsync(RateInput rate)
    {
        if (!rate.TryRead(out var value))
        {
            Bad(Texts["Rate.Invalid"]);
            return LocalRedirect($"/broadcasts/{Id}");
        }

        return Told(await grains.GetGrain<IBroadcastGrain>(Id).SetRateAsync(value, Visitor.Actor), Texts["Did.rate", Show.Rate(value)], $"/broadcasts/{Id}");
    }

    [Needs(Permission.EditBroadcasts)]
    public async Task<IActionResult> OnPostRenameAsync(string? name, string? labels)
    {
        return Told(await grains.GetGrain<IBroadcastGrain>(Id).RenameAsync(name?.Trim() ?? "", LabelText.Read(labels), Visitor.Actor), Texts["Did.rename"], $"/broadcasts/{Id}");
    }
}
