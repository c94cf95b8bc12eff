using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A person for the console.</summary>
internal sealed record UserBody
{
    public required string Email { get; init; }

    /// <summary>Default: the address.</summary>
    public string? Name { get; init; }

    /// <summary>A role by its name. Default: Viewer.</summary>
    public string Role { get; init; } = nameof(UserRole.Viewer);
}

/// <summary>What changes of a person.</summary>
internal sealed record UserPatchBody
{
    /// <summary>A role by its name; the person's sessions end.</summary>
    public string? Role { get; init; }

    /// <summary>True keeps the person out, false lets it in again and ends a lock-out.</summary>
    public bool? Disabled { get; init; }

    /// <summary>With <c>disabled: true</c>: the keys that the person made are revoked, too. Default: true.</summary>
    public bool RevokeKeys { get; init; } = true;
}

/// <summary>A person.</summary>
internal sealed record UserAnswer
{
    public required long Id { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }

    public required string Role { get; init; }

    public required UserState State { get; init; }

    /// <summary>A second factor is asked for.</summary>
    public required bool SecondFactor { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastSignInAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }

    /// <summary>The link that signs the person in once, in the answer that made it and nowhere else.</summary>
    public string? Link { get; init; }
}

/// <summary>A sign-in of a person in one browser.</summary>
internal sealed record SessionAnswer(string Id, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, string UserAgent, string Address)
{
    public static SessionAnswer Of(Session session) => new(session.Id, Times.Of(session.CreatedAt), Times.Of(session.LastSeenAt), session.UserAgent, session.Address);
}

/// <summary>People: who may sign in, with which role, and where they are signed in.</summary>
internal static class UsersApi
{
    public static void Map(RouteGroupBuilder api)
    {
        // The command line's own: for somebody who is known already it makes a new link.
        api.MapPost("/local/users", async (UserBody body, IServiceProvider services, HttpContext http) =>
        {
            var (path, result) = await AddAsync(body, services, http.Caller().AsCaller, http.RequestAborted);
            return path is null ? ApiProblems.Of(result) : Results.Ok(new { path });
        }).WithMetadata(new LocalOnly()).ExcludeFromDescription();

        var users = api.MapGroup("/users").WithTags("Administration");
        users.MapGet("", ListAsync).Needs(Permission.ManageUsers).Produces<ListAnswer<UserAnswer>>();
        users.MapPost("", InviteAsync).Needs(Permission.ManageUsers).WithMetadata(new SecretAnswer()).Produces<UserAnswer>(StatusCodes.Status201Created).WithSummary("Invites a person by a link that signs in once, within 24 hours");
        users.MapGet("{id:long}", async (long id, UserStore store, RoleStore roles, TimeProvider time, HttpContext http) => await AnswerAsync(id, null, store, roles, time, http)).Needs(Permission.ManageUsers).Produces<UserAnswer>();
        users.MapPatch("{id:long}", PatchAsync).Needs(Permission.ManageUsers).Produces<UserAnswer>();
        users.MapPost("{id:long}/link", LinkAsync).Needs(Permission.ManageUsers).WithMetadata(new SecretAnswer()).Produces<UserAnswer>().WithSummary("A new link in place of earlier ones");
        users.MapGet("{id:long}/sessions", SessionsAsync).Needs(Permission.ManageUsers).Produces<ListAnswer<SessionAnswer>>();
        users.MapDelete("{id:long}/sessions", async (long id, UserAccounts accounts, HttpContext http) =>
            Gone(await accounts.EndSessionsAsync(id, http.Caller().AsCaller, cancellationToken: http.RequestAborted))).Needs(Permission.ManageUsers).Produces(StatusCodes.Status204NoContent).WithSummary("Signs the person out everywhere");
        users.MapDelete("{id:long}/sessions/{session}", EndAsync).Needs(Permission.ManageUsers).Produces(StatusCodes.Status204NoContent);
        users.MapDelete("{id:long}/second-factor", async (long id, UserAccounts accounts, HttpContext http) =>
            Gone(await accounts.ResetSecondFactorAsync(id, http.Caller().AsCaller, http.RequestAborted))).Needs(Permission.ManageUsers).Produces(StatusCodes.Status204NoContent).WithSummary("For somebody who lost it");
    }

    /// <summary>The path of a link that signs somebody in once, who is added when nobody knows the address.</summary>
    public static async Task<(string? Path, CommandResult Result)> AddAsync(UserBody body, IServiceProvider services, Caller caller, CancellationToken cancellationToken)
    {
        var accounts = services.GetRequiredService<UserAccounts>();
        if (await services.GetRequiredService<UserStore>().FindByEmailAsync(body.Email, cancellationToken) is { } known) return await accounts.MakeLinkAsync(known.Id, caller, cancellationToken);
        if (await services.GetRequiredService<RoleStore>().FindAsync(body.Role, cancellationToken) is not { } role) return (null, CommandResult.Invalid(UnknownRole(body.Role)));
        var (_, path, result) = await accounts.InviteAsync(body.Email, body.Name, role, caller, cancellationToken);
        return (path, result);
    }

