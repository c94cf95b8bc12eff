using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

[Authorize(Policies.CanEdit)]
[RequestSizeLimit(MostBytes)]
[RequestFormLimits(MultipartBodyLengthLimit = MostBytes)]
internal sealed class ImportModel(ImportJobs jobs, ImportStore imports, EngineOptions options, People people) : ConsolePage
{
    private const long MostBytes = 1024L * 1024 * 1024;

    [BindProperty]
    public IFormFile? Upload { get; set; }

    [BindProperty]
    public ImportPurpose Purpose { get; set; }

    [BindProperty]
    public AddressKind? Identifier { get; set; }

    [BindProperty]
    public string? Country { get; set; }

    [BindProperty]
    public string? Tags { get; set; }

    [BindProperty]
    public bool CreateFields { get; set; } = true;

    [BindProperty]
    public bool OverwriteWithBlank { get; set; }

    /// <summary>Where the people of the file agreed to be written to.</summary>
    [BindProperty]
    public string? Consent { get; set; }

    /// <summary>Counts only; the next page imports.</summary>
    [BindProperty]
    public bool Trial { get; set; }

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<(ImportDetails Import, string By)> Earlier { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Country = options.DefaultCountry;
        await LoadAsync(cancellationToken);
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        CreateFields = Request.Form["CreateFields"].Contains("true");
        if (Upload is null || Upload.Length == 0) Problems = [new Problem("file", "noFile", Texts["Import.NoFile"])];
        else if (string.IsNullOrWhiteSpace(Consent)) Problems = [new Problem("consentSource", "noConsentSource", Texts["Import.NoConsent"])];
        else if (!jobs.HasRoom) Problems = [new Problem("", "busy", Texts["Import.Busy"])];
        else
        {
            await using var content = Upload.OpenReadStream();
            var result = await jobs.StartAsync(content, new ImportOptions
            {
                Name = Path.GetFileName(Upload.FileName),
                Actor = Visitor.Actor,
                Purpose = Purpose,
                Identifier = Identifier,
                DefaultCountry = string.IsNullOrWhiteSpace(Country) ? null : Country.Trim().ToUpperInvariant(),
                Tags = LabelText.Read(Tags),
                CreateFields = CreateFields,
                OverwriteWithBlank = OverwriteWithBlank,
                ConsentSource = Consent,
                IsTrial = Trial,
            }, cancellationToken);
            if (result.Id != 0) return LocalRedirect($"/contacts/imports/{result.Id}");
            Problems = [result.Error ?? new Problem("", "", Texts["Command.Invalid"])];
        }

        Response.StatusCode = 422;
        await LoadAsync(cancellationToken);
        return Page();
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var earlier = new List<(ImportDetails, string)>();
        foreach (var import in await imports.ListAsync(limit: 10, cancellationToken: cancellationToken)) earlier.Add((import, await people.NameAsync(import.CreatedBy, cancellationToken)));
        Earlier = earlier;
    }
}
