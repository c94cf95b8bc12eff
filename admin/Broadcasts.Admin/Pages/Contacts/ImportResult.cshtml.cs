using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Contacts.Import;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class ImportResultModel(ImportStore imports, ImportUndo undo, ImportJobs jobs, People people) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public ImportDetails Import { get; private set; } = null!;

    public string By { get; private set; } = "";

    public bool CanEdit { get; private set; }

    public bool CanUndo { get; private set; }

    /// <summary>What taking it back did; null when nobody did.</summary>
    public UndoCounts? Undone { get; private set; }

    public IReadOnlyList<ImportErrorRow> Errors { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await imports.GetAsync(Id, cancellationToken) is not { } import) return NotFound();
        Import = import;
        By = await people.NameAsync(import.CreatedBy, cancellationToken);
        Errors = await imports.ErrorsAsync(Id, 0, 50, cancellationToken);
        CanEdit = await Visitor.CanEditAsync();
        CanUndo = CanEdit && undo.IsPossible(import);
        if (import.UndoneAt is not null) Undone = await undo.CountsAsync(Id, cancellationToken);
        return Page();
    }

    /// <summary>Imports the file that was checked.</summary>
    public async Task<IActionResult> OnPostRunAsync(CancellationToken cancellationToken)
    {
        if (!await MayAsync(Policies.CanEdit)) return Forbid();
        if (await imports.GetAsync(Id, cancellationToken) is not { } import) return NotFound();
        if (!jobs.HasRoom) return Told(Texts["Import.Busy"], $"/contacts/imports/{Id}");
        var result = import.Upload is { } upload && await imports.TakeUploadAsync(Id, upload) ? await jobs.RunKeptAsync(upload, ImportStore.OptionsOf(import) with { Actor = Visitor.Actor }) : null;
        return result switch
        {
            null => Told(Texts["Import.TrialGone"], "/contacts/import"),
            { Id: 0 } => Told(result.Error is { } error ? Texts.Problem(error) : Texts["Command.Invalid"], "/contacts/import"),
            _ => LocalRedirect($"/contacts/imports/{result.Id}"),
        };
    }

    public async Task<IActionResult> OnPostUndoAsync()
    {
        if (!await MayAsync(Policies.CanEdit)) return Forbid();
        // Not broken off by a closed page: what is half taken back would have to be asked for again.
        var (counts, result) = await undo.RunAsync(Id, Visitor.Actor);
        return Told(result, Texts["Import.DidUndo", counts[UndoOutcome.Deleted], counts[UndoOutcome.Restored], counts.Kept], $"/contacts/imports/{Id}");
    }

    private LocalRedirectResult Told(string bad, string where)
    {
        Bad(bad);
        return LocalRedirect(where);
    }
}
