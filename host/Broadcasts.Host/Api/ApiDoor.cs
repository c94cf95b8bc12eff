using System.Globalization;
using System.Net;
using System.Security.Claims;
using Broadcasts.Security;
using Microsoft.AspNetCore.Connections.Features;

namespace Broadcasts.Host.Api;

/// <summary>Lets callers of the API in: a key, the console's cookie, or this machine's socket. Knows who it was afterwards.</summary>
internal sealed class ApiDoor(RequestDelegate next, ApiKeyStore keys)
{
    /// <summary>A page elsewhere can make a browser send our cookie, but not this header: that is what keeps forged requests out.</summary>
    public const string ConsoleHeader = "X-Broadcasts-Console";

    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<OpenToAll>() is not null)
        {
            await next(context);
            return;
        }

        var (caller, refusal) = await FindAsync(context);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await refusal!.ExecuteAsync(context);
            return;
        }

        var needed = endpoint?.Metadata.GetMetadata<NeededScope>()?.Scope ?? ApiScopes.Admin;
        if (endpoint is not null && !caller.May(needed))
        {
            await caller.Refused(needed).ExecuteAsync(context);
            return;
        }

        if (endpoint?.Metadata.GetMetadata<LocalOnly>() is not null && !ReferenceEquals(caller, ApiCaller.Local))
        {
            await ApiProblems.NotFound(context.Request.Path).ExecuteAsync(context);
            return;
        }

        context.Features.Set(caller);
        await next(context);
    }

    private async Task<(ApiCaller? Caller, IResult? Refusal)> FindAsync(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket.LocalEndPoint is System.Net.Sockets.UnixDomainSocketEndPoint) return (ApiCaller.Local, null);

        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            var key = await keys.FindAsync(header[Scheme.Length..].Trim(), context.RequestAborted);
            return key is null
                ? (null, Unauthorized("The key is not known, was revoked or has expired."))
                : (new ApiCaller($"key:{key.Id}", key.Id, key.Scopes), null);
        }

        if (context.User.Identity?.IsAuthenticated != true || !long.TryParse(context.User.FindFirstValue(ClaimTypes.NameIdentifier), CultureInfo.InvariantCulture, out var user))
            return (null, Unauthorized("Send 'Authorization: Bearer <key>'. Make a key with: broadcasts apikey create --name NAME"));
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method) && !context.Request.Headers.ContainsKey(ConsoleHeader))
            return (null, Unauthorized($"With the console's cookie, requests that change something need the header '{ConsoleHeader}: 1'."));
        return (new ApiCaller($"user:{user}", -user, ScopesOf(context.User)), null);
    }

    private static string[] ScopesOf(ClaimsPrincipal user) =>
        user.IsInRole("Owner") || user.IsInRole("Manager") ? [ApiScopes.Admin]
        : user.IsInRole("Sender") ? [ApiScopes.Read, ApiScopes.Contacts, ApiScopes.Broadcasts, ApiScopes.Send]
        : user.IsInRole("Editor") ? [ApiScopes.Read, ApiScopes.Contacts, ApiScopes.Broadcasts]
        : [ApiScopes.Read];

    private static IResult Unauthorized(string detail) => ApiProblems.Of(HttpStatusCode.Unauthorized, "unauthorized", detail);
}
