using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Import;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class ImportResultModel(ImportStore imports, People people) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public ImportDetails Import { get; private set; } = null!;

    public string By { get; private set; } = "";

    public IReadOnlyList<ImportErrorRow> Errors { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await imports.GetAsync(Id, cancellationToken) is not { } import) return NotFound();
        Import = import;
        By = await people.NameAsync(import.CreatedBy, cancellationToken);
        Errors = await imports.ErrorsAsync(Id, 0, 50, cancellationToken);
        return Page();
    }
}
