using Broadcasts.Host.Configuration;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http.Features;

namespace Broadcasts.Host.Api;

/// <summary>A transport plugin as the API tells it, with the form of its channels' settings.</summary>
internal sealed record PluginAnswer
{
    public required string Id { get; init; }

    public required string Version { get; init; }

    public required string Contract { get; init; }

    public required string Sha256 { get; init; }

    public required string DisplayName { get; init; }

    public string? Description { get; init; }

    public required string AddressKind { get; init; }

    public required PluginState State { get; init; }

    public string? LastRefusal { get; init; }

    public required string[] Content { get; init; }

    public required IReadOnlyList<PluginFieldAnswer> Settings { get; init; }

    public static PluginAnswer Of(TransportInfo info) => new()
    {
        Id = info.Id,
        Version = info.Version,
        Contract = info.Contract,
        Sha256 = info.Sha256,
        DisplayName = info.DisplayName.English,
        Description = info.Description?.English,
        AddressKind = info.AddressKind,
        State = info.State,
        LastRefusal = info.LastRefusal,
        Content = [.. Enum.GetValues<ContentKinds>().Where(k => k != ContentKinds.None && info.Capabilities.Content.HasFlag(k)).Select(k => k.ToString().ToLowerInvariant())],
        Settings = [.. info.Fields.Select(f => new PluginFieldAnswer(f.Name, f.Type.ToString().ToLowerInvariant(), f.Label.English, f.Required, f.Secret, f.Default))],
    };
}

/// <summary>One setting of a plugin's channels.</summary>
internal sealed record PluginFieldAnswer(string Name, string Type, string Label, bool Required, bool Secret, string? Default);

/// <summary>Which version to put in the place of the one that serves.</summary>
internal sealed record ActivateBody
{
    public required string Version { get; init; }
}

/// <summary>Transport plugins.</summary>
internal static class PluginsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/plugins").WithTags("Plugins");
        group.MapGet("", (TransportCatalogue catalogue) => new ListAnswer<PluginAnswer>([.. catalogue.All.Select(PluginAnswer.Of)], null)).Needs(ApiScopes.Read);
        group.MapPost("", InstallAsync).Needs(ApiScopes.Channels).WithSummary("A .nupkg as the body; ?activate=false keeps the version that serves");
        group.MapPost("{id}/activate", ActivateAsync).Needs(ApiScopes.Channels);
    }

    private static async Task<IResult> InstallAsync(bool? activate, PluginInstaller installer, ServiceOptions options, HttpContext http)
    {
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = options.MaxPluginMegabytes * 1024L * 1024;
        try
        {
            var plugin = await installer.InstallAsync(http.Request.Body, http.Actor(), activate ?? true, http.RequestAborted);
            return Results.Created($"/api/v1/plugins/{plugin.Id}", new { plugin.Id, plugin.Version, plugin.Sha256 });
        }
        catch (PluginRefusedException e)
        {
            return ApiProblems.Invalid("", "pluginRefused", e.Message);
        }
    }

    private static async Task<IResult> ActivateAsync(string id, ActivateBody body, PluginInstaller installer, HttpContext http)
    {
        try
        {
            var result = await installer.ActivateAsync(id, body.Version, http.RequestAborted);
            return result.Swapped ? Results.Ok(new { id, body.Version }) : ApiProblems.Invalid("", "pluginRefused", result.Refusal ?? "The version could not be put in place.");
        }
        catch (PluginRefusedException e)
        {
            return ApiProblems.Invalid("version", "pluginRefused", e.Message);
        }
    }
}
