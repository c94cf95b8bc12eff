using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class ImportResultModel(ImportStore imports, ImportUndo undo, ImportUploads uploads, ImportJobs jobs, BroadcastStore broadcasts, People people) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    /// <summary>The draft that the list is for.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Broadcast { get; set; }

    /// <summary>Its name; null when it is gone, or no draft any more.</summary>
    public string? BroadcastName { get; private set; }

    public ImportDetails Import { get; private set; } = null!;

    public string By { get; private set; } = "";

    public bool CanEdit { get; private set; }

    public bool CanUndo { get; private set; }

    /// <summary>Its file is here, and it ended early.</summary>
    public bool CanContinue { get; private set; }

    /// <summary>The process that has the file; null when it is here or nowhere.</summary>
    public string? HeldBy { get; private set; }

    /// <summary>What taking it back did; null when nobody did.</summary>
    public UndoCounts? Undone { get; private set; }

    public IReadOnlyList<ImportErrorRow> Errors { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await imports.GetAsync(Id, cancellationToken) is not { } import) return NotFound();
        Import = import;
        By = await people.NameAsync(import.CreatedBy, cancellationToken);
        Errors = await imports.ErrorsAsync(Id, 0, 50, cancellationToken);
        CanEdit = May(Permission.EditContacts);
        CanUndo = CanEdit && undo.IsPossible(import);
        if (import.Status != ImportStatus.Completed && await uploads.GetAsync(import.Upload, cancellationToken) is { } upload)
        {
            CanContinue = CanEdit && await jobs.WhyNotAsync(import, cancellationToken) is null;
            HeldBy = uploads.IsHere(upload) ? null : upload.HeldBy;
        }

        if (Broadcast is { } draft && May(Permission.EditBroadcasts) && await broadcasts.GetAsync(draft) is { State: BroadcastStatus.Draft } found) BroadcastName = found.Name;
        if (import.UndoneAt is not null) Undone = await undo.CountsAsync(Id, cancellationToken);
        return Page();
    }

    /// <summary>Imports the file that was checked.</summary>
    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostRunAsync(CancellationToken cancellationToken)
    {
        if (await imports.GetAsync(Id, cancellationToken) is not { } import) return NotFound();
        if (await uploads.GetAsync(import.Upload, cancellationToken) is not { } upload) return Told(Texts["Import.TrialGone"], "/contacts/import");
        if (!uploads.IsHere(upload)) return Told(Texts["Problem.uploadElsewhere", upload.HeldBy], $"/contacts/imports/{Id}");
        var result = await jobs.StartAsync(upload, ImportStore.OptionsOf(import) with { Actor = Visitor.Actor, IsTrial = false });
        if (result.Id != 0) return LocalRedirect($"/contacts/imports/{result.Id}{ForBroadcast.Query(Broadcast)}");
        return Told(result.Error is { } error ? Texts.Problem(error) : Texts["Command.Invalid"], $"/contacts/imports/{Id}");
    }

    /// <summary>Goes on behind the rows that were counted.</summary>
    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostContinueAsync(CancellationToken cancellationToken) => Told(await jobs.ContinueAsync(Id, Visitor.Actor, cancellationToken), Texts["Import.Continued"], $"/contacts/imports/{Id}");

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostUndoAsync()
    {
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
