using System.Net;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Who asks.</summary>
/// <param name="Actor">As the audit names it: <c>key:2</c>, <c>user:3</c>, <c>cli</c>.</param>
/// <param name="IdempotencyScope">Whose idempotency keys these are: a key's id, a user's below zero, 0 for commands on this machine.</param>
/// <param name="Scopes">What is allowed.</param>
internal sealed record ApiCaller(string Actor, long IdempotencyScope, IReadOnlyCollection<string> Scopes)
{
    /// <summary>A command on this machine, through the socket that only the owner can open.</summary>
    public static ApiCaller Local { get; } = new("cli", 0, [ApiScopes.Admin]);

    public bool May(string scope) => ApiScopes.Allow(Scopes, scope);

    /// <summary>The answer to a caller without a scope.</summary>
    public IResult Refused(string needed) => ApiProblems.Of(HttpStatusCode.Forbidden, "scope", $"This needs the scope '{needed}'; the caller has: {string.Join(", ", Scopes)}.");
}

/// <summary>What an endpoint asks of its caller.</summary>
internal sealed record NeededScope(string Scope);

/// <summary>Only commands on this machine may call it.</summary>
internal sealed record LocalOnly;

/// <summary>It answers anybody.</summary>
internal sealed record OpenToAll;

internal static class ApiCallers
{
    public static ApiCaller Caller(this HttpContext context) =>
        context.Features.Get<ApiCaller>() ?? throw new InvalidOperationException("The request came past the API's door.");

    public static string Actor(this HttpContext context) => context.Caller().Actor;

    /// <summary>Which scope a caller needs.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, string scope) where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new NeededScope(scope)));
        return builder;
    }
}
