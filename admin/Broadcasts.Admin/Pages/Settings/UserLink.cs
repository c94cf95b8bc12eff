using Microsoft.AspNetCore.Http;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>A one-time link as it is handed on: under the public address, or the one that the visitor came by.</summary>
internal static class UserLink
{
    public static string Of(string path, EngineOptions options, HttpRequest request) =>
        (options.PublicUrl?.ToString().TrimEnd('/') ?? $"{request.Scheme}://{request.Host}") + path;
}
