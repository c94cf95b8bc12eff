using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Audit and settings.</summary>
internal static class AdministrationApi
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/settings", async (ServiceOptions options, SendingRulesStore rules) => Results.Ok(new
        {
            version = typeof(AdministrationApi).Assembly.GetName().Version?.ToString(3),
            publicUrl = options.Engine.PublicUrl,
            timeZone = options.Engine.TimeZone,
            defaultCountry = options.Engine.DefaultCountry,
            database = options.Engine.Database.Provider,
            sending = await rules.GetAsync(),
            limits = new { importMegabytes = options.Engine.MaxImportMegabytes, fileMegabytes = options.MaxFileMegabytes, pluginMegabytes = options.Engine.MaxPluginMegabytes },
        })).Needs(Permission.Read).WithTags("Administration");
        api.MapPatch("/settings/sending", PatchSendingAsync).Needs(Permission.ManageSettings).WithTags("Administration").Accepts<SendingRules>("application/json").Produces<SendingRules>();
    }

    // What is named is changed; null takes a limit away.
    private static async Task<IResult> PatchSendingAsync(JsonElement patch, SendingRulesStore rules, HttpContext http)
    {
        var problems = await rules.SetAsync(ApiJson.Patch(await rules.GetAsync(), patch), http.Actor());
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : Results.Ok(await rules.GetAsync());
    }
}
