using Broadcasts.Admin.Web;
using Broadcasts.Channels;
using Broadcasts.Plugins;
using Broadcasts.Security;

namespace Broadcasts.Admin.Pages.Channels;

internal sealed class ListModel(ChannelStore channels, ChannelService service, TransportCatalogue transports) : ConsolePage
{
    public IReadOnlyList<Card> Items { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public async Task OnGetAsync()
    {
        var items = new List<Card>();
        foreach (var channel in await channels.ListAsync())
            items.Add(new(channel, transports.Find(channel.Transport), await channels.UsersAsync(channel.Id), await service.BudgetAsync(channel.Id), await service.RecipientsAsync(channel.Id)));
        Items = items;
        CanAdminister = May(Permission.ManageChannels);
    }

    internal sealed record Card(Channel Channel, TransportInfo? Transport, IReadOnlyList<string> Users, BudgetView Budget, RecipientLimitView? Reached);
}
