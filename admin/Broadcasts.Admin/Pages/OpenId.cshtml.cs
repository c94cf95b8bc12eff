using System.Security.Claims;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>Leads to the OpenID provider and takes in who comes back. A link and no form: the policy of our pages lets forms lead nowhere else.</summary>
[AllowAnonymous]
internal sealed class OpenIdModel(EngineOptions options, ExternalSignIns signIns, ConsoleSignIn signIn) : ConsolePage
{
    public const string Scheme = "openid";
    public const string EmailVerified = "email_verified";

    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    /// <summary>Back from the provider.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Done { get; set; }

    public string? Problem { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!options.OpenId.IsOn) return NotFound();
        if (!Done) return Challenge(new AuthenticationProperties { RedirectUri = $"/sign-in/openid?done=true&to={Uri.EscapeDataString(Inside(To))}" }, Scheme);
        var outside = await HttpContext.AuthenticateAsync(IdentityConstants.ExternalScheme);
        if (outside.Principal is not { } principal || IdentityOf(principal) is not { } identity) return RedirectToPage("/SignIn", new { To });
        await HttpContext.SignOutAsync(IdentityConstants.ExternalScheme);
        var (user, refusal) = await signIns.FindAsync(identity, cancellationToken);
        if (user is null)
        {
            Problem = Texts.Problem(refusal!);
            Response.StatusCode = 403;
            return Page();
        }

        return await signIn.BeginAsync(user, new Problem("", "signedInByProvider", $"By {options.OpenId.Name}", options.OpenId.Name)) ? LocalRedirect(Inside(To)) : RedirectToPage("/SignInCode", new { To });
    }

    private ExternalIdentity? IdentityOf(ClaimsPrincipal principal)
    {
        if (principal.FindFirst("sub") is not { } subject) return null;
        return new ExternalIdentity
        {
            // Who vouches for a claim is in the claim: the issuer of the token that was checked.
            Issuer = subject.Issuer,
            Subject = subject.Value,
            Email = principal.FindFirstValue("email"),
            IsEmailVerified = bool.TryParse(principal.FindFirstValue(EmailVerified), out var verified) && verified,
            Name = principal.FindFirstValue("name"),
            Groups = options.OpenId.RoleClaim is { } claim ? [.. principal.FindAll(claim).Select(c => c.Value)] : [],
        };
    }
}
