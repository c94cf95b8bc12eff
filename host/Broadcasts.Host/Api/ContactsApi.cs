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
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<ContactAnswer>>();
        group.MapPost("", CreateAsync).Needs(Permission.EditContacts).Produces<ContactAnswer>(StatusCodes.Status201Created);
        group.MapPost("batch", BatchAsync).Needs(Permission.EditContacts).Produces<BatchAnswer>().WithSummary("Up to 1,000 contacts, made or changed by their addresses");
        group.MapGet("{id}", GetAsync).Needs(Permission.Read).Produces<ContactAnswer>();
        group.MapPatch("{id}", PatchAsync).Needs(Permission.EditContacts).Accepts<ContactBody>("application/json").Produces<ContactAnswer>();
        group.MapDelete("{id}", (ContactKey id, ContactStore contacts, ContactQueries queries, HttpContext http) =>
            id.WithAsync(queries, async i => Gone(await contacts.DeleteAsync(i, http.Actor())))).Needs(Permission.EraseContacts);
        group.MapPost("{id}/tags", (ContactKey id, TagsBody body, ContactStore contacts, ContactQueries queries, HttpContext http) =>
            id.WithAsync(queries, async i => await AnswerAsync(i, await contacts.AddTagsAsync(i, body.Tags, http.Actor()), contacts))).Needs(Permission.EditContacts).Produces<ContactAnswer>();
        group.MapDelete("{id}/tags/{tag}", (ContactKey id, string tag, ContactStore contacts, ContactQueries queries, HttpContext http) =>
            id.WithAsync(queries, async i => Gone(await contacts.RemoveTagAsync(i, tag, http.Actor())))).Needs(Permission.EditContacts);
        foreach (var (act, isBlocked) in new[] { ("block", true), ("unblock", false) })
        {
            group.MapPost($"{{id}}/{act}", (ContactKey id, ContactStore contacts, ContactQueries queries, HttpContext http) =>
                id.WithAsync(queries, async i => await AnswerAsync(i, await contacts.BlockAsync(i, isBlocked, http.Actor()), contacts))).Needs(Permission.EditContacts).Produces<ContactAnswer>();
        }
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
        var items = new BatchItem[body.Contacts.Length];
        var (edits, places) = (new List<ContactEdit>(), new List<int>());
        for (var i = 0; i < items.Length; i++)
        {
            var problems = new List<Problem>();
            var edit = body.Contacts[i].ToEdit(problems);
            if (problems.Count > 0) items[i] = Item(new UpsertOutcome(UpsertKind.Invalid, 0, [.. problems]));
            else
            {
                edits.Add(edit);
                places.Add(i);
            }
        }

        foreach (var (outcome, place) in (await contacts.UpsertAsync(edits, http.Actor())).Zip(places)) items[place] = Item(outcome);
        return Results.Ok(new BatchAnswer(items));
    }

    private static BatchItem Item(UpsertOutcome outcome) => new(outcome.Kind, outcome.Id > 0 ? outcome.Id : null, [.. outcome.Problems.Select(p => new ApiFault(p.Path, p.Code, p.Message))]);

    private static Task<IResult> GetAsync(ContactKey id, ContactStore contacts, ContactQueries queries) => id.WithAsync(queries, async i =>
        await contacts.GetAsync(i) is { } contact ? Results.Ok(ContactAnswer.Of(contact)) : ApiProblems.NotFound($"Contact {i}"));

    private static Task<IResult> PatchAsync(ContactKey id, JsonElement patch, int? revision, ContactStore contacts, ContactQueries queries, HttpContext http) => id.WithAsync(queries, async i =>
    {
        var body = patch.Deserialize<ContactBody>(ApiJson.Options) ?? throw new JsonException("The body must be an object.");
        var problems = new List<Problem>();
        var edit = body.ToEdit(problems, patch);
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : await AnswerAsync(i, await contacts.UpdateAsync(i, edit, revision, http.Actor()), contacts);
    });

    private static async Task<IResult> AnswerAsync(long id, CommandResult result, ContactStore contacts) =>
        result.IsDone ? Results.Ok(ContactAnswer.Of((await contacts.GetAsync(id))!)) : ApiProblems.Of(result);

    private static IResult Gone(CommandResult result) => result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
}
