using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

internal sealed class SignOutModel(SignInManager<User> signIn) : ConsolePage
{
    // A link can't sign anybody out: only the form with its token does.
    public IActionResult OnGet() => LocalRedirect("/broadcasts");

    public async Task<IActionResult> OnPostAsync()
    {
        await signIn.SignOutAsync();
        return LocalRedirect("/sign-in");
    }
}
