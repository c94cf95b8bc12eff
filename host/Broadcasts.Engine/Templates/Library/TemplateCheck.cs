using Broadcasts.Broadcasting;
using Broadcasts.Contacts;

namespace Broadcasts.Templates.Library;

/// <summary>What must be right before a template is saved: unlike a draft it is never incomplete, because whoever takes it sends it.</summary>
internal sealed class TemplateCheck(BroadcastChecks checks)
{
    public const int LongestName = 100;
    public const int LongestText = 500;

    /// <summary>As it is stored: names without spaces around them, languages by their codes, texts with their names in braces.</summary>
    public static TemplateEdit Normalise(TemplateEdit edit) => edit with
    {
        Name = AddressNormalizer.Trim(edit.Name),
        Description = Blank(edit.Description),
        Note = Blank(edit.Note),
        Languages = [.. (edit.Languages ?? []).Select(l => new LanguageParts { Language = ContentLanguages.CodeOf(l?.Language), Parts = l?.Parts ?? [] })],
    };

    public async Task<Problem[]> CheckAsync(TemplateEdit edit)
    {
        var problems = new List<Problem>();
        if (edit.Name.Length == 0) problems.Add(new("name", "required", "A template needs a name."));
        Length("name", edit.Name, LongestName);
        Length("description", edit.Description, LongestText);
        Length("note", edit.Note, LongestText);
        if (edit.Languages.Length == 0) problems.Add(new("languages", "noContent", "Write at least one message."));
        problems.AddRange(ContentLanguages.Check(edit.Languages, PathOf));
        for (var i = 0; i < Math.Min(edit.Languages.Length, ContentLanguages.Most); i++) await CheckPartsAsync(edit.Languages[i].Parts, PathOf(i), problems);
        return [.. problems];

        void Length(string path, string? text, int longest)
        {
            if (text?.Length > longest) problems.Add(new(path, "tooLong", $"At most {longest} characters; this has {text.Length}.", $"{longest}"));
        }

        static string PathOf(int index) => $"languages[{index}].";
    }

    private async Task CheckPartsAsync(BroadcastPart[] parts, string prefix, List<Problem> problems)
    {
        if (parts.Length == 0) problems.Add(new($"{prefix}parts", "noContent", "Write at least one message."));
        else if (parts.Length > BroadcastPart.Most) problems.Add(new($"{prefix}parts", "tooManyParts", $"A broadcast has at most {BroadcastPart.Most} parts; this one has {parts.Length}.", $"{BroadcastPart.Most}"));
        else await checks.CheckPartsAsync(parts, problems, prefix);
    }

    private static string? Blank(string? text) => AddressNormalizer.Trim(text) is { Length: > 0 } some ? some : null;
}
