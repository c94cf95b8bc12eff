using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>The visitor's own saved views. Nobody else sees them: whoever may look at broadcasts may keep some.</summary>
internal sealed class ViewsModel(BroadcastTableStore table) : ConsolePage
{
    private const string Here = "/broadcasts/views";

    public IReadOnlyList<SavedView> Views { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancellationToken) => Views = await table.ViewsAsync(Me, cancellationToken);

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostRenameAsync(long id, string? name) => Told(await table.RenameAsync(Me, id, name), Texts["Did.rename"], Here);

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostDeleteAsync(long id) => Told(await table.DeleteAsync(Me, id), Texts["Did.delete"], Here);

    private long Me => Visitor.Session!.UserId;
}
