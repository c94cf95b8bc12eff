using System.Globalization;
using System.Text;
using Broadcasts.Admin.Security;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>Acts on many contacts, and files made of them, that go on by themselves.</summary>
internal static class JobsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts/jobs").WithTags("Jobs");
        // Which permission is needed follows from the act: a key that may only export changes nobody, and the other way round.
        group.MapPost("", StartAsync).Needs(Permission.EditContacts, Permission.EraseContacts, Permission.ExportContacts).Produces<JobAnswer>(StatusCodes.Status202Accepted).WithSummary("Needs contacts.edit for acts, contacts.erase to delete, contacts.export for files");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<JobAnswer>>();
        group.MapGet("{id:long}", GetAsync).Needs(Permission.Read).Produces<JobAnswer>();
        group.MapGet("{id:long}/refused", RefusedAsync).Needs(Permission.Read).Produces<ListAnswer<JobRefusalAnswer>>().WithSummary("With which contacts it could not be done, and why");
        group.MapPost("{id:long}/cancel", CancelAsync).Needs(Permission.EditContacts, Permission.EraseContacts, Permission.ExportContacts).Produces<JobAnswer>().WithSummary("What is done stays done. Needs the permission that asking for it needs");
        group.MapGet("{id:long}/file.csv", DownloadAsync).Needs(Permission.ExportContacts).WithSummary("The file of an export, while it is kept");
    }

    private static async Task<IResult> StartAsync(JobBody body, JobService service, JobStore jobs, HttpContext http)
    {
        if (Refused(http, body.Act) is { } refused) return refused;
        if (!body.TryRead(out var request, out var problem)) return problem!;
        var (id, result) = await service.StartAsync(request, http.Actor(), http.RequestAborted);
        return result.IsDone ? Results.Accepted($"/api/v1/contacts/jobs/{id}", JobAnswer.Of((await jobs.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> ListAsync(JobStore jobs, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var most = ApiRoutes.Limit(limit);
        return Results.Ok(ListAnswer<JobAnswer>.Of(await jobs.ListAsync(cursor, most + 1, cancellationToken), most, JobAnswer.Of, j => j.Id));
    }

    private static async Task<IResult> GetAsync(long id, JobStore jobs, CancellationToken cancellationToken) =>
        await jobs.GetAsync(id, cancellationToken) is { } job ? Results.Ok(JobAnswer.Of(job)) : ApiProblems.NotFound($"Job {id}");

    private static async Task<IResult> RefusedAsync(long id, JobStore jobs, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        if (await jobs.GetAsync(id, cancellationToken) is null) return ApiProblems.NotFound($"Job {id}");
        var most = ApiRoutes.Limit(limit);
        return Results.Ok(ListAnswer<JobRefusalAnswer>.Of(await jobs.RefusalsAsync(id, cursor ?? 0, most + 1, cancellationToken), most, JobRefusalAnswer.Of, r => r.ContactId));
    }

    private static async Task<IResult> CancelAsync(long id, JobStore jobs, HttpContext http)
    {
        if (await jobs.GetAsync(id, http.RequestAborted) is not { } job) return ApiProblems.NotFound($"Job {id}");
        if (Refused(http, job.Act) is { } refused) return refused;
        var result = await jobs.CancelAsync(id, http.Actor());
        return result.IsDone ? Results.Ok(JobAnswer.Of((await jobs.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> DownloadAsync(long id, bool? bom, JobStore jobs, JobFile file, HttpContext http)
    {
        if (await jobs.GetAsync(id, http.RequestAborted) is not { } job) return ApiProblems.NotFound($"Job {id}");
        if (file.Refusal(job) is { } refusal) return ApiProblems.Of(CommandResult.Refused(refusal));
        var mark = bom == true ? Encoding.UTF8.GetPreamble() : [];
        http.Response.ContentType = "text/csv; charset=utf-8";
        // A length, so that whoever gets less knows it.
        http.Response.ContentLength = mark.Length + job.Bytes;
        http.Response.Headers.ContentDisposition = string.Create(CultureInfo.InvariantCulture, $"attachment; filename=\"{NameOf(job.Act)}-{Times.Of(job.CreatedAt):yyyyMMdd-HHmmss}.csv\"");
        await http.Response.Body.WriteAsync(mark, http.RequestAborted);
        await file.WriteAsync(job, http.Actor(), http.Response.Body, http.RequestAborted);
        return Results.Empty;
    }

    private static IResult? Refused(HttpContext http, JobAct act) =>
        http.Caller().May.Has(act.Needs()) ? null : http.Caller().Refused(new NeedsAttribute(act.Needs()));

    private static string NameOf(JobAct act) => act switch
    {
        JobAct.ExportConsents => "consents",
        JobAct.ExportSuppressions => "suppressions",
        _ => "contacts",
    };
}
