using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>Signs in once, without a password. The link itself only shows a button: what fetches links ahead of people does not use it up.</summary>
[AllowAnonymous]
internal sealed class LinkModel(SignInLinkStore links, UserStore users, ConsoleSignIn signIn, SignInLimiter limiter) : ConsolePage
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
        if (!await signIn.BeginAsync(user, new Problem("", "signedInByLink", "By a one-time link"))) return LocalRedirect("/sign-in/code");
        if (user.PasswordHash is null) Good(Texts["Link.SetPassword"]);
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
