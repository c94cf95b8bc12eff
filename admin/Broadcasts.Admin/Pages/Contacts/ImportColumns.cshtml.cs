using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Import;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

/// <summary>What the columns of an uploaded file are, and what becomes of its people.</summary>
[Needs(Permission.EditContacts)]
[ImportLimit]
internal sealed class ImportColumnsModel(ImportUploads uploads, ImportPreviews previews, ImportJobs jobs, ImportStore imports, FieldStore fields, EngineOptions options, People people) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public string Key { get; set; } = "";

    [BindProperty(SupportsGet = true)]
    public string? Encoding { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Delimiter { get; set; }

    /// <summary>The check whose choices are changed.</summary>
    [BindProperty(SupportsGet = true)]
    public long? From { get; set; }

    /// <summary>The draft that the list is for.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Broadcast { get; set; }

    /// <summary>Nothing of an earlier import.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Afresh { get; set; }

    [BindProperty]
    public ImportInput Input { get; set; } = new();

    public ImportUpload Upload { get; private set; } = null!;

    public ImportPreview? Preview { get; private set; }

    /// <summary>What each column is.</summary>
    public string[] Words { get; private set; } = [];

    public ColumnMeanings Meanings { get; private set; } = null!;

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>The earlier import whose columns are shown, and who made it; null when there is none.</summary>
    public (ImportDetails Import, string By)? Remembered { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } elsewhere) return elsewhere;
        await LoadAsync(cancellationToken);
        if (Preview is null) return Page();

        var from = From is { } id && await imports.GetAsync(id, cancellationToken) is { } check && check.Upload == Key ? check : null;
        Input = ImportInput.Of(from, options.DefaultCountry);
        var source = from ?? (Afresh ? null : Preview.Remembered);
        Words = Preview.WordsOf(source, Meanings.Fields);
        if (from is null && source is not null) Remembered = (source, await people.NameAsync(source.CreatedBy, cancellationToken));
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(bool trial, CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } elsewhere) return elsewhere;
        string[] words = [.. Request.Form["Columns"].Select(word => (word ?? "").Trim())];
        var result = await jobs.StartAsync(Upload, Input.Options(Upload, Visitor.Actor, words) with { Encoding = Encoding, Delimiter = DelimiterChar, IsTrial = trial });
        if (result.Id != 0) return LocalRedirect($"/contacts/imports/{result.Id}{ForBroadcast.Query(Broadcast)}");

        await LoadAsync(cancellationToken);
        Problems = [result.Error ?? new Problem("", "", Texts["Command.Invalid"])];
        Words = words.Length == Preview?.Columns.Count ? words : Preview?.WordsOf(null, Meanings.Fields) ?? [];
        Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
        return Page();
    }

    /// <summary>Deletes the file without an import.</summary>
    public async Task<IActionResult> OnPostDiscardAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } elsewhere) return elsewhere;
        await uploads.DropAsync(Key);
        Good(Texts["ImportColumns.Discarded", Upload.Name]);
        return LocalRedirect("/contacts/import");
    }

    // Where to go when the file is not here to be looked at.
    private async Task<IActionResult?> FindAsync(CancellationToken cancellationToken)
    {
        if (await uploads.GetAsync(Key, cancellationToken) is not { } upload)
        {
            Bad(Texts["Import.TrialGone"]);
            return LocalRedirect("/contacts/import");
        }

        Upload = upload;
        if (upload.ImportId is { } import) return LocalRedirect($"/contacts/imports/{import}");
        if (uploads.IsHere(upload)) return null;
        Bad(Texts["Problem.uploadElsewhere", upload.HeldBy]);
        return LocalRedirect("/contacts/import");
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var (preview, problem) = await previews.ReadAsync(Upload, string.IsNullOrEmpty(Encoding) ? null : Encoding, DelimiterChar, cancellationToken);
        Preview = preview;
        if (problem is not null) Problems = [problem];
        (Encoding, Delimiter) = (preview?.Encoding, preview?.Delimiter?.ToString());
        Meanings = new ColumnMeanings(Texts, await fields.ListAsync(cancellationToken));
    }

    private char? DelimiterChar => Delimiter is { Length: 1 } one ? one[0] : null;
}
