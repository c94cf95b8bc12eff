using Broadcasts.Admin.Web;
using Broadcasts.Channels;
using Broadcasts.Plugins;

namespace Broadcasts.Admin.Pages.Settings;

internal sealed class PluginsModel(TransportCatalogue transports, ChannelStore channels) : ConsolePage
{
    public IReadOnlyList<TransportInfo> Transports => transports.All;

    public ILookup<string, string> Channels { get; private set; } = Array.Empty<string>().ToLookup(s => s);

    public async Task OnGetAsync() => Channels = (await channels.ListAsync()).ToLookup(c => c.Transport, c => c.Name);
}
