using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Templates;

namespace Broadcasts.Deliveries;

/// <summary>A started broadcast, ready to be rendered: parsed once, shared by all its claims. Its content can't change any more.</summary>
internal sealed class BroadcastPlan(Broadcast broadcast, CompiledPart[] parts, TemplateSchema schema, IReadOnlyDictionary<long, UploadedFile> files)
{
    public Broadcast Broadcast { get; } = broadcast;

    /// <summary>Anew with each start of a dispatcher: who lets a broadcast go on starts the count from nothing.</summary>
    public ContentBreaker Breaker { get; } = new(broadcast.ReadSafety().SameFaults ?? BroadcastSafety.UsualSameFaults);

    /// <summary>Whether the workspace's frequency cap holds for it.</summary>
    public bool IsCapped { get; } = broadcast is { Kind: 0 } && !broadcast.ReadSafety().IgnoresFrequencyCap;

    private readonly bool[] _isProviderTemplate = [.. broadcast.ReadParts().Select(p => p is TemplatePart)];

    /// <summary>Whether a part is a template that the provider holds.</summary>
    public bool IsProviderTemplate(int part) => _isProviderTemplate[part];

    /// <summary>When it may write to whom; null: at any time.</summary>
    public SendTimes? Times { get; } = SendTimes.Of(broadcast);

    /// <summary>Custom fields that its texts print; without any, no contact's fields are parsed.</summary>
    public string[] FieldSlugs { get; } =
        [.. parts.SelectMany(p => p.Variables).Where(v => schema.TryFind(v, out var index) && index >= TemplateSchema.FirstField).Select(SlugOf).Distinct()];

    public PartRenderer NewRenderer() => new(parts, schema, files);

    private static string SlugOf(string variable) => variable[(variable.LastIndexOf('.') + 1)..];
}

/// <summary>Makes plans.</summary>
internal sealed class BroadcastPlans(BroadcastStore broadcasts, FieldStore fields, FileStore files)
{
    /// <summary>The plan of a broadcast; null with the problems when its content does not compile (a custom field was deleted, a file is gone).</summary>
    public async Task<(BroadcastPlan? Plan, IReadOnlyList<Problem> Problems)> MakeAsync(long broadcastId, CancellationToken cancellationToken)
    {
        var broadcast = await broadcasts.GetAsync(broadcastId) ?? throw new InvalidOperationException($"Broadcast {broadcastId} does not exist.");
        var schema = ContentCompiler.SchemaOf(await fields.ListAsync(cancellationToken));
        var compiler = new ContentCompiler(schema);
        var parts = broadcast.ReadParts();
        var compiled = compiler.Compile(parts);
        var uploads = await files.LoadAsync(parts);
        var missing = parts.OfType<FilePart>().Where(f => !uploads.ContainsKey(f.FileId)).Select(f => new Problem("parts", "fileGone", $"File {f.FileId} does not exist any more. Upload it again.", $"{f.FileId}"));
        Problem[] problems = [.. compiler.Problems, .. missing];
        return problems.Length > 0 ? (null, problems) : (new BroadcastPlan(broadcast, compiled, schema, uploads), []);
    }
}
