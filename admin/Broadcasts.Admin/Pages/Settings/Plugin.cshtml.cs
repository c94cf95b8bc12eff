using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>One plugin: its versions, how it fares, and what can be done with it.</summary>
internal sealed class PluginModel(PluginVersions plugins, ChannelStore channels, People people) : ConsolePage
{
    public PluginView Plugin { get; private set; } = null!;

    public IReadOnlyList<(InstalledPlugin Version, string By)> Versions { get; private set; } = [];

    public IReadOnlyList<Channel> Channels { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public static string AddressOf(string id) => $"/plugins/{Uri.EscapeDataString(id)}";

    public async Task<IActionResult> OnGetAsync(string id, CancellationToken cancellationToken)
    {
        if ((await plugins.ListAsync(cancellationToken)).FirstOrDefault(p => p.Id == id) is not { } plugin) return NotFound();
        Plugin = plugin;
        var versions = new List<(InstalledPlugin, string)>();
        foreach (var version in plugin.Versions.Reverse()) versions.Add((version, await people.NameAsync(version.InstalledBy, cancellationToken)));
        Versions = versions;
        Channels = [.. (await channels.ListAsync()).Where(c => c.Transport == id)];
        CanAdminister = May(Permission.ManagePlugins);
        return Page();
    }

    [Needs(Permission.ManagePlugins)]
    public Task<IActionResult> OnPostActivateAsync(string id, string version, CancellationToken cancellationToken) => DoAsync(id, async () =>
    {
        await plugins.ActivateAsync(id, version, Visitor.Actor, cancellationToken);
        return Texts["Plugins.Activated", version];
    });

    [Needs(Permission.ManagePlugins)]
    public Task<IActionResult> OnPostRollBackAsync(string id, string? why, CancellationToken cancellationToken) => DoAsync(id, async () =>
        Texts["Plugins.RolledBack", await plugins.RollBackAsync(id, string.IsNullOrWhiteSpace(why) ? null : why.Trim()[..Math.Min(why.Trim().Length, 500)], Visitor.Actor, cancellationToken)]);

    [Needs(Permission.ManagePlugins)]
    public Task<IActionResult> OnPostRemoveAsync(string id, string version, CancellationToken cancellationToken) => DoAsync(id, async () =>
    {
        await plugins.RemoveAsync(id, version, Visitor.Actor, cancellationToken);
        return Texts["Plugins.Removed", version];
    });

    private async Task<IActionResult> DoAsync(string id, Func<Task<string>> act)
    {
        try
        {
            Good(await act());
        }
        catch (PluginRefusedException e)
        {
            Bad(Texts["Plugins.NotDone", e.Message]);
        }

        // The last version that was removed has taken the page with it.
        return LocalRedirect((await plugins.ListAsync(HttpContext.RequestAborted)).Any(p => p.Id == id) ? AddressOf(id) : "/plugins");
    }
}
