using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>A role that people make: its name and what it is.</summary>
[Needs(Permission.ManageUsers)]
internal sealed class RoleModel(RoleStore roles) : ConsolePage
{
    private const string All = "/settings/roles";

    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public int Id { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public Permission[] Chosen { get; set; } = [];

    public bool IsUsed { get; private set; }

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Id == 0) return Page();
        if (await FindAsync(cancellationToken) is not { } role) return NotFound();
        (Name, Chosen) = (role.Name, [.. role.Permissions.Items]);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Id != 0 && await FindAsync(cancellationToken) is null) return NotFound();
        var permissions = PermissionSet.Of(Chosen.Where(Enum.IsDefined));
        var result = Id == 0
            ? (await roles.CreateAsync(Name ?? "", permissions, Visitor.Session!.Caller, cancellationToken)).Result
            : await roles.UpdateAsync(Id, Name ?? "", permissions, Visitor.Session!.Caller, cancellationToken);
        if (result.IsDone) return Told(result, Texts["Roles.Saved"], All);
        Problems = result.Problems;
        Response.StatusCode = 422;
        return Page();
    }

    public async Task<IActionResult> OnPostDeleteAsync(CancellationToken cancellationToken)
    {
        var result = await roles.DeleteAsync(Id, Visitor.Session!.Caller, cancellationToken);
        return Told(result, Texts["Did.delete"], result.IsDone ? All : $"{All}/{Id}");
    }

    private async Task<Role?> FindAsync(CancellationToken cancellationToken)
    {
        var role = (await roles.ListAsync(cancellationToken)).FirstOrDefault(r => r.Id == Id && !r.IsBuiltIn);
        IsUsed = role?.Users > 0;
        return role;
    }
}
