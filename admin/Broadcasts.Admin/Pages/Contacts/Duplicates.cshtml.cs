using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Merge;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class DuplicatesModel(DuplicateQueries duplicates) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    public DuplicatePage List { get; private set; } = new([], null);

    public bool CanEdit { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        List = await duplicates.ListAsync(After, 50, cancellationToken);
        CanEdit = May(Permission.EditContacts);
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostDismissAsync(long a, long b, CancellationToken cancellationToken) =>
        Told(await duplicates.DismissAsync(a, b, Visitor.Actor, cancellationToken), Texts["Duplicates.DidDismiss"], After is null ? "/contacts/duplicates" : $"/contacts/duplicates?after={After}");
}
