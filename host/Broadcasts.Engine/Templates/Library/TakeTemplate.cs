using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Templates.Library;

/// <summary>Puts a template's content into a broadcast: a copy, so that what the template says later changes nothing of it.</summary>
internal sealed class TakeTemplate(TemplateQueries templates)
{
    /// <summary>The draft with the content of a version, or of the present one; null when there is none, with the problem.</summary>
    public async Task<BroadcastDraft?> IntoAsync(BroadcastDraft draft, long templateId, int? version, List<Problem> problems, CancellationToken cancellationToken = default)
    {
        if (await templates.GetAsync(templateId, cancellationToken) is not { } template)
        {
            problems.Add(new("templateId", "templateGone", $"Template {templateId} does not exist.", $"{templateId}"));
            return null;
        }

        if (template.ArchivedAt is not null)
        {
            problems.Add(new("templateId", "templateArchived", $"The template '{template.Name}' is archived: bring it back first, or choose another one.", template.Name));
            return null;
        }

        if (await templates.GetVersionAsync(templateId, version ?? template.Version, cancellationToken) is not { } taken)
        {
            problems.Add(new("templateVersion", "versionGone", $"The template '{template.Name}' has no version {version}: it has 1 to {template.Version}.", template.Name, $"{version}", $"{template.Version}"));
            return null;
        }

        return Of(draft, templateId, taken);
    }

    private static BroadcastDraft Of(BroadcastDraft draft, long templateId, TemplateVersion taken)
    {
        var contents = taken.ReadContent();
        var languages = contents.Length > 1 ? new ContentLanguages { Language = contents[0].Language, Variants = contents[1..] } : null;
        return draft with
        {
            PartsJson = JsonSerializer.Serialize(contents[0].Parts, BroadcastJson.Options),
            LanguagesJson = ContentLanguages.Write(languages) ?? "",
            TemplateId = templateId,
            TemplateVersion = taken.Version,
        };
    }
}
