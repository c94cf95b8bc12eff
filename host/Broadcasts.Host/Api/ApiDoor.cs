using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broadcasts.Admin.Security;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Connections.Features;

namespace Broadcasts.Host.Api;

/// <summary>Lets callers of the API in: a key, the console's cookie, or this machine's socket. Knows who it was afterwards.</summary>
internal sealed class ApiDoor(RequestDelegate next, ApiKeyStore keys, ApiKeyLimiter limiter, TimeProvider time)
{
    /// <summary>A page elsewhere can make a browser send our cookie, but not this header: that is what keeps forged requests out.</summary>
    public const string ConsoleHeader = "X-Broadcasts-Console";

    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
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

        if (limiter.WaitFor(caller) is { } wait)
        {
            await TooMany(context, wait).ExecuteAsync(context);
            return;
        }

        // What is no route (a wrong method, a wrong media type) is answered by the framework.
        if (endpoint is RouteEndpoint && Refuse(context, endpoint, caller) is { } refused)
        {
            await refused.ExecuteAsync(context);
            return;
        }

        context.Features.Set(caller);
        await next(context);
    }

    // What declares nothing is refused to everybody.
    private static IResult? Refuse(HttpContext context, Endpoint endpoint, ApiCaller caller)
    {
        if (endpoint.Metadata.GetMetadata<LocalOnly>() is not null) return ReferenceEquals(caller, ApiCaller.Local) ? null : ApiProblems.NotFound(context.Request.Path);
        var needs = endpoint.Metadata.GetMetadata<NeedsAttribute>() ?? new NeedsAttribute();
        return caller.May.HasAny(needs.AnyOf) ? null : caller.Refused(needs);
    }

    private async Task<(ApiCaller? Caller, IResult? Refusal)> FindAsync(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket.LocalEndPoint is UnixDomainSocketEndPoint) return (ApiCaller.Local, null);
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return await FindKeyAsync(header[Scheme.Length..].Trim(), context.RequestAborted);
        if (context.Features.Get<ConsoleSession>() is not { } session)
            return (null, Unauthorized("Send 'Authorization: Bearer <key>'. Make a key with: broadcasts apikey create --name NAME"));
        if (PermissionFilter.IsChange(context.Request.Method) && !context.Request.Headers.ContainsKey(ConsoleHeader))
            return (null, Unauthorized($"With the console's cookie, requests that change something need the header '{ConsoleHeader}: 1'."));
        return (new ApiCaller(session.Actor, -session.UserId, session.May) { Session = session }, null);
    }

    private async Task<(ApiCaller? Caller, IResult? Refusal)> FindKeyAsync(string secret, CancellationToken cancellationToken)
    {
        if (await keys.FindAsync(secret, cancellationToken) is not { } key) return (null, Unauthorized("The key is not known."));
        return key.StateAt(time.GetUtcNow()) switch
        {
            ApiKeyState.Revoked => (null, Unauthorized("The key was revoked. Ask whoever runs this installation for another one.")),
            ApiKeyState.Expired => (null, Unauthorized(string.Create(CultureInfo.InvariantCulture, $"The key ended at {key.ExpiresAt:yyyy-MM-dd'T'HH:mm:ss'Z'}. Ask whoever runs this installation for another one."), "keyExpired")),
            _ => (new ApiCaller($"key:{key.Id}", key.Id, key.May), null),
        };
    }

    private static IResult TooMany(HttpContext context, TimeSpan wait)
    {
        var seconds = (int)Math.Ceiling(wait.TotalSeconds);
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return ApiProblems.Of(HttpStatusCode.TooManyRequests, "tooMany", $"This caller asked too often within a minute (Limits:ApiRequestsPerMinute). Ask again in {seconds} s.");
    }

    private static IResult Unauthorized(string detail, string code = "unauthorized") => ApiProblems.Of(HttpStatusCode.Unauthorized, code, detail);
}
