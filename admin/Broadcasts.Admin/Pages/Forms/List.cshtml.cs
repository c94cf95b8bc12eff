using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Forms;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Forms;

internal sealed class ListModel(FormStore forms) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public long After { get; set; }

    public IReadOnlyList<SignUpForm> Items { get; private set; } = [];

    public long? Next { get; private set; }

    public bool CanEdit { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var items = await forms.ListAsync(After, PerPage + 1, cancellationToken);
        Items = [.. items.Take(PerPage)];
        Next = items.Count > PerPage ? Items[^1].Id : null;
        CanEdit = May(Permission.EditContacts);
    }
}
