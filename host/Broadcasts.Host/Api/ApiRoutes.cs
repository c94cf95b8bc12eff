using Broadcasts.Reporting;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>All routes of the API, one file per resource.</summary>
internal static class ApiRoutes
{
    public static void Map(WebApplication app)
    {
        app.MapOpenApi("/api/v1/openapi.json").AllowAnonymous();
        var api = app.MapGroup("/api/v1");
        BroadcastsApi.Map(api);
        RecipientsApi.Map(api);
        ContactsApi.Map(api);
        ContactViewsApi.Map(api);
        ConsentsApi.Map(api);
        FormsApi.Map(api);
        MergesApi.Map(api);
        ContactExportApi.Map(api);
        JobsApi.Map(api);
        ImportsApi.Map(api);
        SuppressionsApi.Map(api);
        FieldsApi.Map(api);
        SegmentsApi.Map(api);
        TemplatesApi.Map(api);
        FilesApi.Map(api);
        ChannelsApi.Map(api);
        MessagesApi.Map(api);
        PluginsApi.Map(api);
        AdministrationApi.Map(api);
        AuditApi.Map(api);
        SafeHoldApi.Map(api);
        api.MapGet("/labels", async (BroadcastQueries queries, CancellationToken cancellationToken) => new ListAnswer<string>(await queries.LabelsAsync(cancellationToken), null))
            .Needs(Permission.Read).WithTags("Broadcasts");
        UsersApi.Map(api);
        RolesApi.Map(api);
        KeysApi.Map(api);
    }

    /// <summary>Rows of a page, within bounds.</summary>
    public static int Limit(int? asked) => Math.Clamp(asked ?? 50, 1, 200);
}
