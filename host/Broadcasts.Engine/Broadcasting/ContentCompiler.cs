using System.Text.Json;
using Broadcasts.Contacts;
using Broadcasts.Templates;

namespace Broadcasts.Broadcasting;

/// <summary>Parses every text of a broadcast's parts once, and says what is wrong with them.</summary>
internal sealed class ContentCompiler(TemplateSchema schema)
{
    private readonly List<Problem> _problems = [];

    /// <summary>The names that templates may use in this installation.</summary>
    public static TemplateSchema SchemaOf(IEnumerable<ContactField> fields) =>
        new(fields.Select(f => new TemplateField(f.Slug, f.Type switch
        {
            FieldType.Number => TemplateValueType.Number,
            FieldType.Checkbox => TemplateValueType.Boolean,
            FieldType.Date => TemplateValueType.Date,
            FieldType.Time => TemplateValueType.Time,
            _ => TemplateValueType.Text,
        })));

    /// <summary>Reads an array of parts; null with a problem when it is none.</summary>
    public static BroadcastPart[]? Read(string json, List<Problem> problems)
    {
        try
        {
            var parts = JsonSerializer.Deserialize<BroadcastPart[]>(json, BroadcastJson.Options) ?? [];
            if (parts.Length > BroadcastPart.Most) problems.Add(new("parts", "tooManyParts", $"A broadcast has at most {BroadcastPart.Most} parts; this one has {parts.Length}.", $"{BroadcastPart.Most}"));
            return parts;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            problems.Add(new("parts", "notParts", $"The parts can't be read: {e.Message}"));
            return null;
        }
    }

    /// <summary>Compiles all parts. The result is usable only when <see cref="Problems"/> stays empty.</summary>
    public CompiledPart[] Compile(IReadOnlyList<BroadcastPart> parts, string prefix = "") => [.. parts.Select((part, index) => Compile(part, $"{prefix}parts[{index}]"))];

    /// <summary>Compiles the parts and those of the other languages.</summary>
    public CompiledContent Compile(IReadOnlyList<BroadcastPart> parts, ContentLanguages? languages) => new(Compile(parts))
    {
        Languages = languages is null ? [] : [languages.Language, .. languages.Variants.Select(v => v.Language)],
        Variants = languages is null ? [] : [.. languages.Variants.Select((v, i) => Compile(v.Parts, $"variants[{i}]."))],
    };

    public IReadOnlyList<Problem> Problems => _problems;

    private CompiledPart Compile(BroadcastPart part, string path) => part switch
    {
        TextPart text => new CompiledPart(part, [Needed(text.Text, $"{path}.text", TemplateFormat.Text)]),
        ChoicesPart choices => new CompiledPart(part, [Needed(choices.Prompt, $"{path}.prompt", TemplateFormat.Text), .. Options(choices, path)]),
        FilePart file => new CompiledPart(part, [Optional(file.Caption, $"{path}.caption", TemplateFormat.Text)]),
        TemplatePart template => new CompiledPart(part, [.. template.Parameters.Select((p, i) => Needed(p.Value, $"{path}.parameters[{i}].value", TemplateFormat.Line))]),
        EmailPart email => new CompiledPart(part, Email(email, path)),
        null => Nothing(path),
        _ => throw new InvalidOperationException($"A part of kind {part.Kind} is not known."),
    };

    private CompiledPart Nothing(string path)
    {
        _problems.Add(new(path, "noPart", "This part is null: write an object with its type, or take it out."));
        return new CompiledPart(new TextPart { Text = "" }, []);
    }

    private IEnumerable<MessageTemplate?> Options(ChoicesPart choices, string path)
    {
        if (choices.Options is null or { Length: 0 }) _problems.Add(new($"{path}.options", "noOptions", "A choices part needs at least one option."));
        if (choices.Options is null) return [];
        return choices.Options.Select((o, i) => Needed(o, $"{path}.options[{i}]", TemplateFormat.Line));
    }

    private MessageTemplate?[] Email(EmailPart email, string path)
    {
        if (string.IsNullOrWhiteSpace(email.Text) && string.IsNullOrWhiteSpace(email.Html))
            _problems.Add(new($"{path}.text", "noBody", "An e-mail needs a text, an HTML body or both."));
        return
        [
            Needed(email.Subject, $"{path}.subject", TemplateFormat.Line), Optional(email.Text, $"{path}.text", TemplateFormat.Text),
            Optional(email.Html, $"{path}.html", TemplateFormat.Html), Optional(email.From, $"{path}.from", TemplateFormat.Line),
            Optional(email.ReplyTo, $"{path}.replyTo", TemplateFormat.Line),
        ];
    }

    private MessageTemplate? Needed(string? text, string path, TemplateFormat format)
    {
        if (!string.IsNullOrWhiteSpace(text)) return Optional(text, path, format);
        _problems.Add(new(path, "emptyText", "This text is empty."));
        return null;
    }

    private MessageTemplate? Optional(string? text, string path, TemplateFormat format)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        if (MessageTemplate.TryParse(text, format, schema, out var template, out var problems)) return template;
        foreach (var p in problems)
            _problems.Add(new(path, p.Code, $"line {p.Line}, column {p.Column}: {p.Message}", $"{p.Line}", $"{p.Column}", p.Subject ?? "", p.Suggestion ?? ""));
        return null;
    }
}

/// <summary>A broadcast's parsed parts, in its own language and in the others.</summary>
/// <param name="Parts">Its own, which everybody gets who reads none of the others.</param>
internal sealed record CompiledContent(CompiledPart[] Parts)
{
    /// <summary>The language of its own parts and those of <see cref="Variants"/>; empty when it has one language and does not say which.</summary>
    public string[] Languages { get; init; } = [];

    public CompiledPart[][] Variants { get; init; } = [];

    /// <summary>The parts of every language.</summary>
    public IEnumerable<CompiledPart> All => Variants.Aggregate(Parts.AsEnumerable(), (all, variant) => all.Concat(variant));

    /// <summary>The parts that somebody gets, by the language that he reads.</summary>
    public CompiledPart[] For(string? language) => Variants.Length > 0 && ContentLanguages.Choose(Languages, language) is > 0 and var at ? Variants[at - 1] : Parts;
}

/// <summary>A part with its parsed texts, in the order of the part's own texts; null where a text is absent.</summary>
internal sealed record CompiledPart(BroadcastPart Part, MessageTemplate?[] Texts)
{
    /// <summary>Slugs of the custom fields that it prints.</summary>
    public IEnumerable<string> Variables => Texts.Where(t => t is not null).SelectMany(t => t!.Variables);

    /// <summary>It asks its recipient to confirm that he wants to be written to.</summary>
    public bool AsksToConfirm => Variables.Contains(TemplateSchema.ConfirmLinkName);
}
