using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Templates;
using NodaTime;

namespace Broadcasts.Broadcasting;

/// <summary>A rendered part, or why this recipient gets none.</summary>
internal readonly record struct RenderedPart(MessageContent? Content, SkipReason Reason, string? Detail)
{
    /// <summary>What it stopped at; null when it did not.</summary>
    public RenderFailure? Failure { get; init; }

    /// <summary>The text at which it did, by its place among the part's own.</summary>
    public int TextIndex { get; init; }
}

/// <summary>Puts a recipient's values into the compiled parts of one broadcast. One per worker: the row of values is reused.</summary>
internal sealed class PartRenderer(CompiledContent content, TemplateSchema schema, IReadOnlyDictionary<long, UploadedFile> files)
{
    private CompiledPart[] _parts = content.Parts;

    /// <summary>The recipient's values; fill it before <see cref="Render"/>.</summary>
    public RenderValues Values { get; } = new(schema);

    /// <summary>Takes a recipient's values, language and zone.</summary>
    public void Fill(RenderingContact contact)
    {
        _parts = content.For(contact.Language);
        Values.SetContact(contact.FirstName, contact.LastName, contact.Email, contact.Phone, contact.Language, contact.Country);
        Values.SetFields(contact.Fields.Select(f => KeyValuePair.Create(f.Key, (string?)f.Value)));
        Values.Culture = RenderCulture.Of(contact.Language, contact.Country);
        Values.Zone = contact.TimeZone is { } zone && DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is { } known ? known : DateTimeZone.Utc;
    }

    public RenderedPart Render(int index)
    {
        var compiled = _parts[index];
        var texts = new string?[compiled.Texts.Length];
        for (var i = 0; i < texts.Length; i++)
        {
            if (compiled.Texts[i] is not { } template) continue;
            var result = template.Render(Values);
            if (!result.Succeeded) return new(null, result.Failure is MissingValue ? SkipReason.MissingValue : SkipReason.TemplateFault, result.Failure.ToString()) { Failure = result.Failure, TextIndex = i };
            texts[i] = result.Text;
        }

        return new(Content(compiled.Part, texts), default, null);
    }

    private MessageContent Content(BroadcastPart part, string?[] texts) => part switch
    {
        TextPart => new TextContent { Text = texts[0]! },
        ChoicesPart => new ChoicesContent { Prompt = texts[0]!, Options = [.. texts.Skip(1).Select(t => t!)] },
        FilePart file => new FileContent { FileName = files[file.FileId].Name, MediaType = files[file.FileId].MediaType, Bytes = files[file.FileId].Content, Caption = texts[0] },
        TemplatePart template => new TemplateContent
        {
            Name = template.Name,
            Language = template.Language,
            Parameters = [.. template.Parameters.Select((p, i) => new TemplateParameter { Component = p.Component, Name = p.Name, Value = texts[i]! })],
        },
        EmailPart => new EmailContent { Subject = texts[0]!, Text = texts[1], Html = texts[2], From = texts[3], ReplyTo = texts[4] },
        _ => throw new InvalidOperationException($"A part of kind {part.Kind} is not known."),
    };
}
