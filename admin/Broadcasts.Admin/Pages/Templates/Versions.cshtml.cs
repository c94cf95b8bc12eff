using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Templates;

/// <summary>Who saved a template when, what each save changed, and the way back.</summary>
internal sealed class VersionsModel(TemplateStore store, TemplateQueries templates, People people) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    /// <summary>The version whose changes are shown; without it the present one's.</summary>
    [BindProperty(SupportsGet = true)]
    public int? To { get; set; }

    /// <summary>What it is compared with; without it the version before.</summary>
    [BindProperty(SupportsGet = true)]
    public int? From { get; set; }

    /// <summary>Versions below this one.</summary>
    [BindProperty(SupportsGet = true)]
    public int? Before { get; set; }

    public StoredTemplate Template { get; private set; } = null!;

    public IReadOnlyList<(TemplateVersion Version, string By)> Items { get; private set; } = [];

    /// <summary>The version that the next page begins behind; null when this is the last.</summary>
    public int? Older { get; private set; }

    public IReadOnlyList<FieldDiff>? Changes { get; private set; }

    public bool CanEdit { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await templates.GetAsync(Id, cancellationToken) is not { } template) return NotFound();
        Template = template;
        CanEdit = May(Permission.EditContent);
        var versions = await templates.VersionsAsync(Id, Before, PerPage + 1, cancellationToken);
        var items = new List<(TemplateVersion, string)>();
        foreach (var version in versions.Take(PerPage)) items.Add((version, await people.NameAsync(version.Author, cancellationToken)));
        (Items, Older) = (items, versions.Count > PerPage ? versions[PerPage - 1].Version : null);
        To ??= template.Version;
        From ??= To - 1;
        if (await templates.GetVersionAsync(Id, From.Value, cancellationToken) is { } before && await templates.GetVersionAsync(Id, To.Value, cancellationToken) is { } after) Changes = TemplateDiff.Between(before, after);
        return Page();
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostRestoreAsync(int from, int version, CancellationToken cancellationToken)
    {
        var result = await store.RestoreAsync(Id, from, version, Visitor.Actor, cancellationToken);
        return Told(result, result.Version == version ? Texts["Templates.Unchanged"] : Texts["Templates.Restored", from, result.Version], result.IsDone ? $"/templates/{Id}" : $"/templates/{Id}/versions");
    }
}
