using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Templates.Library;

/// <summary>A template of the library as a list shows it.</summary>
internal record TemplateRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string? Description { get; init; }

    /// <summary>Codes of its languages in their order, divided by spaces.</summary>
    public string Languages { get; init; } = "";

    public int Version { get; init; }

    public long? ArchivedAt { get; init; }

    public string UpdatedBy { get; init; } = "";

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }
}

/// <summary>A template with what its present version says.</summary>
internal sealed record StoredTemplate : TemplateRow
{
    /// <summary><see cref="LanguageParts"/> as JSON.</summary>
    public string Content { get; init; } = "[]";

    public LanguageParts[] ReadContent() => ContentJson.Read(Content);
}

/// <summary>A template as a save left it. Never changed.</summary>
internal sealed record TemplateVersion
{
    public int Version { get; init; }

    public string Name { get; init; } = "";

    public string? Description { get; init; }

    /// <summary><see cref="LanguageParts"/> as JSON.</summary>
    public string Content { get; init; } = "[]";

    /// <summary>Why, in its author's words.</summary>
    public string? Note { get; init; }

    /// <summary>The version that was brought back by it.</summary>
    public int? RestoredFrom { get; init; }

    public string Author { get; init; } = "";

    public long At { get; init; }

    public LanguageParts[] ReadContent() => ContentJson.Read(Content);
}

/// <summary>What somebody writes of a template.</summary>
internal sealed record TemplateEdit
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>In the order in which they stand in for one another; the first is for everybody who reads none of the others.</summary>
    public required LanguageParts[] Languages { get; init; }

    /// <summary>Why it is changed.</summary>
    public string? Note { get; init; }
}

/// <summary>How the contents of a template are stored.</summary>
internal static class ContentJson
{
    public static LanguageParts[] Read(string json) => JsonSerializer.Deserialize<LanguageParts[]>(json, BroadcastJson.Options) ?? [];

    public static string Write(LanguageParts[] contents) => JsonSerializer.Serialize(contents, BroadcastJson.Options);
}

/// <summary>A broadcast that was made from a template.</summary>
internal sealed record TemplateUse
{
    public long BroadcastId { get; init; }

    public string Name { get; init; } = "";

    public BroadcastStatus Status { get; init; }

    /// <summary>The version that it took.</summary>
    public int Version { get; init; }
}
