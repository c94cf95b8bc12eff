using System.Globalization;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>A new key of the API.</summary>
internal sealed record ApiKeyBody
{
    public required string Name { get; init; }

    /// <summary>Default: everything.</summary>
    public string[]? Scopes { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>Keys, settings.</summary>
internal static class AdministrationApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var keys = api.MapGroup("/api-keys").WithTags("Administration");
        keys.MapGet("", async (ApiKeyStore store) => new ListAnswer<ApiKey>(await store.ListAsync(), null)).Needs(ApiScopes.Admin);
        keys.MapPost("", CreateKeyAsync).Needs(ApiScopes.Admin).WithSummary("The key is in this answer and nowhere else");
        keys.MapDelete("{id:long}", RevokeKeyAsync).Needs(ApiScopes.Admin);

        api.MapGet("/settings", async (ServiceOptions options, SendingRulesStore rules) => Results.Ok(new
        {
            version = typeof(AdministrationApi).Assembly.GetName().Version?.ToString(3),
            publicUrl = options.Engine.PublicUrl,
            timeZone = options.Engine.TimeZone,
            defaultCountry = options.Engine.DefaultCountry,
            database = options.Engine.Database.Provider,
            sending = await rules.GetAsync(),
            limits = new { importMegabytes = options.Engine.MaxImportMegabytes, fileMegabytes = options.MaxFileMegabytes, pluginMegabytes = options.Engine.MaxPluginMegabytes },
        })).Needs(ApiScopes.Read).WithTags("Administration");
        api.MapPatch("/settings/sending", PatchSendingAsync).Needs(ApiScopes.Admin).WithTags("Administration").Accepts<SendingRules>("application/json").Produces<SendingRules>();
    }

    // What is named is changed; null takes a limit away.
    private static async Task<IResult> PatchSendingAsync(JsonElement patch, SendingRulesStore rules, HttpContext http)
    {
        var problems = await rules.SetAsync(ApiJson.Patch(await rules.GetAsync(), patch), http.Actor());
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : Results.Ok(await rules.GetAsync());
    }

    private static async Task<IResult> CreateKeyAsync(ApiKeyBody body, ApiKeyStore store, AuditStore audit, HttpContext http)
    {
        var scopes = body.Scopes ?? [ApiScopes.Admin];
        var problems = new List<Problem>();
        if (string.IsNullOrWhiteSpace(body.Name)) problems.Add(new Problem("name", "required", "A key needs a name."));
        if (scopes.Length == 0) problems.Add(new Problem("scopes", "required", "A key needs a scope."));
        if (ApiScopes.Unknown(scopes) is { } unknown) problems.Add(new Problem("scopes", "unknownScope", $"There is no scope '{unknown}'. Scopes: {string.Join(", ", ApiScopes.All)}.", unknown));
        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var (key, secret) = await store.CreateAsync(body.Name, scopes, http.Actor(), body.ExpiresAt);
        await audit.AppendAsync(http.Actor(), "key.create", $"key:{key.Id}", key.Name, AuditDiff.Between(null, new { key.Name, key.Scopes, key.ExpiresAt }), CancellationToken.None);
        return Results.Created($"/api/v1/api-keys/{key.Id}", new { key.Id, key.Name, key.Scopes, key.ExpiresAt, key = secret });
    }

    private static async Task<IResult> RevokeKeyAsync(long id, ApiKeyStore store, AuditStore audit, HttpContext http)
    {
        if (!await store.RevokeAsync(id)) return ApiProblems.NotFound($"A key {id} that is in use");
        await audit.AppendAsync(http.Actor(), "key.revoke", string.Create(CultureInfo.InvariantCulture, $"key:{id}"), null, AuditDiff.Between(new { revoked = false }, new { revoked = true }), CancellationToken.None);
        return Results.NoContent();
    }
}
