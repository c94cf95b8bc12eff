using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Templates.Library;

/// <summary>The services of the library of templates.</summary>
internal static class TemplatesSetup
{
    /// <summary>Needs the checks of broadcasts, and the stores of contacts, fields and files.</summary>
    public static IServiceCollection AddTemplates(this IServiceCollection services) =>
        services.AddSingleton<TemplateQueries>().AddSingleton<TemplateCheck>().AddSingleton<TemplateStore>().AddSingleton<TakeTemplate>().AddSingleton<TemplatePreviews>();
}
