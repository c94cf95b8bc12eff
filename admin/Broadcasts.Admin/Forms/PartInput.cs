using Broadcasts.Broadcasting;
using Broadcasts.Templates;
using Microsoft.AspNetCore.Http;

namespace Broadcasts.Admin.Forms;

/// <summary>One part as a form gives it; which fields count follows from its type.</summary>
public sealed class PartInput
{
    public static IReadOnlyList<(string Type, string Icon)> Types { get; } =
        [("text", "text"), ("choices", "choices"), ("file", "file"), ("email", "mail"), ("template", "template")];

    public string Type { get; set; } = "text";

    public string? Text { get; set; }

    /// <summary>One option per line.</summary>
    public string? Options { get; set; }

    public long? FileId { get; set; }

    /// <summary>A file that comes with this post.</summary>
    public IFormFile? Upload { get; set; }

    public string? Subject { get; set; }

    public string? Html { get; set; }

    public string? From { get; set; }

    public string? ReplyTo { get; set; }

    public string? Name { get; set; }

    public string? Language { get; set; }

    /// <summary>One parameter per line: <c>body = {{ contact.first_name }}</c>.</summary>
    public string? Parameters { get; set; }

    /// <summary>The field in which its writing begins.</summary>
    internal string FirstField => Type switch { "email" => "subject", "file" => "upload", "template" => "name", _ => "text" };

    internal BroadcastPart ToPart() => Type switch
    {
        "choices" => new ChoicesPart { Prompt = Template(Text), Options = [.. Lines(Options).Select(MessageTemplate.Normalise)] },
        "file" => new FilePart { FileId = FileId ?? 0, Caption = Blank(Text) },
        "email" => new EmailPart { Subject = Template(Subject), Text = Blank(Text), Html = Blank(Html), From = Blank(From), ReplyTo = Blank(ReplyTo) },
        "template" => new TemplatePart { Name = Name?.Trim() ?? "", Language = Language?.Trim() ?? "", Parameters = [.. Lines(Parameters).Select(ReadParameter)] },
        _ => new TextPart { Text = Template(Text) },
    };

    internal static PartInput Of(BroadcastPart part) => part switch
    {
        TextPart text => new() { Type = "text", Text = text.Text },
        ChoicesPart choices => new() { Type = "choices", Text = choices.Prompt, Options = string.Join('\n', choices.Options) },
        FilePart file => new() { Type = "file", FileId = file.FileId, Text = file.Caption },
        EmailPart email => new() { Type = "email", Subject = email.Subject, Text = email.Text, Html = email.Html, From = email.From, ReplyTo = email.ReplyTo },
        TemplatePart template => new()
        {
            Type = "template",
            Name = template.Name,
            Language = template.Language,
            Parameters = string.Join('\n', template.Parameters.Select(p => $"{p.Component}{(p.Name is null ? "" : "." + p.Name)} = {p.Value}")),
        },
        _ => throw new InvalidOperationException($"A part of kind {part.Kind} is not known."),
    };

    private static TemplatePartParameter ReadParameter(string line)
    {
        var at = line.IndexOf('=', StringComparison.Ordinal);
        var (place, value) = at < 0 ? ("body", line) : (line[..at].Trim(), line[(at + 1)..].Trim());
        var dot = place.IndexOf('.', StringComparison.Ordinal);
        return new() { Component = dot < 0 ? place : place[..dot], Name = dot < 0 ? null : place[(dot + 1)..], Value = MessageTemplate.Normalise(value) };
    }

    // Browsers send CRLF; what was written was a line break.
    private static string Template(string? text) => MessageTemplate.Normalise((text ?? "").ReplaceLineEndings("\n"));

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : Template(text);

    private static string[] Lines(string? text) => (text ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
