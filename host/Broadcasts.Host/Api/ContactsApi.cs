using System.Globalization;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;

namespace Broadcasts.Host.Api;

/// <summary>Contacts.</summary>
internal static class ContactsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts").WithTags("Contacts");
        group.MapGet("", ListAsync).Needs(ApiScopes.Read).Produces<ListAnswer<ContactAnswer>>();
        group.MapPost("", CreateAsync).Needs(ApiScopes.Contacts).Produces<ContactAnswer>(StatusCodes.Status201Created);
        group.MapPost("batch", BatchAsync).Needs(ApiScopes.Contacts).Produces<BatchAnswer>().WithSummary("Up to 1,000 contacts, made or changed by their addresses");
        group.MapGet("{id:long}", GetAsync).Needs(ApiScopes.Read).Produces<ContactAnswer>();
        group.MapPatch("{id:long}", PatchAsync).Needs(ApiScopes.Contacts).Accepts<ContactBody>("application/json").Produces<ContactAnswer>();
        group.MapDelete("{id:long}", async (long id, ContactStore contacts, HttpContext http) => Gone(await contacts.DeleteAsync(id, http.Actor()))).Needs(ApiScopes.Contacts);
        group.MapPost("{id:long}/tags", async (long id, TagsBody body, ContactStore contacts, HttpContext http) =>
            await AnswerAsync(id, await contacts.AddTagsAsync(id, body.Tags, http.Actor()), contacts)).Needs(ApiScopes.Contacts).Produces<ContactAnswer>();
        group.MapDelete("{id:long}/tags/{tag}", async (long id, string tag, ContactStore contacts, HttpContext http) =>
            Gone(await contacts.RemoveTagAsync(id, tag, http.Actor()))).Needs(ApiScopes.Contacts);
        group.MapPost("{id:long}/block", (long id, ContactStore contacts, HttpContext http) => BlockAsync(id, true, contacts, http)).Needs(ApiScopes.Contacts).Produces<ContactAnswer>();
        group.MapPost("{id:long}/unblock", (long id, ContactStore contacts, HttpContext http) => BlockAsync(id, false, contacts, http)).Needs(ApiScopes.Contacts).Produces<ContactAnswer>();
    }

    private static async Task<IResult> ListAsync(
        ContactQueries queries, SegmentStore segments, string? search, string? tag, long? segmentId, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        SegmentRule? rule = null;
        if (segmentId is { } id)
        {
            if (await segments.GetAsync(id, cancellationToken) is not { } segment) return ApiProblems.NotFound($"Segment {id}");
            rule = SegmentRule.Parse(segment.Rule, out var problems);
            if (rule is null) return ApiProblems.Invalid(problems);
        }

        var page = await queries.ListAsync(new ContactFilter { Search = search, Tag = tag, Rule = rule }, cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<ContactAnswer>([.. page.Items.Select(ContactAnswer.Of)], page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> CreateAsync(ContactBody body, ContactStore contacts, HttpContext http)
    {
        var problems = new List<Problem>();
        var edit = body.ToEdit(problems);
        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var (id, result) = await contacts.CreateAsync(edit, http.Actor());
        return result.IsDone ? Results.Created($"/api/v1/contacts/{id}", ContactAnswer.Of((await contacts.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> BatchAsync(BatchBody body, ContactStore contacts, HttpContext http)
    {
        if (body.Contacts.Length is 0 or > BatchBody.Most) return ApiProblems.Invalid("contacts", "range", $"From 1 to {BatchBody.Most} contacts.");
        var problems = new List<Problem>();
        var edits = new List<ContactEdit>();
        for (var i = 0; i < body.Contacts.Length; i++)
        {
            var own = new List<Problem>();
            edits.Add(body.Contacts[i].ToEdit(own));
            problems.AddRange(own.Select(p => p with { Path = $"contacts[{i}].{p.Path}" }));
        }

        if (problems.Count > 0) return ApiProblems.Invalid(problems);
        var outcomes = await contacts.UpsertAsync(edits, http.Actor());
        return Results.Ok(new BatchAnswer([.. outcomes.Select(o => new BatchItem(o.Kind, o.Id > 0 ? o.Id : null, [.. o.Problems.Select(p => new ApiFault(p.Path, p.Code, p.Message))]))]));
    }

    private static async Task<IResult> GetAsync(long id, ContactStore contacts, CancellationToken cancellationToken) =>
        await contacts.GetAsync(id, cancellationToken) is { } contact ? Results.Ok(ContactAnswer.Of(contact)) : ApiProblems.NotFound($"Contact {id}");

    private static async Task<IResult> PatchAsync(long id, JsonElement patch, int? revision, ContactStore contacts, HttpContext http)
    {
        var body = patch.Deserialize<ContactBody>(ApiJson.Options) ?? throw new JsonException("The body must be an object.");
        var problems = new List<Problem>();
        var edit = body.ToEdit(problems, patch);
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : await AnswerAsync(id, await contacts.UpdateAsync(id, edit, revision, http.Actor()), contacts);
    }

    private static async Task<IResult> BlockAsync(long id, bool isBlocked, ContactStore contacts, HttpContext http) =>
        await AnswerAsync(id, await contacts.BlockAsync(id, isBlocked, http.Actor()), contacts);

    private static async Task<IResult> AnswerAsync(long id, CommandResult result, ContactStore contacts) =>
        result.IsDone ? Results.Ok(ContactAnswer.Of((await contacts.GetAsync(id))!)) : ApiProblems.Of(result);

    private static IResult Gone(CommandResult result) => result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
}
