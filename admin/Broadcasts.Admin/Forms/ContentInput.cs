using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>What messages say as a page's form gives it: the same parts in one language or in several. Of a broadcast, of a template.</summary>
public abstract class ContentInput
{
    /// <summary>The first is that of everybody who reads none of the others.</summary>
    public List<LanguageInput> Languages { get; set; } = [];

    /// <summary>The code of a language that is to be added.</summary>
    public string? NewLanguage { get; set; }

    /// <summary>
    /// Changes the form's own shape: <c>add:text</c>, <c>up:1</c>, <c>down:1</c>, <c>move:1.0</c>, <c>remove:1</c>, <c>language</c>, <c>first:1</c>, <c>drop:1</c>. Parts come, move and go in every language at once: each has the same.
    /// </summary>
    /// <param name="act">The verb of the button.</param>
    /// <param name="usual">The code of the first language when it has none and another one comes.</param>
    /// <returns>Where the change is seen; null when it is none.</returns>
    internal ContentChange? Change(string act, string usual)
    {
        if (Languages.Count == 0) return null;
        var (verb, value) = act.Split(':') is [var v, var x] ? (v, x) : (act, "");
        var (at, to) = value.Split('.') is [var from, var upTo] ? (Number(from), Number(upTo)) : (Number(value), -1);
        return verb switch
        {
            "add" when PartInput.Types.Any(t => t.Type == value) && Languages.TrueForAll(l => l.Parts.Count < BroadcastPart.Most) => Add(value),
            "up" => Move(at, at - 1, "up"),
            "down" => Move(at, at + 1, "down"),
            "move" => Move(at, to, to < at ? "up" : "down"),
            "remove" when Has(at) => Remove(at),
            "language" when Languages.Count < ContentLanguages.Most => AddLanguage(usual),
            "first" when at > 0 && at < Languages.Count => First(at),
            "drop" when Languages.Count > 1 && at >= 0 && at < Languages.Count => Drop(at),
            _ => null,
        };
    }

    /// <summary>Keeps the files that came with the form.</summary>
    internal async Task UploadAsync(FileStore files, string actor, Func<int, string> pathOf, List<Problem> problems)
    {
        for (var l = 0; l < Languages.Count; l++)
        {
            for (var i = 0; i < Languages[l].Parts.Count; i++)
            {
                var part = Languages[l].Parts[i];
                if (part.Upload is not { Length: > 0 } upload) continue;
                if (upload.Length > FileStore.MostBytes)
                {
                    problems.Add(new($"{pathOf(l)}parts[{i}].fileId", "fileTooLarge", $"The file is larger than {FileStore.MostBytes / 1024 / 1024} MB.", Show.Size(upload.Length), Show.Size(FileStore.MostBytes)));
                    continue;
                }

                using var content = new MemoryStream((int)upload.Length);
                await upload.CopyToAsync(content);
                part.FileId = await files.AddAsync(Path.GetFileName(upload.FileName), upload.ContentType ?? "application/octet-stream", content.ToArray(), actor);
            }
        }
    }

    internal LanguageParts[] ToContents() => [.. Languages.Select(l => new LanguageParts { Language = ContentLanguages.CodeOf(l.Language), Parts = [.. l.Parts.Select(p => p.ToPart())] })];

    private bool Has(int part) => part >= 0 && Languages.TrueForAll(l => part < l.Parts.Count);

    private ContentChange Add(string type)
    {
        Languages.ForEach(l => l.Parts.Add(new PartInput { Type = type }));
        var parts = Languages[0].Parts;
        return new($"part-{parts.Count - 1}-{parts[^1].FirstField}");
    }

    private ContentChange? Move(int from, int to, string way)
    {
        if (from == to || !Has(from) || !Has(to)) return null;
        foreach (var parts in Languages.Select(l => l.Parts))
        {
            var part = parts[from];
            parts.RemoveAt(from);
            parts.Insert(to, part);
        }

        // The button that goes on with it; where it can go no further, the one back.
        var next = to == 0 ? "down" : to == Languages[0].Parts.Count - 1 ? "up" : way;
        return new($"part-{to}-{next}") { Moved = (from, to) };
    }

    private ContentChange Remove(int at)
    {
        Languages.ForEach(l => l.Parts.RemoveAt(at));
        return new("parts");
    }

    private ContentChange AddLanguage(string usual)
    {
        var code = ContentLanguages.CodeOf(NewLanguage);
        if (code.Length == 0) return new("new-language");
        if (string.IsNullOrWhiteSpace(Languages[0].Language)) Languages[0].Language = usual;
        // What is translated is there to be written over.
        Languages.Add(new LanguageInput { Language = code, Parts = [.. Languages[0].Parts.Select(p => PartInput.Of(p.ToPart()))] });
        NewLanguage = null;
        return new($"language-{Languages.Count - 1}");
    }

    private ContentChange First(int at)
    {
        var first = Languages[at];
        Languages.RemoveAt(at);
        Languages.Insert(0, first);
        return new("language-0");
    }

    private ContentChange Drop(int at)
    {
        Languages.RemoveAt(at);
        return new("languages");
    }

    private static int Number(string text) => int.TryParse(text, out var number) ? number : -1;
}

/// <summary>A change of a form's own shape.</summary>
/// <param name="Place">The id of the element where it is seen.</param>
internal sealed record ContentChange(string Place)
{
    /// <summary>From which place to which a part went, both from 0.</summary>
    public (int From, int To)? Moved { get; init; }
}

/// <summary>One language of a content as the form gives it.</summary>
public sealed class LanguageInput
{
    public string? Language { get; set; }

    public List<PartInput> Parts { get; set; } = [];

    internal static LanguageInput Of(string? language, IEnumerable<BroadcastPart> parts) => new() { Language = language, Parts = [.. parts.Select(PartInput.Of)] };
}
