using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Broadcasts.Host.Api;

/// <summary>The OpenAPI document, built from the routes when somebody asks for it.</summary>
internal static class ApiDocument
{
    public static void Describe(OpenApiOptions options)
    {
        options.ShouldInclude = route => route.RelativePath?.StartsWith("api/v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Broadcasts",
                Version = "v1",
                Description = "Contacts, channels, broadcasts and what became of every message. Errors are RFC 9457 problems; lists answer {items, next}.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["key"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A key made with: broadcasts apikey create --name NAME",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", document)] = [] }];
            return Task.CompletedTask;
        });
    }
}
