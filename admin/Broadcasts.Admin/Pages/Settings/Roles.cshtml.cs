using Broadcasts.Admin.Web;
using Broadcasts.Security;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>Who may do what: every role against every permission.</summary>
internal sealed class RolesModel(RoleStore roles) : ConsolePage
{
    public IReadOnlyList<Role> Roles { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancellationToken) => Roles = await roles.ListAsync(cancellationToken);
}
