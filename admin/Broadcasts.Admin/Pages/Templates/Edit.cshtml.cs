using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Templates;

/// <summary>Writing a template, and what its readers get of it. Adding, moving and removing parts posts the form and shows it again: no script is needed.</summary>
internal sealed class EditModel(TemplateStore store, TemplateQueries templates, ContentPreviews previews, FieldStore fields, FileStore files, BroadcastFactory broadcasts) : ConsolePage
{
    private const int MostUses = 10;

    // Which channel it will go over is not known: every kind fits, and every text shows what it would cost as SMS.
    private static readonly TransportCapabilities AnyChannel = new() { CountsSegments = true, Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Template | ContentKinds.Email };

    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty]
    public TemplateInput Input { get; set; } = new();

    public StoredTemplate? Stored { get; private set; }

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<TemplateUse> Uses { get; private set; } = [];

    /// <summary>What its readers get; null while there are no texts yet.</summary>
    public ShownContent? Shown { get; private set; }

    // An address with number 0 is none of a new template.
    private bool IsNew => Id == 0 && !RouteData.Values.ContainsKey("id");

    public bool CanEdit { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (IsNew) Input = new TemplateInput { Languages = [new LanguageInput { Language = Visitor.Language, Parts = [new PartInput()] }] };
        else if (await templates.GetAsync(Id, cancellationToken) is { } template) Input = TemplateInput.Of(template);
        else return NotFound();
        await LoadAsync(cancellationToken);
        return Page();
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostAsync([FromForm(Name = "do")] string? act, CancellationToken cancellationToken)
    {
        if (Input.Languages.Count == 0) Input.Languages.Add(new LanguageInput());
        var problems = new List<Problem>();
        await Input.UploadAsync(files, Visitor.Actor, ContentEditor.TemplatePath, problems);
        if (Input.Change(act ?? "", Visitor.Language) is { } change)
        {
            ViewData["Jump"] = change.Place;
            if (change.Moved is var (from, to)) ViewData["Moved"] = Texts["Edit.Moved", from + 1, to + 1];
        }
        else if (act is not null && act.StartsWith("as:", StringComparison.Ordinal)) Input.As = act[3..];
        else if (act != "look")
        {
            if (problems.Count == 0 && await SaveAsync(problems, cancellationToken) is { } done) return done;
            Response.StatusCode = 422;
        }

        // The form's own values are shown again, changed: what was bound must not win over it.
        ModelState.Clear();
        Problems = problems;
        await LoadAsync(cancellationToken);
        return Stored is null && !IsNew ? NotFound() : Page();
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostDuplicateAsync(CancellationToken cancellationToken)
    {
        var (id, result) = await store.DuplicateAsync(Id, Visitor.Actor, cancellationToken);
        return Told(result, Texts["Templates.Duplicated"], $"/templates/{(result.IsDone ? id : Id)}");
    }

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostArchiveAsync(bool archived, CancellationToken cancellationToken) =>
        Told(await store.ArchiveAsync(Id, archived, Visitor.Actor, cancellationToken), Texts[archived ? "Templates.DidArchive" : "Templates.DidUnarchive"], $"/templates/{Id}");

    [Needs(Permission.EditContent)]
    public async Task<IActionResult> OnPostDeleteAsync(CancellationToken cancellationToken)
    {
        var result = await store.DeleteAsync(Id, Visitor.Actor, cancellationToken);
        return Told(result, Texts["Did.delete"], result.IsDone ? "/templates" : $"/templates/{Id}");
    }

    /// <summary>A new draft with what the template says.</summary>
    [Needs(Permission.EditBroadcasts)]
    public async Task<IActionResult> OnPostUseAsync([FromServices] TakeTemplate taking, CancellationToken cancellationToken)
    {
        if (await templates.GetAsync(Id, cancellationToken) is not { } template) return NotFound();
        var problems = new List<Problem>();
        if (await taking.IntoAsync(new BroadcastDraft { Name = template.Name }, Id, null, problems, cancellationToken) is not { } draft) return Told(CommandResult.Invalid([.. problems]), "", $"/templates/{Id}");
        var (broadcast, result) = await broadcasts.CreateAsync(draft, Visitor.Actor);
        return Told(result, Texts["Did.template"], result.IsDone ? $"/broadcasts/{broadcast}/edit" : $"/templates/{Id}");
    }

    public ContentEditor Editor { get; private set; } = null!;

    private async Task<IActionResult?> SaveAsync(List<Problem> problems, CancellationToken cancellationToken)
    {
        var edit = Input.ToEdit();
        var (id, result) = Id == 0 ? await store.CreateAsync(edit, Visitor.Actor, cancellationToken) : (Id, await store.UpdateAsync(Id, edit, Input.Version, Visitor.Actor, cancellationToken));
        if (result.IsDone) return Told(result, Id != 0 && result.Version == Input.Version ? Texts["Templates.Unchanged"] : Texts["Templates.Saved", result.Version], $"/templates/{id}");
        problems.AddRange(result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))]);
        return null;
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (Id != 0) (Stored, Uses) = (await templates.GetAsync(Id, cancellationToken), await templates.UsesAsync(Id, null, MostUses + 1, cancellationToken));
        CanEdit = May(Permission.EditContent);
        var known = await fields.ListAsync(cancellationToken);
        Editor = new(Input, ContentEditor.TemplatePath)
        {
            NamesItsLanguage = true, Problems = Problems, Capabilities = AnyChannel, Files = await files.ListAsync(), IsEditable = CanEdit,
            Variables = [.. ContentCompiler.SchemaOf(known).Names.Select(n => n.Name)],
        };
        if (Id == 0 && Input.Languages.TrueForAll(l => l.Parts.TrueForAll(p => string.IsNullOrEmpty(p.Text) && string.IsNullOrEmpty(p.Subject)))) return;
        Shown = await previews.ShowAsync(TemplateCheck.Normalise(Input.ToEdit()).Languages, Input.As, cancellationToken);
    }
}
