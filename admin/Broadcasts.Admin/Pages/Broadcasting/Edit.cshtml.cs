using System.Globalization;
using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>A draft in steps, each an address of its own. Whatever is done there saves: adding, moving and removing parts, going on and back; no script is needed.</summary>
[Needs(Permission.EditBroadcasts)]
internal sealed partial class EditModel(
    BroadcastQueries queries, SegmentStore segments, ChannelStore channels, TransportCatalogue transports, FieldStore fields, FileStore files, BroadcastStore broadcasts, BroadcastChecks checks, AudienceLooks looks, ContactQueries contacts, ImportStore imports,
    ContentPreviews previews, FinishLooks finishes, IGrainFactory grains) : ConsolePage, IPartEditor
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Step { get; set; }

    /// <summary>As whom, over which channel and in which language the content is shown; kept in the address over every save.</summary>
    [BindProperty(SupportsGet = true)]
    public string? As { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Over { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? In { get; set; }

    [BindProperty]
    public BroadcastInput Input { get; set; } = new();

    public BroadcastDetails Details { get; private set; } = null!;

    public IReadOnlyList<SegmentDetails> Segments { get; private set; } = [];

    public IReadOnlyList<(Channel Channel, TransportInfo? Transport)> Channels { get; private set; } = [];

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    public IReadOnlyList<FileRow> Files { get; private set; } = [];

    public IReadOnlyList<string> Variables { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>What the content step writes in.</summary>
    public ContentEditor Editor { get; private set; } = null!;

    /// <summary>What somebody gets of the saved content; null on the other steps, and while there is none.</summary>
    public ShownContent? Shown { get; private set; }

    /// <summary>The chosen channel's abilities; null before one is chosen.</summary>
    public TransportCapabilities? Capabilities => Channels.FirstOrDefault(c => c.Channel.Id == Input.ChannelId).Transport?.Capabilities;

    private const string MovedKey = "moved";

    public BroadcastSteps Steps { get; private set; } = null!;

    private bool IsKnownStep => Step is null || Step != BroadcastSteps.Last && BroadcastSteps.Keys.Contains(Step);

    public string StepPartial => $"_Step{char.ToUpperInvariant(Step![0])}{Step[1..]}";

    public string SavedAt => Show.MomentText(Details.UpdatedAt.ToUnixTimeMilliseconds());

    /// <summary>When the saved draft would be done; null on the other steps, and while something is missing.</summary>
    public FinishLook? Finish { get; private set; }

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
        var problems = new List<Problem>();
        if (Step == "content")
        {
            if (Input.Languages.Count == 0) Input.Languages.Add(new LanguageInput());
            await Input.UploadAsync(files, Visitor.Actor, ContentEditor.BroadcastPath, problems);
            Problems = problems;
        }

        var place = Change(act ?? "");
        // Rows of a rule are shown before there is anything in them to save.
        if (place == "step-audience") return await ShownAsync(place, cancellationToken);

        var saved = broadcast.ToDraft();
        var draft = Input.ToDraft(Step, saved, details.Audience, Visitor, problems);
        if (problems.Count == 0)
        {
            var result = await SaveAsync(saved, draft, act == "mine" ? Input.Theirs ?? Input.Version : Input.Version);
            if (result.IsDone) return LocalRedirect(act is not null && act.StartsWith("go:", StringComparison.Ordinal) ? GoesTo(act[3..]) : Again(place));
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

    // Where it was, with what the content is shown as.
    private string Again(string? place)
    {
        var choice = new Dictionary<string, string?> { ["as"] = As, ["over"] = Over?.ToString(CultureInfo.InvariantCulture), ["in"] = In }.Where(c => !string.IsNullOrEmpty(c.Value));
        return QueryHelpers.AddQueryString(BroadcastSteps.AddressOf(Id, Step!) + Search, Step == "content" ? choice : []) + (place is null ? "" : "#" + place);
    }

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

    IReadOnlyList<PartInput> IPartEditor.Parts => Editor.Languages[0].Parts;

    /// <summary>Why a channel can't be used for what there is; null when it can.</summary>
    public string? WhyNot(Channel channel) =>
        checks.CheckChannel(channel, Details.Parts) is [var problem, ..] ? Texts.Problem(problem)
        : channel.Status != ChannelStatus.Paused ? null
        : channel.StatusReason is { } reason ? Show.Reason(Reasons.NameOf((int)reason))
        : Texts["Channels.PausedByHand"];

    /// <summary>Problems of one place of the form: <c>parts[0]</c>.</summary>
    public IEnumerable<Problem> At(string path) => path == "parts" ? Problems.Where(p => p.Path == path) : Problems.Where(p => p.Path == path || p.Path.StartsWith(path + ".", StringComparison.Ordinal) || p.Path.StartsWith(path + "[", StringComparison.Ordinal));

    // Verbs of the buttons that change the form: "add:text", "move:2.0", "language", "rule:add.0", "as:17". The answer is where the change is seen.
    private string? Change(string act)
    {
        if (act.StartsWith("rule:", StringComparison.Ordinal))
        {
            Input.Audience = "rule";
            Input.Rule.Change(act[5..]);
            return "step-audience";
        }

        if (act == "unpick")
        {
            (Input.Picked, Input.Shown, Input.Ticked) = ("", "", []);
            return "picker";
        }

        if (act == "find") return "picker";
        if (act.StartsWith("as:", StringComparison.Ordinal))
        {
            As = act[3..];
            return "as";
        }

        if (Step != "content" || Input.Change(act, Visitor.Language) is not { } change) return null;
        if (change.Moved is var (from, to)) TempData[MovedKey] = Texts["Edit.Moved", from + 1, to + 1];
        return change.Place;
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        Segments = await segments.ListAsync(cancellationToken);
        Channels = [.. (await channels.ListAsync()).Select(c => (c, transports.Find(c.Transport)))];
        Fields = await fields.ListAsync(cancellationToken);
        Files = await files.ListAsync();
        if (await broadcasts.GetAsync(Id) is not { } broadcast) return;
        Steps = new BroadcastSteps(Details, Step ?? "", await checks.CheckReadyInTimeAsync(broadcast), Texts);
        await LoadAudienceAsync(broadcast, cancellationToken);
        await CountReachAsync(broadcast, cancellationToken);
        if (Step == "delivery" && IsWhole) Finish = await finishes.LookAsync(broadcast, cancellationToken);
        Variables = [.. ContentCompiler.SchemaOf(Fields).Names.Select(n => n.Name)];
        Editor = new(Input, ContentEditor.BroadcastPath) { NamesItsLanguage = false, Problems = Problems.Count > 0 ? Problems : Steps.Faults, Capabilities = Capabilities, Files = Files, Variables = Variables };
        if (Step != "content") return;
        ViewData["Moved"] = TempData[MovedKey];
        if (broadcast.ReadParts().Count > 0) Shown = await previews.ShowAsync(broadcast, new(As, Over, In), cancellationToken);
        // A number says nothing to whoever reads it.
        if (Shown?.Contact is { } contact && As == contact.Id.ToString(CultureInfo.InvariantCulture)) As = contact.Email ?? contact.Phone ?? As;
    }
}
