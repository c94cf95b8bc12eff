using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Forms;
using Broadcasts.Deliveries;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Broadcasts.Admin.Pages;

/// <summary>Where the owner of an address confirms. The link itself only shows a button: mail programs and scanners open links ahead of people, and that is no consent. The token in the path is the proof.</summary>
[IgnoreAntiforgeryToken]
[AllowAnonymous]
internal sealed class ConfirmModel(MessageLinks links, Confirmations confirmations) : ConsolePage
{
    public Confirmation? Confirmation { get; private set; }

    public bool IsDone { get; private set; }

    public async Task<IActionResult> OnGetAsync(string token, CancellationToken cancellationToken)
    {
        if (links.ReadConfirm(token) is { } delivery) Confirmation = await confirmations.OfAsync(delivery, cancellationToken);
        return Shown();
    }

    public async Task<IActionResult> OnPostAsync(string token, CancellationToken cancellationToken)
    {
        if (links.ReadConfirm(token) is { } delivery) Confirmation = await confirmations.ConfirmAsync(delivery, cancellationToken);
        IsDone = Confirmation is not null;
        // Not a redirect: browsers hold that, after a form, against the page's policy. Where it leads only somebody says who may write forms.
        if (Confirmation?.Form?.RedirectUrl is { } url) Response.Headers["Refresh"] = $"0; url={new Uri(url).AbsoluteUri}";
        return Shown();
    }

    private PageResult Shown()
    {
        Response.Headers["X-Robots-Tag"] = "noindex";
        if (Confirmation is null) Response.StatusCode = StatusCodes.Status404NotFound;
        return Page();
    }
}
