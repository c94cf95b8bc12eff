using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;

namespace Broadcasts.Templates.Library;

/// <summary>What one reader gets of a content.</summary>
/// <param name="Language">The language that was chosen for him.</param>
/// <param name="Parts">One each.</param>
internal sealed record ContentPreview(string Language, IReadOnlyList<PartPreview> Parts);

/// <summary>What a text that names its broadcast and its channel prints; null where none is known.</summary>
internal sealed record PreviewNames(string? Broadcast, string? Channel);

/// <summary>A part as one reader gets it.</summary>
/// <param name="Content">The message; null when he gets none.</param>
internal sealed record PartPreview(MessageContent? Content)
{
    /// <summary>The field of the part at which it stopped: <c>text</c>, <c>options[1]</c>.</summary>
    public string? Field { get; init; }

    /// <summary>Why there is none.</summary>
    public RenderFailure? Failure { get; init; }

    public SkipReason Reason { get; init; }

    /// <summary>Characters that he reads, as people count them.</summary>
    public int Characters { get; init; }

    /// <summary>What the text costs as SMS; null when it is no text.</summary>
    public SmsSegmentCount? Sms { get; init; }
}

/// <summary>Shows a content as its readers get it, by the same code that sends it.</summary>
internal sealed class TemplatePreviews(FieldStore fields, FileStore files, ContactQueries contacts, MessageLinks links, TimeProvider time)
{
    /// <summary>What each of the readers gets; null with the problems when the content can't be read at all.</summary>
    public async Task<IReadOnlyList<ContentPreview>?> RenderAsync(LanguageParts[] contents, IReadOnlyList<RenderingContact> readers, List<Problem> problems, PreviewNames? names = null, CancellationToken cancellationToken = default)
    {
        var schema = ContentCompiler.SchemaOf(await fields.ListAsync(cancellationToken));
        var compiler = new ContentCompiler(schema);
        var compiled = contents.Select((content, i) => compiler.Compile(content.Parts ?? [], $"languages[{i}].")).ToList();
        problems.AddRange(compiler.Problems);
        // One language alone need not say which it is.
        if (contents.Length > 1) problems.AddRange(ContentLanguages.Check(contents, i => $"languages[{i}]."));
        if (contents.Length == 0 || problems.Count > 0) return null;

        var content = new CompiledContent(compiled[0]) { Languages = [.. contents.Select(c => c.Language)], Variants = [.. compiled.Skip(1)] };
        var known = await files.NamesAsync(content.All.Select(p => p.Part));
        var renderer = new PartRenderer(content, schema, known);
        renderer.Values.Now = time.GetUtcNow();
        renderer.Values.Set(TemplateSchema.BroadcastName, names?.Broadcast ?? "Preview");
        renderer.Values.Set(TemplateSchema.ChannelName, names?.Channel ?? "Preview");
        renderer.Values.SetLinks(links.Samples.OptOut ?? "https://example.org/o/…", links.Samples.Confirm ?? "https://example.org/c/…");
        return [.. readers.Select(reader => Render(renderer, content, reader, known))];
    }

    /// <summary>A contact with all of its fields; null when there is none.</summary>
    public async Task<RenderingContact?> ReaderAsync(long contactId, CancellationToken cancellationToken = default) =>
        await contacts.GetAsync(contactId, cancellationToken) is not { } contact ? null : new RenderingContact
        {
            Id = contact.Id, Revision = contact.Revision, FirstName = contact.FirstName, LastName = contact.LastName, Language = contact.Language, Country = contact.Country, TimeZone = contact.TimeZone,
            Fields = contact.Fields.ToDictionary(f => f.Key, f => f.Value), Addresses = [.. contact.Addresses.Select(a => new ContactAddress(a.Id, a.Kind, a.Value))],
        };

    private static ContentPreview Render(PartRenderer renderer, CompiledContent content, RenderingContact reader, IReadOnlyDictionary<long, UploadedFile> names)
    {
        renderer.Fill(reader);
        var parts = content.For(reader.Language);
        var language = content.Languages.ElementAtOrDefault(Array.IndexOf(content.Variants, parts) + 1) ?? "";
        return new ContentPreview(language, [.. parts.Select((part, i) => part.Part is FilePart file && !names.ContainsKey(file.FileId) ? new PartPreview(null as MessageContent) { Field = "fileId" } : Of(part.Part, renderer.Render(i)))]);
    }

    private static PartPreview Of(BroadcastPart part, RenderedPart rendered)
    {
        if (rendered.Content is not { } content) return new PartPreview(null as MessageContent) { Failure = rendered.Failure, Reason = rendered.Reason, Field = FieldOf(part, rendered.TextIndex) };
        var text = content switch
        {
            TextContent plain => plain.Text,
            ChoicesContent choices => string.Join('\n', [choices.Prompt, .. choices.Options.Select((o, i) => FormattableString.Invariant($"{i + 1}. {o}"))]),
            EmailContent email => email.Text ?? email.Html ?? "",
            FileContent file => file.Caption ?? "",
            TemplateContent template => string.Join('\n', template.Parameters.Select(p => p.Value)),
            _ => "",
        };
        return new PartPreview(content) { Characters = new System.Globalization.StringInfo(text).LengthInTextElements, Sms = content is TextContent or ChoicesContent ? SmsSegments.Count(text) : null };
    }

    private static string FieldOf(BroadcastPart part, int index) => part switch
    {
        ChoicesPart => index == 0 ? "prompt" : FormattableString.Invariant($"options[{index - 1}]"),
        FilePart => "caption",
        TemplatePart => FormattableString.Invariant($"parameters[{index}].value"),
        EmailPart => ((string[])["subject", "text", "html", "from", "replyTo"])[index],
        _ => "text",
    };
}
