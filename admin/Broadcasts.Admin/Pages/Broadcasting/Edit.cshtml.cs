using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Plugins;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>A draft's content in four steps on one page. Adding, moving and removing parts posts the form and shows it again: no script is needed.</summary>
[Needs(Permission.EditBroadcasts)]
internal sealed class EditModel(
    BroadcastQueries queries, SegmentStore segments, ChannelStore channels, TransportCatalogue transports, FieldStore fields, FileStore files, IGrainFactory grains) : ConsolePage, IPartEditor
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

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

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        // Only a draft's content can change: name and labels have their place on the broadcast's own page.
        if (details.Row.Status != BroadcastStatus.Draft) return LocalRedirect($"/broadcasts/{Id}");
        Details = details;
        Input = BroadcastInput.Of(details, Visitor);
        await LoadAsync(cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync([FromForm(Name = "do")] string? act, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details) return NotFound();
        Details = details;
        await UploadAsync(cancellationToken);
        if (act is not ("save" or "next") && Change(act ?? "", out var place))
        {
            // The form's own values are shown again, changed: what was bound must not win over it.
            ModelState.Clear();
            await LoadAsync(cancellationToken);
            ViewData["Jump"] = place;
            return Page();
        }

        var problems = Problems.ToList();
        var draft = Input.ToDraft(details.Audience, Visitor, problems);
        if (problems.Count == 0)
        {
            var result = await grains.GetGrain<IBroadcastGrain>(Id).EditAsync(draft, Input.Version, Visitor.Actor);
            if (result.IsDone && act == "next") return LocalRedirect($"/broadcasts/{Id}/send#main");
            if (result.IsDone)
            {
                Good(Texts["Edit.Saved", Show.ClockText(Visitor.Now.ToUnixTimeMilliseconds())]);
                return LocalRedirect($"/broadcasts/{Id}/edit");
            }

            problems.AddRange(result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))]);
        }

        Problems = problems;
        Response.StatusCode = 422;
        await LoadAsync(cancellationToken);
        return Page();
    }

    IReadOnlyList<PartInput> IPartEditor.Parts => Input.Parts;

    /// <summary>The four steps with what is chosen in each.</summary>
    public IEnumerable<(string Step, bool Done, string Words)> Summary =>
    [
        ("audience", Input.Audience is not null, Input.Audience switch
        {
            null => Texts["Edit.Missing"],
            "segment" => Segments.FirstOrDefault(s => s.Id == Input.SegmentId)?.Name ?? Texts["Choose"],
            "rule" => Texts["Edit.AudienceRule"],
            "everyone" => Texts["Edit.AudienceEveryone"],
            "import" => Texts["Audience.Import"],
            _ => Texts[$"Audience.{Details.Row.Audience}"],
        }),
        ("channel", Input.ChannelId is not null, Input.ChannelId == BroadcastInput.LastInteracted ? Texts["Routes.Title"] : Channels.FirstOrDefault(c => c.Channel.Id == Input.ChannelId).Channel?.Name ?? Texts["Edit.Missing"]),
        ("content", Input.Parts.Count > 0, Input.Parts.Count == 0 ? Texts["Edit.Missing"] : Texts.Count("Edit.Parts", Input.Parts.Count)),
        ("delivery", true, Input.Pace switch { "rate" => Texts["Edit.AtRate"], "spread" => Texts["Edit.Spread"], _ => Texts["Rate.AsSoonAsPossible"] }),
    ];

    /// <summary>Problems of one place of the form: <c>parts[0]</c>.</summary>
    public IEnumerable<Problem> At(string path) => Problems.Where(p => p.Path == path || p.Path.StartsWith(path + ".", StringComparison.Ordinal) || p.Path.StartsWith(path + "[", StringComparison.Ordinal));

    // Verbs of the buttons: "add:text", "up:1", "down:0", "remove:2", "rule:add.0".
    private bool Change(string act, out string place)
    {
        place = "step-content";
        var (verb, value) = act.Split(':') is [var v, var x] ? (v, x) : (act, "");
        var at = int.TryParse(value, out var number) ? number : -1;
        var parts = Input.Parts;
        switch (verb)
        {
            case "add" when parts.Count < BroadcastPart.Most:
                parts.Add(new PartInput { Type = value });
                place = $"part-{parts.Count - 1}";
                return true;
            case "remove" when at >= 0 && at < parts.Count:
                parts.RemoveAt(at);
                return true;
            case "up" when at > 0 && at < parts.Count:
                (parts[at - 1], parts[at]) = (parts[at], parts[at - 1]);
                place = $"part-{at - 1}";
                return true;
            case "down" when at >= 0 && at < parts.Count - 1:
                (parts[at + 1], parts[at]) = (parts[at], parts[at + 1]);
                place = $"part-{at + 1}";
                return true;
            case "rule":
                Input.Audience = "rule";
                Input.Rule.Change(value);
                place = "step-audience";
                return true;
            default:
                return false;
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
        Variables = [.. ContentCompiler.SchemaOf(Fields).Names.Select(n => n.Name)];
    }
}
