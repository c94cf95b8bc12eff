using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Templates.Library;

namespace Broadcasts.Host.Api;

/// <summary>The library of message templates.</summary>
internal static class TemplatesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/templates").WithTags("Templates");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<TemplateListAnswer>>();
        group.MapPost("", async (TemplateBody body, TemplateStore store, TemplateQueries queries, HttpContext http) => await MadeAsync(store.CreateAsync(body.ToEdit(), http.Actor()), queries))
            .Needs(Permission.EditContent).Produces<TemplateAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", async (long id, TemplateQueries queries) => await AnswerAsync(id, queries)).Needs(Permission.Read).Produces<TemplateAnswer>();
        group.MapPut("{id:long}", UpdateAsync).Needs(Permission.EditContent).Produces<TemplateAnswer>().WithSummary("Writes a new version; none when nothing has changed");
        group.MapDelete("{id:long}", async (long id, TemplateStore store, HttpContext http) =>
            await store.DeleteAsync(id, http.Actor()) is { IsDone: false } refused ? ApiProblems.Of(refused) : Results.NoContent()).Needs(Permission.EditContent);
        group.MapGet("{id:long}/versions", VersionsAsync).Needs(Permission.Read).Produces<ListAnswer<TemplateVersionAnswer>>().WithSummary("Who saved it when, newest first");
        group.MapGet("{id:long}/versions/{version:int}", async (long id, int version, TemplateQueries queries) =>
            await queries.GetVersionAsync(id, version) is { } found ? Results.Ok(TemplateVersionAnswer.Whole(found)) : NoVersion(id, version)).Needs(Permission.Read).Produces<TemplateVersionAnswer>();
        group.MapGet("{id:long}/diff", DiffAsync).Needs(Permission.Read).Produces<TemplateDiffAnswer>().WithSummary("Where two versions differ, word by word");
        group.MapGet("{id:long}/used-by", UsedByAsync).Needs(Permission.Read).Produces<ListAnswer<TemplateUseAnswer>>().WithSummary("Broadcasts that were made from it");
        group.MapPost("{id:long}/restore", RestoreAsync).Needs(Permission.EditContent).Produces<TemplateAnswer>().WithSummary("Makes an old version a new one");
        group.MapPost("{id:long}/duplicate", async (long id, TemplateStore store, TemplateQueries queries, HttpContext http) => await MadeAsync(store.DuplicateAsync(id, http.Actor()), queries))
            .Needs(Permission.EditContent).Produces<TemplateAnswer>(StatusCodes.Status201Created);
        group.MapPost("{id:long}/archive", async (long id, TemplateStore store, TemplateQueries queries, HttpContext http) => await DoneAsync(id, store.ArchiveAsync(id, true, http.Actor()), queries)).Needs(Permission.EditContent).Produces<TemplateAnswer>();
        group.MapPost("{id:long}/unarchive", async (long id, TemplateStore store, TemplateQueries queries, HttpContext http) => await DoneAsync(id, store.ArchiveAsync(id, false, http.Actor()), queries)).Needs(Permission.EditContent).Produces<TemplateAnswer>();
        group.MapPost("{id:long}/render", RenderAsync).Needs(Permission.Read).Produces<RenderAnswer>().WithSummary("What a contact gets, or why it gets nothing");
        group.MapPost("render", RenderUnsavedAsync).Needs(Permission.Read).Produces<RenderAnswer>().WithSummary("The same of a content that is not stored");
    }

    private static async Task<IResult> ListAsync(TemplateQueries queries, string? search, bool? archived, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var page = await queries.PageAsync(search, archived ?? false, cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<TemplateListAnswer>([.. page.Items.Select(TemplateListAnswer.Of)], page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> UpdateAsync(long id, TemplateBody body, TemplateStore store, TemplateQueries queries, HttpContext http)
    {
        if (await queries.GetAsync(id) is not { } current) return ApiProblems.NotFound($"Template {id}");
        return await DoneAsync(id, store.UpdateAsync(id, body.ToEdit(), body.Version ?? current.Version, http.Actor()), queries);
    }

    private static async Task<IResult> RestoreAsync(long id, RestoreBody body, TemplateStore store, TemplateQueries queries, HttpContext http)
    {
        if (await queries.GetAsync(id) is not { } current) return ApiProblems.NotFound($"Template {id}");
        return await DoneAsync(id, store.RestoreAsync(id, body.From, body.Version ?? current.Version, http.Actor()), queries);
    }

    private static async Task<IResult> VersionsAsync(long id, TemplateQueries queries, int? cursor, int? limit, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(id, cancellationToken) is null) return ApiProblems.NotFound($"Template {id}");
        var most = ApiRoutes.Limit(limit);
        var rows = await queries.VersionsAsync(id, cursor, most + 1, cancellationToken);
        return Results.Ok(ListAnswer<TemplateVersionAnswer>.Of(rows, most, TemplateVersionAnswer.Of, v => v.Version));
    }

    private static async Task<IResult> DiffAsync(long id, int from, int to, TemplateQueries queries, CancellationToken cancellationToken)
    {
        if (await queries.GetVersionAsync(id, from, cancellationToken) is not { } before) return NoVersion(id, from);
        if (await queries.GetVersionAsync(id, to, cancellationToken) is not { } after) return NoVersion(id, to);
        return Results.Ok(new TemplateDiffAnswer(from, to, [.. TemplateDiff.Between(before, after)]));
    }

    private static async Task<IResult> UsedByAsync(long id, TemplateQueries queries, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(id, cancellationToken) is null) return ApiProblems.NotFound($"Template {id}");
        var most = ApiRoutes.Limit(limit);
        var rows = await queries.UsesAsync(id, cursor, most + 1, cancellationToken);
        return Results.Ok(ListAnswer<TemplateUseAnswer>.Of(rows, most, u => new TemplateUseAnswer(u.BroadcastId, u.Name, u.Status, u.Version), u => u.BroadcastId));
    }

    private static async Task<IResult> RenderAsync(long id, RenderBody body, TemplateQueries queries, TemplatePreviews previews, CancellationToken cancellationToken)
    {
        if (body.Languages is not null) return ApiProblems.Invalid("languages", "notHere", "A stored template has its content: post unsaved languages to /api/v1/templates/render.");
        if (await queries.GetAsync(id, cancellationToken) is not { } current) return ApiProblems.NotFound($"Template {id}");
        if (await queries.GetVersionAsync(id, body.Version ?? current.Version, cancellationToken) is not { } version) return NoVersion(id, body.Version ?? 0);
        return await RenderedAsync(version.ReadContent(), body, previews, cancellationToken);
    }

    private static Task<IResult> RenderUnsavedAsync(RenderBody body, TemplatePreviews previews, CancellationToken cancellationToken) => RenderedAsync(body.Languages ?? [], body, previews, cancellationToken);

    private static async Task<IResult> RenderedAsync(LanguageParts[] contents, RenderBody body, TemplatePreviews previews, CancellationToken cancellationToken)
    {
        if (contents.Length == 0) return ApiProblems.Invalid("languages", "noContent", "Write at least one message.");
        if (body.ContactId is null == body.Contact is null) return ApiProblems.Invalid("contactId", "oneReader", "Give a contactId, or the values of a contact, and not both.");
        var reader = body.ContactId is { } contact ? await previews.ReaderAsync(contact, cancellationToken) : body.Contact!.ToReader();
        if (reader is null) return ApiProblems.NotFound($"Contact {body.ContactId}");
        var problems = new List<Problem>();
        return await previews.RenderAsync(contents, [reader], problems, null, cancellationToken) is [var preview] ? Results.Ok(RenderAnswer.Of(preview)) : ApiProblems.Invalid(problems);
    }

    private static async Task<IResult> MadeAsync(Task<(long Id, CommandResult Result)> making, TemplateQueries queries)
    {
        var (id, result) = await making;
        return result.IsDone ? Results.Created($"/api/v1/templates/{id}", TemplateAnswer.Of((await queries.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> DoneAsync(long id, Task<CommandResult> command, TemplateQueries queries) => await command is { IsDone: false } refused ? ApiProblems.Of(refused) : await AnswerAsync(id, queries);

    private static async Task<IResult> AnswerAsync(long id, TemplateQueries queries) => await queries.GetAsync(id) is { } template ? Results.Ok(TemplateAnswer.Of(template)) : ApiProblems.NotFound($"Template {id}");

    private static IResult NoVersion(long id, int version) => ApiProblems.NotFound($"Version {version} of template {id}");
}
