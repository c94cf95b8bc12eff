using Broadcasts.Admin.Web;
using Broadcasts.Contacts;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Templates;

/// <summary>The HTML of an e-mail as a made-up reader gets it, for a frame without any rights.</summary>
internal sealed class LetterModel(TemplateQueries templates, TemplatePreviews previews, FieldStore fields) : ConsolePage
{
    public async Task<IActionResult> OnGetAsync(long id, string language, int part, CancellationToken cancellationToken)
    {
        if (await templates.GetAsync(id, cancellationToken) is not { } template) return NotFound();
        var reader = EdgeContacts.Of([language], await fields.ListAsync(cancellationToken))[0].Reader;
        if (await previews.RenderAsync(template.ReadContent(), [reader], [], null, cancellationToken) is not [var shown] || shown.Parts.ElementAtOrDefault(part)?.Content is not EmailContent { Html: { } html }) return NotFound();
        // Somebody else's markup: no script, no form, no way out of the frame.
        Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src https:; frame-ancestors 'self'";
        return Content(html, "text/html; charset=utf-8");
    }
}
