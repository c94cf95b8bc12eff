using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Consent;
using Broadcasts.Deliveries;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>
/// Where the link of a message leads: which addresses to keep, or none. RFC 8058: a mail program posts here by itself when its user presses "unsubscribe"; no cookie, no form token: the token in the path is
/// the proof.
/// </summary>
[IgnoreAntiforgeryToken]
[AllowAnonymous]
internal sealed class OptOutModel(MessageLinks links, MessagePreferences preferences) : ConsolePage
{
    public IReadOnlyList<PreferredAddress> Addresses { get; private set; } = [];

    public bool IsKnown { get; private set; }

    /// <summary>Something was chosen just now.</summary>
    public bool IsDone { get; private set; }

    public Task<IActionResult> OnGetAsync(string token, CancellationToken cancellationToken) => ShowAsync(links.ReadOptOut(token), cancellationToken);

    public async Task<IActionResult> OnPostAsync(string token, string? choice, long[] keep, CancellationToken cancellationToken)
    {
        if (links.ReadOptOut(token) is not { } delivery) return await ShowAsync(null, cancellationToken);
        if (choice == "save") await preferences.ChooseAsync(delivery, keep);
        else if (choice == "none") await preferences.ChooseAsync(delivery, []);
        else await links.OptOutAsync(delivery);
        IsDone = true;
        return await ShowAsync(delivery, cancellationToken);
    }

    private async Task<IActionResult> ShowAsync(long? delivery, CancellationToken cancellationToken)
    {
        Response.Headers["X-Robots-Tag"] = "noindex";
        IsKnown = delivery is not null;
        if (delivery is { } id) Addresses = await preferences.OfAsync(id, cancellationToken);
        else Response.StatusCode = 404;
        return Page();
    }
}
