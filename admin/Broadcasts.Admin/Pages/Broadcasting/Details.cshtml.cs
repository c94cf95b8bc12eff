using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class DetailsModel(BroadcastQueries queries, ProgressFeed progress, People people, AuditStore audit, Approvals approvals, ChannelStore channels, IGrainFactory grains) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public BroadcastDrawer Broadcast { get; private set; } = null!;

    /// <summary>Channels that the rest of a paused broadcast could go over.</summary>
    public IReadOnlyList<Channel> OtherChannels { get; private set; } = [];

    public IReadOnlyList<(AuditEntry Entry, string Actor)> Activity { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await BroadcastDrawer.LoadAsync(Id, queries, progress, people, "/broadcasts", cancellationToken) is not { } found) return NotFound();
        Broadcast = found with { CanEdit = May(Permission.EditBroadcasts), CanSend = May(Permission.SendBroadcasts), NeedsApproval = found.Row.Status == BroadcastStatus.Scheduled ? await approvals.NeededAsync(Id) : found.NeedsApproval };
        var entries = new List<(AuditEntry, string)>();
        foreach (var entry in await audit.ListAsync(new() { Subject = $"broadcast:{Id}" }, limit: 20, cancellationToken: cancellationToken))
        {
            entries.Add((entry, await people.NameAsync(entry.Actor, cancellationToken)));
        }

        if (found.Row.Status == BroadcastStatus.Paused)
        {
            var all = await channels.ListAsync();
            var kind = all.FirstOrDefault(c => c.Id == found.Row.ChannelId)?.AddressKind;
            OtherChannels = [.. all.Where(c => c.AddressKind == kind && c.Id != found.Row.ChannelId)];
        }

        Activity = entries;
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