    private static async Task<IResult> ListAsync(UserStore store, RoleStore roles, TimeProvider time, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var most = ApiRoutes.Limit(limit);
        var names = (await roles.ListAsync(cancellationToken)).ToDictionary(r => r.Id, r => r.Name);
        return Results.Ok(ListAnswer<UserAnswer>.Of(await store.ListAsync(cursor ?? 0, most + 1, cancellationToken), most, u => AnswerOf(u, names, time), u => u.Id));
    }

    private static async Task<IResult> InviteAsync(UserBody body, UserAccounts accounts, UserStore store, RoleStore roles, TimeProvider time, HttpContext http)
    {
        if (await roles.FindAsync(body.Role, http.RequestAborted) is not { } role) return ApiProblems.Invalid(UnknownRole(body.Role));
        var (id, path, result) = await accounts.InviteAsync(body.Email, body.Name, role, http.Caller().AsCaller, http.RequestAborted);
        return path is null ? ApiProblems.Of(result) : await AnswerAsync(id, path, store, roles, time, http, isNew: true);
    }

    private static async Task<IResult> PatchAsync(long id, UserPatchBody body, UserAccounts accounts, UserStore store, RoleStore roles, TimeProvider time, HttpContext http)
    {
        var (caller, aborted) = (http.Caller().AsCaller, http.RequestAborted);
        if (body.Role is not null)
        {
            if (await roles.FindAsync(body.Role, aborted) is not { } role) return ApiProblems.Invalid(UnknownRole(body.Role));
            if (await accounts.SetRoleAsync(id, role, caller, aborted) is { IsDone: false } refused) return ApiProblems.Of(refused);
        }

        if (body.Disabled is { } disabled)
        {
            var result = disabled ? await accounts.DisableAsync(id, body.RevokeKeys, caller, aborted) : await accounts.EnableAsync(id, caller, aborted);
            if (!result.IsDone) return ApiProblems.Of(result);
        }

        return await AnswerAsync(id, null, store, roles, time, http);
    }

    private static async Task<IResult> LinkAsync(long id, UserAccounts accounts, UserStore store, RoleStore roles, TimeProvider time, HttpContext http)
    {
        var (path, result) = await accounts.MakeLinkAsync(id, http.Caller().AsCaller, http.RequestAborted);
        return path is null ? ApiProblems.Of(result) : await AnswerAsync(id, path, store, roles, time, http);
    }

    private static async Task<IResult> SessionsAsync(long id, UserStore store, Sessions sessions, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is null
            ? ApiProblems.NotFound($"User {id}")
            : Results.Ok(new ListAnswer<SessionAnswer>([.. (await sessions.ListAsync(id, cancellationToken)).Select(SessionAnswer.Of)], null));

    private static async Task<IResult> EndAsync(long id, string session, UserAccounts accounts, HttpContext http) =>
        Gone(await accounts.EndSessionAsync(id, session, http.Caller().AsCaller, http.RequestAborted));

    private static async Task<IResult> AnswerAsync(long id, string? path, UserStore store, RoleStore roles, TimeProvider time, HttpContext http, bool isNew = false)
    {
        if (await store.FindAsync(id, http.RequestAborted) is not { } user) return ApiProblems.NotFound($"User {id}");
        var names = (await roles.ListAsync(http.RequestAborted)).ToDictionary(r => r.Id, r => r.Name);
        var publicUrl = http.RequestServices.GetRequiredService<EngineOptions>().PublicUrl?.ToString() ?? $"{http.Request.Scheme}://{http.Request.Host}";
        var answer = AnswerOf(user, names, time) with { Link = path is null ? null : publicUrl.TrimEnd('/') + path };
        return isNew ? Results.Created($"/api/v1/users/{id}", answer) : Results.Ok(answer);
    }

    private static UserAnswer AnswerOf(User user, Dictionary<int, string> roles, TimeProvider time) => new()
    {
        Id = user.Id,
        Email = user.Email,
        Name = user.Name,
        Role = roles.GetValueOrDefault(user.Role, ""),
        State = user.StateAt(time.Now()),
        SecondFactor = user.HasSecondFactor,
        CreatedAt = Times.Of(user.CreatedAt),
        LastSignInAt = Times.Of(user.LastSignInAt),
        DisabledAt = Times.Of(user.DisabledAt),
    };

    private static Problem UnknownRole(string name) => new("role", "unknownRole", $"There is no role '{name}'. GET /roles lists them.", name);

    private static IResult Gone(CommandResult result) => result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
}
