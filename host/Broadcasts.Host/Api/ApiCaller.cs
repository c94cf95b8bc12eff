using System.Net;
using Broadcasts.Admin.Security;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Who asks.</summary>
/// <param name="Actor">As the audit names it: <c>key:2</c>, <c>user:3</c>, <c>cli</c>.</param>
/// <param name="IdempotencyScope">Whose idempotency keys these are: a key's id, a user's below zero, 0 for commands on this machine.</param>
/// <param name="May">What is allowed.</param>
internal sealed record ApiCaller(string Actor, long IdempotencyScope, PermissionSet May)
{
    /// <summary>A command on this machine, through the socket that only the owner can open.</summary>
    public static ApiCaller Local { get; } = new("cli", 0, PermissionSet.Everything);

    /// <summary>The session of the console's cookie; null for the others.</summary>
    public ConsoleSession? Session { get; init; }

    /// <summary>As the engine asks who wants something.</summary>
    public Caller AsCaller => new(Actor, May);

    /// <summary>The answer to a caller without a permission.</summary>
    public IResult Refused(NeedsAttribute needs) => ApiProblems.Of(HttpStatusCode.Forbidden, "permission",
        $"This needs the permission '{needs}'; the caller has: {May}. Roles that have it: {string.Join(", ", Role.BuiltIn.Where(r => r.Permissions.HasAny(needs.AnyOf)).Select(r => r.Name))}.");
}

/// <summary>Only commands on this machine may call it.</summary>
internal sealed record LocalOnly;

internal static class ApiCallers
{
    public static ApiCaller Caller(this HttpContext context) =>
        context.Features.Get<ApiCaller>() ?? throw new InvalidOperationException("The request came past the API's door.");

    public static string Actor(this HttpContext context) => context.Caller().Actor;

    /// <summary>Which permission a caller needs; one of several is enough to get in.</summary>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, params Permission[] anyOf) where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new NeedsAttribute(anyOf)));
        return builder;
    }
}
