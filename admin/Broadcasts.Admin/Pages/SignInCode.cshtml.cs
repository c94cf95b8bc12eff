using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>The second step of a sign-in: a code of the authenticator, or a recovery code. Wrong ones count like wrong passwords.</summary>
[AllowAnonymous]
internal sealed class SignInCodeModel(ConsoleSignIn signIn, UserManager<User> manager, SignInLimiter limiter) : ConsolePage
{
    [BindProperty]
    public string? Code { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    public string? Problem { get; private set; }

    public async Task<IActionResult> OnGetAsync() => await signIn.HalfwayAsync() is null ? RedirectToPage("/SignIn", new { To }) : Page();

    public async Task<IActionResult> OnPostAsync()
    {
        if (await signIn.HalfwayAsync() is not { } user) return RedirectToPage("/SignIn", new { To });
        if (!limiter.TryEnter(HttpContext.Connection.RemoteIpAddress))
        {
            Response.StatusCode = 429;
            Problem = Texts["SignIn.TooMany"];
            return Page();
        }

        if (!await signIn.CheckCodeAsync(user, Code))
        {
            Problem = Texts[await manager.IsLockedOutAsync(user) ? "SignIn.LockedCode" : "SignIn.WrongCode"];
            return Page();
        }

        await signIn.FinishAsync(user);
        return LocalRedirect(Inside(To));
    }
}
