using System.Globalization;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Templates;

internal sealed class ListModel(TemplateQueries templates, People people) : ConsolePage
{
    private const int PerPage = 50;

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public bool Archived { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    public IReadOnlyList<(TemplateRow Template, long Uses, string By)> Items { get; private set; } = [];

    public long? Next { get; private set; }

    public bool CanEdit { get; private set; }

    public bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || After is not null || Archived;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var page = await templates.PageAsync(Q, Archived, After, PerPage, cancellationToken);
        var uses = await templates.UseCountsAsync(page.Items.Select(t => t.Id), cancellationToken);
        var items = new List<(TemplateRow, long, string)>();
        foreach (var template in page.Items) items.Add((template, uses.GetValueOrDefault(template.Id), await people.NameAsync(template.UpdatedBy, cancellationToken)));
        (Items, Next, CanEdit) = (items, page.Next, May(Permission.EditContent));
    }

    public string With(long? after) => QueryHelpers.AddQueryString("/templates", new Dictionary<string, string?>
    {
        ["q"] = Q, ["archived"] = Archived ? "true" : null, ["after"] = after?.ToString(CultureInfo.InvariantCulture),
    }.Where(q => !string.IsNullOrEmpty(q.Value)));
}
