using Broadcasts.Admin.Web;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;

namespace Broadcasts.Admin.Pages.Channels;

internal sealed class ListModel(ChannelStore channels, TransportCatalogue transports) : ConsolePage
{
    public IReadOnlyList<(Channel Channel, TransportInfo? Transport, IReadOnlyList<string> Users)> Items { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public async Task OnGetAsync()
    {
        var items = new List<(Channel, TransportInfo?, IReadOnlyList<string>)>();
        foreach (var channel in await channels.ListAsync()) items.Add((channel, transports.Find(channel.Transport), await channels.UsersAsync(channel.Id)));
        Items = items;
        CanAdminister = May(Permission.ManageChannels);
    }
}
