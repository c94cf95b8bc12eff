using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

[AllowAnonymous]
internal sealed class SignInModel(SignInManager<User> manager, ConsoleSignIn signIn, UserStore users, SignInLimiter limiter, EngineOptions options) : ConsolePage
{
    [BindProperty]
    public string Email { get; set; } = "";

    [BindProperty]
    public string Password { get; set; } = "";

    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    public string? Problem { get; private set; }

    /// <summary>The OpenID provider's name; null without one.</summary>
    public string? Provider => options.OpenId.IsOn ? options.OpenId.Name : null;

    public string ProviderHref => $"/sign-in/openid?to={Uri.EscapeDataString(Inside(To))}";

    public bool HasUsers { get; private set; } = true;

    public async Task<IActionResult> OnGetAsync(string? failed, CancellationToken cancellationToken)
    {
        if (User.Identity?.IsAuthenticated == true) return LocalRedirect(Inside(To));
        if (failed == OpenIdModel.Scheme && Provider is not null) Problem = Texts["OpenId.Failed", Provider];
        HasUsers = await users.AnyAsync(cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync()
    {
        if (!limiter.TryEnter(HttpContext.Connection.RemoteIpAddress))
        {
            Response.StatusCode = 429;
            Problem = Texts["SignIn.TooMany"];
            return Page();
        }

        var user = await users.FindByEmailAsync(Email ?? "");
        var result = await CheckAsync(user);
        if (user is null || !result.Succeeded)
        {
            // The same words for an unknown address and a wrong password: nobody learns who has an account here.
            Problem = Texts[result.IsLockedOut ? "SignIn.Locked" : "SignIn.Wrong"];
            return Page();
        }

        return await signIn.BeginAsync(user) ? LocalRedirect(Inside(To)) : RedirectToPage("/SignInCode", new { To });
    }

    private async Task<Microsoft.AspNetCore.Identity.SignInResult> CheckAsync(User? user)
    {
        if (user is { DisabledAt: null, PasswordHash: not null }) return await manager.CheckPasswordSignInAsync(user, Password ?? "", lockoutOnFailure: true);
        // As slow as a real check, so that the time tells nothing either.
        manager.UserManager.PasswordHasher.VerifyHashedPassword(new User(), DummyHash, Password ?? "");
        return Microsoft.AspNetCore.Identity.SignInResult.Failed;
    }

    private static readonly string DummyHash = new PasswordHasher<User>().HashPassword(new User(), "nobody has this password");
}
