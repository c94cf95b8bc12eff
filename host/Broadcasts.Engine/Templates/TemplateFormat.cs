namespace Broadcasts.Templates;

/// <summary>What a rendered text becomes: decides how printed values are made harmless.</summary>
internal enum TemplateFormat
{
    /// <summary>Plain text: values are printed as they are.</summary>
    Text,

    /// <summary>HTML: values are escaped, and checked where they become an address of a link.</summary>
    Html,

    /// <summary>One line (a subject, an address): every line break and control character becomes a space.</summary>
    Line,
}
