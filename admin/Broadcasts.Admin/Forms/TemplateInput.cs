using Broadcasts.Templates.Library;

namespace Broadcasts.Admin.Forms;

/// <summary>A template as its page's form gives it.</summary>
public sealed class TemplateInput : ContentInput
{
    public string? Name { get; set; }

    public string? Description { get; set; }

    /// <summary>Why it is changed.</summary>
    public string? Note { get; set; }

    /// <summary>The version that was loaded: a later save by somebody else is not overwritten.</summary>
    public int Version { get; set; }

    /// <summary>As whom the preview shows it: number, address or name of a contact.</summary>
    public string? As { get; set; }

    internal TemplateEdit ToEdit() => new() { Name = Name ?? "", Description = Description, Note = Note, Languages = ToContents() };

    internal static TemplateInput Of(StoredTemplate template) => new()
    {
        Name = template.Name, Description = template.Description, Version = template.Version,
        Languages = [.. template.ReadContent().Select(l => LanguageInput.Of(l.Language, l.Parts))],
    };
}
