using Broadcasts.Host.Configuration;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Microsoft.AspNetCore.Http.Features;

namespace Broadcasts.Host.Api;

/// <summary>A transport plugin as the API tells it, with the form of its channels' settings.</summary>
internal sealed record PluginAnswer
{
    public required string Id { get; init; }

    /// <summary>The version that this process runs; absent when it runs none.</summary>
    public string? Version { get; init; }

    public string? Contract { get; init; }

    public string? Sha256 { get; init; }

    public required string DisplayName { get; init; }

    public string? Description { get; init; }

    public string? AddressKind { get; init; }

    public required PluginState State { get; init; }

    public string? LastRefusal { get; init; }

    public string[] Content { get; init; } = [];

    public IReadOnlyList<PluginFieldAnswer> Settings { get; init; } = [];

    /// <summary>The version that shall serve.</summary>
    public string? Desired { get; init; }

    /// <summary>The version that a rollback puts in its place.</summary>
    public string? Previous { get; init; }

    public required IReadOnlyList<PluginVersionAnswer> Versions { get; init; }

    /// <summary>What each process of the cluster runs.</summary>
    public required IReadOnlyList<PluginSiloAnswer> Silos { get; init; }

    /// <summary>Retired versions that are still in memory of this process.</summary>
    public int Unloading { get; init; }

    public int Leaked { get; init; }

    /// <summary>Outcomes of the last whole minute in this process; null when it has no version loaded.</summary>
    public long? MessagesPerMinute { get; init; }

    /// <summary>Of those, neither accepted nor throttled.</summary>
    public long? ErrorsPerMinute { get; init; }

    /// <summary>Bytes that a message costs until its call waits for the first time; sampled.</summary>
    public long? AllocatedPerMessage { get; init; }

    /// <summary>Calls that were left behind and still run. After three of one channel it is paused.</summary>
    public int HangingCalls { get; init; }

    public static PluginAnswer Of(PluginView view) => new()
    {
        Id = view.Id,
        Version = view.Info?.Version,
        Contract = view.Info?.Contract,
        Sha256 = view.Info?.Sha256,
        DisplayName = view.Info?.DisplayName.English ?? view.Id,
        Description = view.Info?.Description?.English,
        AddressKind = view.Info?.AddressKind,
        State = view.State,
        LastRefusal = view.LastRefusal,
        Content = view.Info is { } info ? [.. Enum.GetValues<ContentKinds>().Where(k => k != ContentKinds.None && info.Capabilities.Content.HasFlag(k)).Select(k => k.ToString().ToLowerInvariant())] : [],
        Settings = [.. view.Info?.Fields.Select(f => new PluginFieldAnswer(f.Name, f.Type.ToString().ToLowerInvariant(), f.Label.English, f.Required, f.Secret, f.Default)) ?? []],
        Unloading = view.Unloading,
        Leaked = view.Leaked,
        MessagesPerMinute = view.Info?.Pulse?.MessagesPerMinute,
        ErrorsPerMinute = view.Info?.Pulse?.ErrorsPerMinute,
        AllocatedPerMessage = view.Info?.Pulse?.AllocatedPerMessage,
        HangingCalls = view.Info?.Pulse?.Hanging ?? 0,
        Desired = view.Desired,
        Previous = view.Previous,
        Versions = [.. view.Versions.Select(v => new PluginVersionAnswer(v.Version, v.Sha256, v.Size, v.Contract, DateTimeOffset.FromUnixTimeMilliseconds(v.InstalledAt), v.InstalledBy, v.TakenBack, v.Signer))],
        Silos = [.. view.Silos.Select(o => new PluginSiloAnswer(o.Silo, o.Version, o.State, o.Detail, DateTimeOffset.FromUnixTimeMilliseconds(o.At)))],
    };
}

