using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>The people of the console, and the form that invites one.</summary>
[Needs(Permission.ManageUsers)]
internal sealed class UsersModel(UserStore users, RoleStore roles, UserAccounts accounts, EngineOptions options, TimeProvider time) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public int RoleId { get; set; } = (int)UserRole.Viewer;

    public IReadOnlyList<User> Users { get; private set; } = [];

    public long? Next { get; private set; }

    public IReadOnlyList<Role> Roles { get; private set; } = [];

    /// <summary>Those that the visitor can give.</summary>
    public IEnumerable<Role> Givable => Roles.Where(r => Visitor.Session!.May.Covers(r.Permissions));

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>The link of whoever was invited just now: shown once.</summary>
    public string? Link { get; private set; }

    public Task OnGetAsync(CancellationToken cancellationToken) => LoadAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (await roles.FindAsync(RoleId, cancellationToken) is not { } role) return NotFound();
        var (_, path, result) = await accounts.InviteAsync(Email ?? "", Name, role, Visitor.Session!.Caller, cancellationToken);
        if (path is null)
        {
            Problems = result.Problems;
            Response.StatusCode = 422;
        }
        else Link = UserLink.Of(path, options, Request);

        await LoadAsync(cancellationToken);
        return Page();
    }

    public UserState StateOf(User user) => user.StateAt(time.Now());

    public string RoleOf(User user) => Roles.FirstOrDefault(r => r.Id == user.Role) is { } role ? Texts.RoleName(role) : "–";

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        Roles = await roles.ListAsync(cancellationToken);
        var page = await users.ListAsync(After ?? 0, PerPage + 1, cancellationToken);
        Users = [.. page.Take(PerPage)];
        Next = page.Count > PerPage ? Users[^1].Id : null;
    }
}
