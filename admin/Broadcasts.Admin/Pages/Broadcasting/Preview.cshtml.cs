using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>The HTML of an e-mail as its author wrote it, for a frame without any rights.</summary>
internal sealed class PreviewModel(BroadcastQueries queries) : ConsolePage
{
    public async Task<IActionResult> OnGetAsync(long id, int part, string? variant, CancellationToken cancellationToken)
    {
        var details = await queries.GetAsync(id, cancellationToken);
        var parts = variant is null ? details?.Parts : details?.Languages?.Variants.FirstOrDefault(v => v.Language == variant)?.Parts;
        if (parts?.ElementAtOrDefault(part) is not EmailPart { Html: { } html }) return NotFound();
        // Somebody else's markup: no script, no form, no way out of the frame.
        Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src https:; frame-ancestors 'self'";
        return Content(html, "text/html; charset=utf-8");
    }
}
