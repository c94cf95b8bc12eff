using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>Which template a draft takes its content from.</summary>
[Needs(Permission.EditBroadcasts)]
internal sealed class TemplateModel(BroadcastQueries queries, BroadcastStore broadcasts, TemplateQueries templates, TakeTemplate taking, IGrainFactory grains) : ConsolePage
{
    private const int Most = 50;

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    public BroadcastDetails Broadcast { get; private set; } = null!;

    public TemplatePage Found { get; private set; } = new([], null);

    /// <summary>What the newer version of its template changes.</summary>
    public IReadOnlyList<FieldDiff> Changes { get; private set; } = [];

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        if (details.Row.Status != BroadcastStatus.Draft) return LocalRedirect($"/broadcasts/{Id}/content");
        Broadcast = details;
        Found = await templates.PageAsync(Q, archived: false, null, Most, cancellationToken);
        if (details.Template is { IsOld: true } taken
            && await templates.GetVersionAsync(taken.Id, taken.Version, cancellationToken) is { } before && await templates.GetVersionAsync(taken.Id, taken.Latest, cancellationToken) is { } after)
            Changes = TemplateDiff.Between(before, after);
        return Page();
    }

    public Task<IActionResult> OnPostAsync(long template, int version, CancellationToken cancellationToken) => SaveAsync(version, (draft, problems) => taking.IntoAsync(draft, template, null, problems, cancellationToken));

    /// <summary>What it says stays; the other languages and the template's name go.</summary>
    public Task<IActionResult> OnPostForgetAsync(int version) => SaveAsync(version, (draft, _) => Task.FromResult<BroadcastDraft?>(draft with { LanguagesJson = "", TemplateId = 0 }));

    private async Task<IActionResult> SaveAsync(int version, Func<BroadcastDraft, List<Problem>, Task<BroadcastDraft?>> change)
    {
        if (await broadcasts.GetAsync(Id) is not { } broadcast) return NotFound();
        var problems = new List<Problem>();
        var draft = await change(broadcast.ToDraft(), problems);
        var result = draft is null ? CommandResult.Invalid([.. problems]) : await grains.GetGrain<IBroadcastGrain>(Id).EditAsync(draft, version, Visitor.Actor);
        return Told(result, Texts["Did.template"], result.IsDone ? $"/broadcasts/{Id}/edit" : $"/broadcasts/{Id}/template");
    }
}
