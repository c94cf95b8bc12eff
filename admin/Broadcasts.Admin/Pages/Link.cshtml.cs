using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>Signs in once, without a password. The link itself only shows a button: what fetches links ahead of people does not use it up.</summary>
internal sealed class LinkModel(SignInLinkStore links, UserStore users, SignInManager<User> signIn, AuditStore audit, SignInLimiter limiter) : ConsolePage
{
    public bool IsUsable { get; private set; }

    public async Task<IActionResult> OnGetAsync(string token, CancellationToken cancellationToken)
    {
        await FindAsync(token, cancellationToken);
        if (!IsUsable && User.Identity?.IsAuthenticated == true) return LocalRedirect("/broadcasts");
        if (!IsUsable) Response.StatusCode = 410;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(string token, CancellationToken cancellationToken)
    {
        var user = await FindAsync(token, cancellationToken);
        if (user is null || !await links.UseAsync(token, cancellationToken)) return Page();
        await signIn.SignInAsync(user, isPersistent: true);
        await audit.AppendAsync($"user:{user.Id}", "user.signedIn", $"user:{user.Id}", "By a one-time link.", cancellationToken);
        return LocalRedirect("/broadcasts");
    }

    private async Task<User?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (!limiter.TryEnter(HttpContext.Connection.RemoteIpAddress)) return null;
        var link = await links.FindAsync(token, cancellationToken);
        if (link is not { Purpose: SignInLinkPurpose.SignIn, UserId: { } id }) return null;
        var user = await users.FindAsync(id, cancellationToken);
        IsUsable = user is { DisabledAt: null };
        return IsUsable ? user : null;
    }
}
