using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

[RequestSizeLimit(PluginPackage.MaxBytes)]
[RequestFormLimits(MultipartBodyLengthLimit = PluginPackage.MaxBytes)]
internal sealed class PluginsModel(PluginVersions plugins, ChannelStore channels, EngineOptions options) : ConsolePage
{
    [BindProperty]
    public IFormFile? Upload { get; set; }

    public IReadOnlyList<PluginView> Plugins { get; private set; } = [];

    public ILookup<string, string> Channels { get; private set; } = Array.Empty<string>().ToLookup(s => s);

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public Task OnGetAsync(CancellationToken cancellationToken) => LoadAsync(cancellationToken);

    [Needs(Permission.ManagePlugins)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Upload is null || Upload.Length == 0) Problems = [new Problem("", "", Texts["Plugins.NoFile"])];
        else if (Upload.Length > options.MaxPluginMegabytes * 1024L * 1024) Problems = [new Problem("", "", Texts["Plugins.TooLarge", options.MaxPluginMegabytes])];
        else
        {
            try
            {
                await using var package = Upload.OpenReadStream();
                var installed = await plugins.InstallAsync(package, Visitor.Actor, Request.Form["Activate"].Contains("true"), cancellationToken);
                Good(Texts["Plugins.Installed", installed.Id, installed.Version]);
                return LocalRedirect(PluginModel.AddressOf(installed.Id));
            }
            catch (PluginRefusedException e)
            {
                Problems = [new Problem("", "", Texts["Plugins.Refused", Upload.FileName, e.Message])];
            }
        }

        Response.StatusCode = 422;
        await LoadAsync(cancellationToken);
        return Page();
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        Plugins = await plugins.ListAsync(cancellationToken);
        Channels = (await channels.ListAsync()).ToLookup(c => c.Transport, c => c.Name);
        CanAdminister = May(Permission.ManagePlugins);
    }
}