/// <summary>An installed version.</summary>
internal sealed record PluginVersionAnswer(string Version, string Sha256, long Size, string Contract, DateTimeOffset InstalledAt, string InstalledBy, string? TakenBack, string? Signer);

/// <summary>What one process runs.</summary>
internal sealed record PluginSiloAnswer(string Silo, string Version, PluginState State, string? Detail, DateTimeOffset At);

/// <summary>One setting of a plugin's channels.</summary>
internal sealed record PluginFieldAnswer(string Name, string Type, string Label, bool Required, bool Secret, string? Default);

/// <summary>Which version to put in the place of the one that serves.</summary>
internal sealed record ActivateBody
{
    public required string Version { get; init; }
}

/// <summary>What speaks against the version that serves.</summary>
internal sealed record RollBackBody
{
    public string? Why { get; init; }
}

/// <summary>Transport plugins.</summary>
internal static class PluginsApi
{
    private const int LongestWhy = 500;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/plugins").WithTags("Plugins");
        group.MapGet("", ListAsync).Needs(Permission.Read).WithSummary("Plugins with their versions, what each process runs, and the form of their channels' settings");
        group.MapPost("", InstallAsync).Needs(Permission.ManagePlugins).WithSummary("A .nupkg as the body; ?activate=false keeps the version that serves, ?replace=true takes it although another plugin has its id");
        group.MapPost("{id}/activate", ActivateAsync).Needs(Permission.ManagePlugins).WithSummary("Puts an installed version in the place of the one that serves");
        group.MapPost("{id}/rollback", RollBackAsync).Needs(Permission.ManagePlugins).WithSummary("Puts the version that served before in the place of the one that serves");
        group.MapDelete("{id}/versions/{version}", RemoveAsync).Needs(Permission.ManagePlugins).WithSummary("Removes a version; the one that serves only when no channel uses the transport");
    }

    private static async Task<ListAnswer<PluginAnswer>> ListAsync(PluginVersions versions, HttpContext http) => new([.. (await versions.ListAsync(http.RequestAborted)).Select(PluginAnswer.Of)], null);

    private static Task<IResult> InstallAsync(bool? activate, bool? replace, PluginVersions versions, ServiceOptions options, HttpContext http)
    {
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = options.Engine.MaxPluginMegabytes * 1024L * 1024;
        return AnsweredAsync("", async () =>
        {
            var plugin = await versions.InstallAsync(http.Request.Body, http.Actor(), activate ?? true, http.RequestAborted, replace ?? false);
            return Results.Created($"/api/v1/plugins/{plugin.Id}", new { plugin.Id, plugin.Version, plugin.Sha256, plugin.Signer });
        });
    }

    private static Task<IResult> ActivateAsync(string id, ActivateBody body, PluginVersions versions, HttpContext http) => AnsweredAsync("version", async () =>
    {
        await versions.ActivateAsync(id, body.Version, http.Actor(), http.RequestAborted);
        return Results.Ok(new { id, body.Version });
    });

    private static Task<IResult> RollBackAsync(string id, RollBackBody? body, PluginVersions versions, HttpContext http) => AnsweredAsync("", async () =>
    {
        if (body?.Why?.Length > LongestWhy) return ApiProblems.Invalid("why", "tooLong", $"A reason has at most {LongestWhy} characters.");
        return Results.Ok(new { id, version = await versions.RollBackAsync(id, body?.Why, http.Actor(), http.RequestAborted) });
    });

    private static Task<IResult> RemoveAsync(string id, string version, PluginVersions versions, HttpContext http) => AnsweredAsync("", async () =>
    {
        await versions.RemoveAsync(id, version, http.Actor(), http.RequestAborted);
        return Results.NoContent();
    });

    private static async Task<IResult> AnsweredAsync(string path, Func<Task<IResult>> act)
    {
        try
        {
            return await act();
        }
        catch (PluginRefusedException e)
        {
            return ApiProblems.Invalid(path, "pluginRefused", e.Message);
        }
    }
}
