using Broadcasts.Broadcasting;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>A new key of the API.</summary>
internal sealed record ApiKeyBody
{
    public required string Name { get; init; }

    /// <summary>Permissions by name. Default: all that the caller has.</summary>
    public string[]? Scopes { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key without its secret.</summary>
internal sealed record ApiKeyAnswer
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public required string Prefix { get; init; }

    public required IReadOnlyList<string> Scopes { get; init; }

    public required ApiKeyState State { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>The key itself, in the answer that made it and nowhere else.</summary>
    public string? Key { get; init; }

    public static ApiKeyAnswer Of(ApiKey key, DateTimeOffset now, string? secret = null) => new()
    {
        Id = key.Id,
        Name = key.Name,
        Prefix = key.Prefix,
        Scopes = key.Scopes.Names,
        State = key.StateAt(now),
        CreatedBy = key.CreatedBy,
        CreatedAt = key.CreatedAt,
        ExpiresAt = key.ExpiresAt,
        RevokedAt = key.RevokedAt,
        LastUsedAt = key.LastUsedAt,
        Key = secret,
    };
}

/// <summary>Keys of the API.</summary>
internal static class KeysApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var keys = api.MapGroup("/api-keys").WithTags("Administration");
        keys.MapGet("", async (ApiKeyStore store, TimeProvider time, CancellationToken cancellationToken) =>
            new ListAnswer<ApiKeyAnswer>([.. (await store.ListAsync(cancellationToken)).Select(k => ApiKeyAnswer.Of(k, time.GetUtcNow()))], null)).Needs(Permission.ManageKeys);
        keys.MapPost("", CreateAsync).Needs(Permission.ManageKeys).WithMetadata(new SecretAnswer()).Produces<ApiKeyAnswer>(StatusCodes.Status201Created).WithSummary("The key is in this answer and nowhere else");
        keys.MapDelete("{id:long}", RevokeAsync).Needs(Permission.ManageKeys).Produces(StatusCodes.Status204NoContent);
    }

    private static async Task<IResult> CreateAsync(ApiKeyBody body, ApiKeyStore store, TimeProvider time, HttpContext http)
    {
        var caller = http.Caller();
        var scopes = caller.May;
        if (body.Scopes is not null && !PermissionSet.TryParse(body.Scopes, out scopes, out var unknown)) return ApiProblems.Invalid(Unknown("scopes", unknown!));
        var (key, secret, result) = await store.CreateAsync(body.Name, scopes, caller.AsCaller, body.ExpiresAt, http.RequestAborted);
        return key is null ? ApiProblems.Of(result) : Results.Created($"/api/v1/api-keys/{key.Id}", ApiKeyAnswer.Of(key, time.GetUtcNow(), secret));
    }

    private static async Task<IResult> RevokeAsync(long id, ApiKeyStore store, HttpContext http) =>
        await store.RevokeAsync(id, http.Actor(), http.RequestAborted) ? Results.NoContent() : ApiProblems.NotFound($"A key {id} that is in use");

    /// <summary>What is wrong with a name that is no permission's.</summary>
    public static Problem Unknown(string path, string name) =>
        new(path, "unknownPermission", $"There is no permission '{name}'. Permissions: {string.Join(", ", Permissions.All.Select(Permissions.NameOf))}.", name);
}
