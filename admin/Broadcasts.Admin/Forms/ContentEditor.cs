using Broadcasts.Broadcasting;

namespace Broadcasts.Admin.Forms;

/// <summary>A content that is being written, in all of its languages.</summary>
internal sealed class ContentEditor(ContentInput input, Func<int, string> pathOf)
{
    /// <summary>A broadcast's own parts are its first language; the others are its variants.</summary>
    public static string BroadcastPath(int language) => language == 0 ? "" : $"variants[{language - 1}].";

    public static string TemplatePath(int language) => $"languages[{language}].";

    public ContentInput Input => input;

    /// <summary>One language alone need not say which it is.</summary>
    public required bool NamesItsLanguage { get; init; }

    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>The chosen channel's abilities; null before one is chosen.</summary>
    public required TransportCapabilities? Capabilities { get; init; }

    public required IReadOnlyList<FileRow> Files { get; init; }

    public required IReadOnlyList<string> Variables { get; init; }

    public bool IsEditable { get; init; } = true;

    /// <summary>The languages in their order.</summary>
    public IReadOnlyList<IPartEditor> Languages => [.. input.Languages.Select((_, i) => new LanguageEditor(this, i))];

    public int Parts => input.Languages.Count == 0 ? 0 : input.Languages[0].Parts.Count;

    /// <summary>What is wrong with a language as a whole.</summary>
    public IEnumerable<Problem> Of(int language) => Problems.Where(p => p.Path == $"{pathOf(language)}language" || pathOf(language).Length > 0 && p.Path == $"{pathOf(language)}parts");

    private string PathOf(int language) => pathOf(language);

    private sealed class LanguageEditor(ContentEditor content, int language) : IPartEditor
    {
        public IReadOnlyList<PartInput> Parts => content.Input.Languages[language].Parts;

        public string Prefix => $"Input.Languages[{language}]";

        public string IdPrefix => language == 0 ? "" : $"l{language}-";

        public TransportCapabilities? Capabilities => content.Capabilities;

        public IReadOnlyList<FileRow> Files => content.Files;

        public IReadOnlyList<string> Variables => content.Variables;

        public IEnumerable<Problem> At(string path) => content.Problems.Where(p => p.Path.StartsWith(content.PathOf(language) + path, StringComparison.Ordinal));
    }
}
