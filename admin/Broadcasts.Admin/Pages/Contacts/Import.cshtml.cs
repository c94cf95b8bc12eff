using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

/// <summary>Takes a file; the next page says what its columns are.</summary>
[Needs(Permission.EditContacts)]
[ImportLimit]
internal sealed class ImportModel(ImportUploads uploads, ImportStore imports, EngineOptions options, People people) : ConsolePage
{
    /// <summary>The draft that the list is for.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Broadcast { get; set; }

    [BindProperty]
    public IFormFile? Upload { get; set; }

    public int MostMegabytes => options.MaxImportMegabytes;

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<(ImportDetails Import, string By)> Earlier { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        if (Request.Query.ContainsKey(ImportLimitAttribute.Query)) Refuse(StatusCodes.Status413PayloadTooLarge, new Problem("file", "importTooLarge", Texts["Import.TooLarge", MostMegabytes], $"{MostMegabytes}"));
        await LoadAsync(cancellationToken);
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Upload is null || Upload.Length == 0) Refuse(StatusCodes.Status422UnprocessableEntity, new Problem("file", "noFile", Texts["Import.NoFile"]));
        else
        {
            await using var content = Upload.OpenReadStream();
            var (upload, problem) = await uploads.KeepAsync(content, Path.GetFileName(Upload.FileName), Visitor.Actor, cancellationToken);
            if (upload is not null) return LocalRedirect($"/contacts/import/{upload.File}{ForBroadcast.Query(Broadcast)}");
            Refuse(StatusCodes.Status422UnprocessableEntity, problem!);
        }

        await LoadAsync(cancellationToken);
        return Page();
    }

    private void Refuse(int status, Problem problem)
    {
        Response.StatusCode = status;
        Problems = [problem];
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var earlier = new List<(ImportDetails, string)>();
        foreach (var import in await imports.ListAsync(limit: 10, cancellationToken: cancellationToken)) earlier.Add((import, await people.NameAsync(import.CreatedBy, cancellationToken)));
        Earlier = earlier;
    }
}
