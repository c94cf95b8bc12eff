using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>The HTML of an e-mail for a frame without any rights: as its author wrote it, or as somebody gets it.</summary>
internal sealed class PreviewModel(BroadcastQueries queries, BroadcastStore broadcasts, ContentPreviews previews) : ConsolePage
{
    // With "as", empty for somebody made up, it is what is got; without, what is written.
    public async Task<IActionResult> OnGetAsync(long id, int part, string? variant, long? over, string? @in, CancellationToken cancellationToken)
    {
        var html = Request.Query.TryGetValue("as", out var who) ? await ShownAsync(id, part, new(who, over, @in), cancellationToken) : await WrittenAsync(id, part, variant, cancellationToken);
        if (html is null) return NotFound();
        // Somebody else's markup: no script, no form, no way out of the frame.
        Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src https:; frame-ancestors 'self'";
        return Content(html, "text/html; charset=utf-8");
    }

    private async Task<string?> WrittenAsync(long id, int part, string? variant, CancellationToken cancellationToken)
    {
        var details = await queries.GetAsync(id, cancellationToken);
        var parts = variant is null ? details?.Parts : details?.Languages?.Variants.FirstOrDefault(v => v.Language == variant)?.Parts;
        return (parts?.ElementAtOrDefault(part) as EmailPart)?.Html;
    }

    private async Task<string?> ShownAsync(long id, int part, PreviewChoice choice, CancellationToken cancellationToken) =>
        await broadcasts.GetAsync(id) is { } broadcast && (await previews.ShowAsync(broadcast, choice, cancellationToken)).Previews is [var shown, ..] ? (shown.Parts.ElementAtOrDefault(part)?.Content as EmailContent)?.Html : null;
}
