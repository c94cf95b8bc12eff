using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Templates;

namespace Broadcasts.Deliveries;

/// <summary>A started broadcast, ready to be rendered: parsed once, shared by all its claims. Its content can't change any more.</summary>
internal class BroadcastPlan(Broadcast broadcast, CompiledContent content, TemplateSchema schema, IReadOnlyDictionary<long, UploadedFile> files)
{
    public Broadcast Broadcast { get; } = broadcast;

    /// <summary>Anew with each start of a dispatcher: who lets a broadcast go on starts the count from nothing. Single messages have nothing in common.</summary>
    public ContentBreaker Breaker { get; } = new(broadcast.Kind == Broadcasting.Broadcast.SingleMessages ? 0 : broadcast.ReadSafety().SameFaults ?? BroadcastSafety.UsualSameFaults);

    /// <summary>Whether the workspace's frequency cap holds for it.</summary>
    public bool IsCapped { get; } = broadcast is { Kind: 0 } && !broadcast.ReadSafety().IgnoresFrequencyCap;

    /// <summary>When it may write to whom; null: at any time.</summary>
    public SendTimes? Times { get; } = SendTimes.Of(broadcast);

    /// <summary>Custom fields that its texts print; without any, no contact's fields are parsed.</summary>
    public string[] FieldSlugs { get; } = SlugsOf(content.All, schema);

    /// <summary>Its rows are single messages: they go before every broadcast, and there is no end to them.</summary>
    public bool IsSingle => Broadcast.Kind == Broadcasting.Broadcast.SingleMessages;

    /// <summary>It asks its recipients to confirm: those who have to do so first get it too.</summary>
    public bool AsksToConfirm { get; } = content.All.Any(p => p.AsksToConfirm);

    public PartRenderer NewRenderer() => new(content, schema, files);

    /// <summary>What the rows of a claim say.</summary>
    public virtual ValueTask<ClaimContent> ContentAsync(IReadOnlyList<ClaimedRow> rows, CancellationToken cancellationToken) =>
        new(new ClaimContent { Renderer = NewRenderer(), FieldSlugs = FieldSlugs, PartOf = static row => row.Part, AsksToConfirm = AsksToConfirm ? static _ => true : null });

    protected static string[] SlugsOf(IEnumerable<CompiledPart> parts, TemplateSchema schema) =>
        [.. parts.SelectMany(p => p.Variables).Where(v => schema.TryFind(v, out var index) && index >= TemplateSchema.FirstField).Select(SlugOf).Distinct()];

    private static string SlugOf(string variable) => variable[(variable.LastIndexOf('.') + 1)..];
}

/// <summary>The parsed texts of a claim's rows.</summary>
internal sealed class ClaimContent
{
    public required PartRenderer Renderer { get; init; }

    /// <summary>Custom fields that the texts print.</summary>
    public required string[] FieldSlugs { get; init; }

    /// <summary>Which of the renderer's parts a row says.</summary>
    public required Func<ClaimedRow, int> PartOf { get; init; }

    /// <summary>Which rows ask their recipient to confirm; null when none does.</summary>
    public Func<ClaimedRow, bool>? AsksToConfirm { get; init; }

    /// <summary>Rows whose text can't be rendered any more, and why.</summary>
    public IReadOnlyDictionary<long, string> Faults { get; init; } = new Dictionary<long, string>();
}

/// <summary>Makes plans.</summary>
internal sealed class BroadcastPlans(BroadcastStore broadcasts, SingleMessageStore messages, FieldStore fields, FileStore files)
{
    /// <summary>The plan of a broadcast; null with the problems when its content does not compile (a custom field was deleted, a file is gone).</summary>
    public async Task<(BroadcastPlan? Plan, IReadOnlyList<Problem> Problems)> MakeAsync(long broadcastId, CancellationToken cancellationToken)
    {
        var broadcast = await broadcasts.GetAsync(broadcastId, orHome: true) ?? throw new InvalidOperationException($"Broadcast {broadcastId} does not exist.");
        if (broadcast.Kind == Broadcast.SingleMessages) return (new SingleMessagePlan(broadcast, messages, fields, files), []);
        var schema = ContentCompiler.SchemaOf(await fields.ListAsync(cancellationToken));
        var compiler = new ContentCompiler(schema);
        var content = compiler.Compile(broadcast.ReadParts(), broadcast.ReadLanguages());
        BroadcastPart[] parts = [.. content.All.Select(p => p.Part)];
        var uploads = await files.LoadAsync(parts);
        var missing = parts.OfType<FilePart>().Where(f => !uploads.ContainsKey(f.FileId)).Select(f => new Problem("parts", "fileGone", $"File {f.FileId} does not exist any more. Upload it again.", $"{f.FileId}"));
        Problem[] problems = [.. compiler.Problems, .. missing];
        return problems.Length > 0 ? (null, problems) : (new BroadcastPlan(broadcast, content, schema, uploads), []);
    }
}
