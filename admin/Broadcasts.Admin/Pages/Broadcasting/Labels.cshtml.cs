using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>Labels across all broadcasts: renamed, joined by the same name, taken off everywhere.</summary>
internal sealed class LabelsModel(LabelStore labels) : ConsolePage
{
    private const string Here = "/broadcasts/labels";

    public IReadOnlyList<LabelUse> Labels { get; private set; } = [];

    public bool CanEdit => May(Permission.EditBroadcasts);

    public async Task OnGetAsync(CancellationToken cancellationToken) => Labels = await labels.ListAsync(cancellationToken);

    [Needs(Permission.EditBroadcasts)]
    public async Task<IActionResult> OnPostRenameAsync(string? label, string? name) => Told(await labels.RenameAsync(label ?? "", name, Visitor.Actor), Texts["Did.rename"], Here);

    [Needs(Permission.EditBroadcasts)]
    public async Task<IActionResult> OnPostDeleteAsync(string? label) => Told(await labels.DeleteAsync(label ?? "", Visitor.Actor), Texts["Did.delete"], Here);

    /// <summary>The broadcasts that carry it.</summary>
    public static string HrefOf(string label) => QueryHelpers.AddQueryString("/broadcasts", "label", label);
}
