using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>A draft in steps, each an address of its own. Whatever is done there saves: adding, moving and removing parts, going on and back; no script is needed.</summary>
[Needs(Permission.EditBroadcasts)]
internal sealed partial class EditModel(
    BroadcastQueries queries, SegmentStore segments, ChannelStore channels, TransportCatalogue transports, FieldStore fields, FileStore files, BroadcastStore broadcasts, BroadcastChecks checks, AudienceLooks looks, ContactQueries contacts, ImportStore imports, IGrainFactory grains) : ConsolePage, IPartEditor
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Step { get; set; }

    [BindProperty]
    public BroadcastInput Input { get; set; } = new();

    public BroadcastDetails Details { get; private set; } = null!;

    public IReadOnlyList<SegmentDetails> Segments { get; private set; } = [];

    public IReadOnlyList<(Channel Channel, TransportInfo? Transport)> Channels { get; private set; } = [];

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    public IReadOnlyList<FileRow> Files { get; private set; } = [];

    public IReadOnlyList<string> Variables { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>The chosen channel's abilities; null before one is chosen.</summary>
    public TransportCapabilities? Capabilities => Channels.FirstOrDefault(c => c.Channel.Id == Input.ChannelId).Transport?.Capabilities;

    public BroadcastSteps Steps { get; private set; } = null!;

    private bool IsKnownStep => Step is null || Step != BroadcastSteps.Last && BroadcastSteps.Keys.Contains(Step);

    public string StepPartial => $"_Step{char.ToUpperInvariant(Step![0])}{Step[1..]}";

    public string SavedAt => Show.MomentText(Details.UpdatedAt.ToUnixTimeMilliseconds());

    /// <summary>Nothing was saved: what is wrong is told above everything. A fault that is kept stands at its field alone.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>What somebody saved meanwhile, against what is in the form.</summary>
    public IReadOnlyList<AuditChange>? Theirs { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!IsKnownStep || await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        // Only a draft's content can change: name and labels have their place on the broadcast's own page.
        if (details.Row.Status != BroadcastStatus.Draft) return LocalRedirect($"/broadcasts/{Id}");
        Details = details;
        Input = BroadcastInput.Of(details, Visitor);
        await LoadAsync(cancellationToken);
        if (Step is null) return LocalRedirect(BroadcastSteps.AddressOf(Id, details.Parts.Length == 0 ? BroadcastSteps.FirstOpen(Steps.Problems) : "content"));
        Problems = Steps.Faults;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync([FromForm(Name = "do")] string? act, CancellationToken cancellationToken)
    {
        if (!IsKnownStep || await queries.GetAsync(Id, cancellationToken) is not { } details || await broadcasts.GetAsync(Id) is not { } broadcast) return NotFound();
        if (Step is null) return LocalRedirect(BroadcastSteps.AddressOf(Id, "audience"));
        Details = details;
        await UploadAsync(cancellationToken);
        var place = Change(act ?? "");
        // Rows of a rule are shown before there is anything in them to save.
        if (place == "step-audience") return await ShownAsync(place, cancellationToken);

        var problems = Problems.ToList();
        var saved = broadcast.ToDraft();
        var draft = Input.ToDraft(Step, saved, details.Audience, Visitor, problems);
        if (problems.Count == 0)
        {
            var result = await SaveAsync(saved, draft, act == "mine" ? Input.Theirs ?? Input.Version : Input.Version);
            if (result.IsDone) return LocalRedirect(act is not null && act.StartsWith("go:", StringComparison.Ordinal) ? GoesTo(act[3..]) : BroadcastSteps.AddressOf(Id, Step) + Search + (place is null ? "" : "#" + place));
            if (result.Code == CommandCode.Changed) return await ConflictAsync(saved, draft, cancellationToken);
            problems.AddRange(result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))]);
        }

        Problems = problems;
        IsRefused = true;
        Response.StatusCode = 422;
        return await ShownAsync(place, cancellationToken);
    }

    // What is saved already is not saved again: a second click, a page that was gone back to and a form that only rested change nothing.
    private async Task<CommandResult> SaveAsync(BroadcastDraft saved, BroadcastDraft draft, int version) =>
        BroadcastDiff.Between(saved, draft).Count == 0 && Details.Row.Status == BroadcastStatus.Draft ? new CommandResult() : await grains.GetGrain<IBroadcastGrain>(Id).SaveAsync(draft, version, Visitor.Actor);

    private string GoesTo(string step) => BroadcastSteps.AddressOf(Id, BroadcastSteps.Keys.Contains(step) ? step : "audience");

    private async Task<IActionResult> ConflictAsync(BroadcastDraft saved, BroadcastDraft draft, CancellationToken cancellationToken)
    {
        Theirs = BroadcastDiff.Between(saved, draft);
        Response.StatusCode = 409;
        return await ShownAsync(null, cancellationToken);
    }

    // The form's own values are shown again, changed: what was bound must not win over it.
    private async Task<PageResult> ShownAsync(string? place, CancellationToken cancellationToken)
    {
        ModelState.Clear();
        ViewData["Jump"] = place;
        await LoadAsync(cancellationToken);
        return Page();
    }

    IReadOnlyList<PartInput> IPartEditor.Parts => Input.Parts;

    /// <summary>Problems of one place of the form: <c>parts[0]</c>.</summary>
    public IEnumerable<Problem> At(string path) => path == "parts" ? Problems.Where(p => p.Path == path) : Problems.Where(p => p.Path == path || p.Path.StartsWith(path + ".", StringComparison.Ordinal) || p.Path.StartsWith(path + "[", StringComparison.Ordinal));

    // Verbs of the buttons that change the form: "add:text", "up:1", "down:0", "remove:2", "rule:add.0". The answer is where the change is seen.
    private string? Change(string act)
    {
        var (verb, value) = act.Split(':') is [var v, var x] ? (v, x) : (act, "");
        var at = int.TryParse(value, out var number) ? number : -1;
        var parts = Input.Parts;
        switch (verb)
        {
            case "add" when parts.Count < BroadcastPart.Most:
                parts.Add(new PartInput { Type = value });
                return $"part-{parts.Count - 1}-{parts[^1].FirstField}";
            case "remove" when at >= 0 && at < parts.Count:
                parts.RemoveAt(at);
                return "step-content";
            case "up" when at > 0 && at < parts.Count:
                (parts[at - 1], parts[at]) = (parts[at], parts[at - 1]);
                return $"part-{at - 1}-{(at > 1 ? "up" : "down")}";
            case "down" when at >= 0 && at < parts.Count - 1:
                (parts[at + 1], parts[at]) = (parts[at], parts[at + 1]);
                return $"part-{at + 1}-{(at + 2 < parts.Count ? "down" : "up")}";
            case "rule":
                Input.Audience = "rule";
                Input.Rule.Change(value);
                return "step-audience";
            case "unpick":
                (Input.Picked, Input.Shown, Input.Ticked) = ("", "", []);
                return "picker";
            default:
                return verb == "find" ? "picker" : null;
        }
    }

    private async Task UploadAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < Input.Parts.Count; i++)
        {
            if (Input.Parts[i].Upload is not { Length: > 0 } upload) continue;
            if (upload.Length > FileStore.MostBytes)
            {
                Problems = [.. Problems, new Problem($"parts[{i}].fileId", "fileTooLarge", $"The file is larger than {FileStore.MostBytes / 1024 / 1024} MB.", Web.Show.Size(upload.Length), Web.Show.Size(FileStore.MostBytes))];
                continue;
            }

            using var content = new MemoryStream((int)upload.Length);
            await upload.CopyToAsync(content, cancellationToken);
            Input.Parts[i].FileId = await files.AddAsync(Path.GetFileName(upload.FileName), upload.ContentType ?? "application/octet-stream", content.ToArray(), Visitor.Actor);
            ModelState.Clear();
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        Segments = await segments.ListAsync(cancellationToken);
        Channels = [.. (await channels.ListAsync()).Select(c => (c, transports.Find(c.Transport)))];
        Fields = await fields.ListAsync(cancellationToken);
        Files = await files.ListAsync();
        if (await broadcasts.GetAsync(Id) is not { } broadcast) return;
        Steps = new BroadcastSteps(Details, Step ?? "", await checks.CheckReadyAsync(broadcast), Texts);
        await LoadAudienceAsync(broadcast, cancellationToken);
        await CountReachAsync(broadcast, cancellationToken);
        Variables = [.. ContentCompiler.SchemaOf(Fields).Names.Select(n => n.Name)];
    }
}
