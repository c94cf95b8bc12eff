using System.Text.Json;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>What was sent, by which plan, who did what to it, and what it came from and led to: a tab each.</summary>
internal sealed class TabModel(BroadcastQueries queries, ProgressFeed progress, People people, AuditStore audit, AuditLook look, ChannelStore channels, SegmentStore segments) : ConsolePage
{
    private const int ActsPerPage = 50;

    private static readonly string[] Tabs = ["content", "plan", "activity", "related"];

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string Tab { get; set; } = "";

    /// <summary>Acts before this one.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Before { get; set; }

    public BroadcastDrawer Broadcast { get; private set; } = null!;

    public IReadOnlyList<(AuditEntry Entry, string Actor)> Activity { get; private set; } = [];

    /// <summary>The act that the next page begins behind; null when this is the last.</summary>
    public long? Older { get; private set; }

    /// <summary>What was forecast when it was scheduled or sent.</summary>
    public Forecast? Forecast { get; private set; }

    public IReadOnlyList<Channel> Routes { get; private set; } = [];

    public SegmentDetails? Segment { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!Tabs.Contains(Tab)) return NotFound();
        if (await BroadcastDrawer.LoadAsync(Id, queries, progress, people, "/broadcasts", cancellationToken) is not { } found) return NotFound();
        Broadcast = found with { CanEdit = May(Permission.EditBroadcasts), CanSend = May(Permission.SendBroadcasts) };
        if (Tab == "activity") await LoadActivityAsync(cancellationToken);
        if (Tab == "plan") await LoadPlanAsync(found.Details, cancellationToken);
        return Page();
    }

    private async Task LoadActivityAsync(CancellationToken cancellationToken)
    {
        var entries = await audit.ListAsync(new() { Subject = $"broadcast:{Id}" }, Before, ActsPerPage + 1, cancellationToken);
        (Activity, Older) = (await look.NamedAsync(entries.Take(ActsPerPage), cancellationToken), entries.Count > ActsPerPage ? entries[ActsPerPage - 1].Id : null);
    }

    private async Task LoadPlanAsync(BroadcastDetails details, CancellationToken cancellationToken)
    {
        Forecast = details.ForecastJson is { } json ? JsonSerializer.Deserialize<Forecast>(json, BroadcastJson.Options) : null;
        Routes = [.. (await channels.GetAsync(details.Routes)).OrderBy(c => Array.IndexOf(details.Routes, c.Id))];
        if (details.Audience?.SegmentId is { } segment) Segment = await segments.GetAsync(segment, cancellationToken);
    }
}
