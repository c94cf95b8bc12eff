using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Templates;

/// <summary>What readers at the edges get of a template: no name, a very long one, one from right to left, no fields, every language.</summary>
internal sealed class TryModel(TemplateQueries templates, TemplatePreviews previews, FieldStore fields) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public StoredTemplate Template { get; private set; } = null!;

    /// <summary>A reader each, with what he gets; the problems of the texts themselves instead when a field that they name is gone.</summary>
    public IReadOnlyList<(string Key, string? Name, ContentPreview Preview)> Rows { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await templates.GetAsync(Id, cancellationToken) is not { } template) return NotFound();
        Template = template;
        var contents = template.ReadContent();
        var edges = EdgeContacts.Of([.. contents.Select(c => c.Language)], await fields.ListAsync(cancellationToken));
        var problems = new List<Problem>();
        var shown = await previews.RenderAsync(contents, [.. edges.Select(e => e.Reader)], problems, null, cancellationToken);
        Rows = shown is null ? [] : [.. edges.Zip(shown, (edge, preview) => (edge.Key, edge.Reader.Name, preview))];
        Problems = problems;
        return Page();
    }

    /// <summary>The reader's kind in words.</summary>
    public string Words(string key) => key.StartsWith("language:", StringComparison.Ordinal) ? Texts["Edge.language", Web.Show.Language(key[9..])] : Texts[$"Edge.{key}"];
}
