using Broadcasts.Broadcasting;

namespace Broadcasts.Templates.Library;

/// <summary>What became of a piece of a text.</summary>
internal enum DiffKind
{
    Same,
    Deleted,
    Inserted,
}

/// <summary>A piece of a text, in the order in which both texts are read.</summary>
internal sealed record DiffPiece(DiffKind Kind, string Text);

/// <summary>A text that differs between two versions.</summary>
/// <param name="Language">The language of the content that it is in; null for name, description and languages.</param>
/// <param name="Part">The part that it is in, from 1.</param>
/// <param name="Field">Its name: <c>text</c>, <c>subject</c>.</param>
/// <param name="Pieces">Both texts, cut at words.</param>
internal sealed record FieldDiff(string? Language, int? Part, string Field, IReadOnlyList<DiffPiece> Pieces);

/// <summary>Where two versions of a template differ, word by word.</summary>
internal static class TemplateDiff
{
    public static IReadOnlyList<FieldDiff> Between(TemplateVersion before, TemplateVersion after)
    {
        var (was, now) = (TextsOf(before), TextsOf(after));
        return [.. was.Keys.Union(now.Keys)
            .Select(place => (Place: place, Before: was.GetValueOrDefault(place, ""), After: now.GetValueOrDefault(place, "")))
            .Where(d => d.Before != d.After)
            .Select(d => new FieldDiff(d.Place.Language, d.Place.Part, d.Place.Field, WordDiff.Between(d.Before, d.After)))];
    }

    private static Dictionary<(string? Language, int? Part, string Field), string> TextsOf(TemplateVersion version)
    {
        var contents = version.ReadContent();
        var texts = new Dictionary<(string?, int?, string), string>
        {
            [(null, null, "name")] = version.Name,
            [(null, null, "description")] = version.Description ?? "",
            [(null, null, "languages")] = string.Join(' ', contents.Select(c => c.Language)),
        };
        foreach (var content in contents)
        {
            for (var i = 0; i < content.Parts.Length; i++)
                foreach (var (field, text) in TextsOf(content.Parts[i])) texts[(content.Language, i + 1, field)] = text ?? "";
        }

        return texts;
    }

    private static IEnumerable<(string Field, string? Text)> TextsOf(BroadcastPart part)
    {
        yield return ("type", part.Kind.ToString().ToLowerInvariant());
        IEnumerable<(string, string?)> texts = part switch
        {
            TextPart text => [("text", text.Text)],
            ChoicesPart choices => [("prompt", choices.Prompt), ("options", string.Join('\n', choices.Options))],
            FilePart file => [("fileId", FormattableString.Invariant($"{file.FileId}")), ("caption", file.Caption)],
            EmailPart email => [("subject", email.Subject), ("text", email.Text), ("html", email.Html), ("from", email.From), ("replyTo", email.ReplyTo)],
            TemplatePart template => [("template", $"{template.Name} {template.Language}"), ("parameters", string.Join('\n', template.Parameters.Select(p => $"{p.Component} {p.Name} = {p.Value}")))],
            _ => [],
        };
        foreach (var text in texts) yield return text;
    }
}
