using System.Globalization;
using System.Security.Claims;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Admin.Security;

/// <summary>The session that a request came with, and what its person may do now. Set where the cookie is checked; without it nobody is signed in.</summary>
internal sealed record ConsoleSession(string Id, long UserId, int Role, PermissionSet May)
{
    /// <summary>As the audit names the person: <c>user:3</c>.</summary>
    public string Actor => UserAccounts.SubjectOf(UserId);

    public Caller Caller => new(Actor, May);

    /// <summary>Checks the cookie against its row: what was ended is over whatever the cookie says.</summary>
    public static async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        var principal = context.Principal;
        var sessions = context.HttpContext.RequestServices.GetRequiredService<Sessions>();
        if (principal?.FindFirst(ConsoleClaims.Session)?.Value is { } id
            && long.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), NumberStyles.None, CultureInfo.InvariantCulture, out var user)
            && await sessions.FindAsync(id, context.HttpContext.RequestAborted) is { } state && state.UserId == user)
        {
            context.HttpContext.Features.Set(new ConsoleSession(id, user, state.Role, state.May));
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(IdentityConstants.ApplicationScheme);
    }
}
