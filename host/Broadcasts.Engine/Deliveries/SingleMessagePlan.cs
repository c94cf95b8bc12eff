using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;

namespace Broadcasts.Deliveries;

/// <summary>The plan of a channel's home of single messages: each row has a text of its own, read and parsed when it is claimed.</summary>
internal sealed class SingleMessagePlan(Broadcast home, SingleMessageStore messages, FieldStore fields, FileStore files)
    : BroadcastPlan(home, new CompiledContent([]), ContentCompiler.SchemaOf([]), new Dictionary<long, UploadedFile>())
{
    public override async ValueTask<ClaimContent> ContentAsync(IReadOnlyList<ClaimedRow> rows, CancellationToken cancellationToken)
    {
        var texts = await messages.ContentAsync(rows.Select(r => r.Id));
        var schema = ContentCompiler.SchemaOf(await fields.ListAsync(cancellationToken));
        var (parts, indexes, faults) = (new List<CompiledPart>(), new Dictionary<long, int>(), new Dictionary<long, string>());
        foreach (var (id, text) in texts)
        {
            // A custom field that was deleted since is this message's end, not its neighbours'.
            var compiler = new ContentCompiler(schema);
            var compiled = compiler.Compile([JsonSerializer.Deserialize<BroadcastPart>(text, BroadcastJson.Options)!]);
            if (compiler.Problems.Count > 0) faults[id] = compiler.Problems[0].Message;
            indexes[id] = parts.Count;
            parts.AddRange(compiled);
        }

        CompiledPart[] all = [.. parts];
        return new ClaimContent
        {
            Renderer = new PartRenderer(new CompiledContent(all), schema, await files.LoadAsync(all.Select(p => p.Part))),
            FieldSlugs = SlugsOf(all, schema),
            PartOf = row => indexes[row.Id],
            AsksToConfirm = all.Any(p => p.AsksToConfirm) ? row => all[indexes[row.Id]].AsksToConfirm : null,
            Faults = faults,
        };
    }
}
