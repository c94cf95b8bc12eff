using Broadcasts.Broadcasting;
using Broadcasts.Templates.Library;

namespace Broadcasts.Admin.Forms;

/// <summary>A template as its page's form gives it.</summary>
public sealed class TemplateInput
{
    public string? Name { get; set; }

    public string? Description { get; set; }

    public List<LanguageInput> Languages { get; set; } = [];

    /// <summary>Why it is changed.</summary>
    public string? Note { get; set; }

    /// <summary>The version that was loaded: a later save by somebody else is not overwritten.</summary>
    public int Version { get; set; }

    /// <summary>The code of a language that is to be added.</summary>
    public string? NewLanguage { get; set; }

    /// <summary>As whom the preview shows it: number, e-mail address or phone of a contact.</summary>
    public string? As { get; set; }

    internal TemplateEdit ToEdit() => new()
    {
        Name = Name ?? "", Description = Description, Note = Note,
        Languages = [.. Languages.Select(l => new LanguageParts { Language = ContentLanguages.CodeOf(l.Language), Parts = [.. l.Parts.Select(p => p.ToPart())] })],
    };

    internal static TemplateInput Of(StoredTemplate template) => new()
    {
        Name = template.Name, Description = template.Description, Version = template.Version,
        Languages = [.. template.ReadContent().Select(l => new LanguageInput { Language = l.Language, Parts = [.. l.Parts.Select(PartInput.Of)] })],
    };

    /// <summary>
    /// Changes the form's own shape: <c>add:0.text</c>, <c>up:0.1</c>, <c>down:0.1</c>, <c>remove:0.1</c>, <c>language</c>, <c>first:1</c>, <c>drop:1</c>. Parts come, move and go in every language at once: each has the same.
    /// </summary>
    /// <param name="act">The verb of the button.</param>
    /// <param name="place">Where the change was made.</param>
    /// <returns>False when it is none.</returns>
    internal bool Change(string act, out string place)
    {
        var (verb, value) = act.Split(':') is [var v, var x] ? (v, x) : (act, "");
        var (language, rest) = value.Split('.') is [var l, var r] ? (Number(l), r) : (Number(value), "");
        var at = Number(rest);
        place = "languages";
        switch (verb)
        {
            case "add" when PartInput.Types.Any(t => t.Type == rest) && Languages.TrueForAll(l => l.Parts.Count < BroadcastPart.Most):
                place = $"l{language}-part-{Languages[0].Parts.Count}";
                Languages.ForEach(l => l.Parts.Add(new PartInput { Type = rest }));
                return true;
            case "up" or "down" or "remove":
                Languages.ForEach(l => l.Change(verb, at));
                place = $"l{language}-part-{(verb == "up" ? at - 1 : verb == "down" ? at + 1 : Math.Max(0, at - 1))}";
                return true;
            case "language" when Languages.Count < ContentLanguages.Most:
                place = $"language-{Languages.Count}";
                // What is translated is there to be written over.
                Languages.Add(new LanguageInput { Language = ContentLanguages.CodeOf(NewLanguage), Parts = [.. Languages[0].Parts.Select(p => PartInput.Of(p.ToPart()))] });
                NewLanguage = null;
                return true;
            case "first" when language > 0 && language < Languages.Count:
                var first = Languages[language];
                Languages.RemoveAt(language);
                Languages.Insert(0, first);
                place = "language-0";
                return true;
            case "drop" when Languages.Count > 1 && language >= 0 && language < Languages.Count:
                Languages.RemoveAt(language);
                return true;
            default:
                return false;
        }
    }

    private static int Number(string text) => int.TryParse(text, out var number) ? number : -1;
}

/// <summary>One language of a template as the form gives it.</summary>
public sealed class LanguageInput
{
    public string? Language { get; set; }

    public List<PartInput> Parts { get; set; } = [];

    internal void Change(string verb, int at)
    {
        if (at < 0 || at >= Parts.Count) return;
        if (verb == "remove") Parts.RemoveAt(at);
        else if (verb == "up" && at > 0) (Parts[at - 1], Parts[at]) = (Parts[at], Parts[at - 1]);
        else if (verb == "down" && at < Parts.Count - 1) (Parts[at + 1], Parts[at]) = (Parts[at], Parts[at + 1]);
    }
}
