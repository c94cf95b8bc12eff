using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>A role that people make.</summary>
internal sealed record RoleBody
{
    public required string Name { get; init; }

    /// <summary>By name.</summary>
    public required string[] Permissions { get; init; }
}

/// <summary>A role.</summary>
/// <param name="Id">Its number; from 100 on they are made by people.</param>
/// <param name="Name">Unique, without regard to case.</param>
/// <param name="BuiltIn">True: it can't be changed.</param>
/// <param name="Permissions">What people with it may do.</param>
/// <param name="Users">How many people have it.</param>
internal sealed record RoleAnswer(int Id, string Name, bool BuiltIn, IReadOnlyList<string> Permissions, int Users)
{
    public static RoleAnswer Of(Role role) => new(role.Id, role.Name, role.IsBuiltIn, role.Permissions.Names, role.Users);
}

/// <summary>Roles: which permissions they are.</summary>
internal static class RolesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var roles = api.MapGroup("/roles").WithTags("Administration");
        roles.MapGet("", async (RoleStore store, CancellationToken cancellationToken) => new ListAnswer<RoleAnswer>([.. (await store.ListAsync(cancellationToken)).Select(RoleAnswer.Of)], null)).Needs(Permission.Read);
        roles.MapPost("", CreateAsync).Needs(Permission.ManageUsers).Produces<RoleAnswer>(StatusCodes.Status201Created).WithSummary("Of permissions that the caller has");
        roles.MapPut("{id:int}", UpdateAsync).Needs(Permission.ManageUsers).Produces<RoleAnswer>();
        roles.MapDelete("{id:int}", DeleteAsync).Needs(Permission.ManageUsers).Produces(StatusCodes.Status204NoContent).WithSummary("Only while nobody has it");
    }

    private static async Task<IResult> CreateAsync(RoleBody body, RoleStore store, HttpContext http)
    {
        if (!PermissionSet.TryParse(body.Permissions, out var permissions, out var unknown)) return ApiProblems.Invalid(KeysApi.Unknown("permissions", unknown!));
        var (id, result) = await store.CreateAsync(body.Name, permissions, http.Caller().AsCaller, http.RequestAborted);
        return result.IsDone ? Results.Created($"/api/v1/roles/{id}", await AnswerAsync(id, store, http)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> UpdateAsync(int id, RoleBody body, RoleStore store, HttpContext http)
    {
        if (!PermissionSet.TryParse(body.Permissions, out var permissions, out var unknown)) return ApiProblems.Invalid(KeysApi.Unknown("permissions", unknown!));
        var result = await store.UpdateAsync(id, body.Name, permissions, http.Caller().AsCaller, http.RequestAborted);
        return result.IsDone ? Results.Ok(await AnswerAsync(id, store, http)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> DeleteAsync(int id, RoleStore store, HttpContext http) =>
        await store.DeleteAsync(id, http.Caller().AsCaller, http.RequestAborted) is { IsDone: false } refused ? ApiProblems.Of(refused) : Results.NoContent();

    private static async Task<RoleAnswer> AnswerAsync(int id, RoleStore store, HttpContext http) =>
        RoleAnswer.Of((await store.ListAsync(http.RequestAborted)).First(r => r.Id == id));
}
