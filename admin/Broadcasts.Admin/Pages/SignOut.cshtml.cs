using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

[AllowAnonymous]
internal sealed class SignOutModel(ConsoleSignIn signIn) : ConsolePage
{
    // A link can't sign anybody out: only the form with its token does.
    public IActionResult OnGet() => LocalRedirect("/broadcasts");

    public async Task<IActionResult> OnPostAsync()
    {
        await signIn.EndAsync();
        return LocalRedirect("/sign-in");
    }
}
