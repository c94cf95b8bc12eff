using System.Globalization;
using System.Text.Json;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A saved segment: a name and a rule.</summary>
internal sealed record SegmentBody
{
    public required string Name { get; init; }

    public required JsonElement Rule { get; init; }

    public string? Description { get; init; }

    /// <summary>In a change: the version that it was made from. Default: the one that is stored.</summary>
    public int? Version { get; init; }
}

/// <summary>An unsaved rule.</summary>
internal sealed record RuleBody
{
    public required JsonElement Rule { get; init; }

    /// <summary>How many contacts to show. Default: 20.</summary>
    public int? Limit { get; init; }
}

/// <summary>A segment as the API tells it.</summary>
internal sealed record SegmentAnswer(long Id, string Name, string? Description, JsonElement Rule, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static SegmentAnswer Of(SegmentDetails segment)
    {
        using var rule = JsonDocument.Parse(segment.Rule);
        return new(segment.Id, segment.Name, segment.Description, rule.RootElement.Clone(), segment.Version, Times.Of(segment.CreatedAt), Times.Of(segment.UpdatedAt));
    }
}

/// <summary>Who would miss a segment.</summary>
internal sealed record SegmentUsesAnswer(BroadcastUse[] Broadcasts, SegmentMemberUse[] Segments);

/// <summary>A broadcast that names a segment.</summary>
/// <param name="Id">Which.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">Where it is.</param>
/// <param name="Excludes">True when it takes the segment out of its audience.</param>
internal sealed record BroadcastUse(long Id, string Name, BroadcastStatus Status, bool? Excludes);

internal sealed record SegmentMemberUse(long Id, string Name);

/// <summary>Why a contact is in or out.</summary>
internal sealed record SegmentWhyAnswer(bool IsMember, SegmentReasonAnswer[] Conditions);

internal sealed record SegmentReasonAnswer(string Path, JsonElement Condition, bool Fits);

/// <summary>Segments.</summary>
internal static class SegmentsApi
{
    private const int MostPreviewed = 100;

    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/segments").WithTags("Segments");
        group.MapGet("", ListAsync).Needs(Permission.Read).Produces<ListAnswer<SegmentAnswer>>();
        group.MapPost("", CreateAsync).Needs(Permission.EditSegments).Produces<SegmentAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", async (long id, SegmentStore store) =>
            await store.GetAsync(id) is { } segment ? Results.Ok(SegmentAnswer.Of(segment)) : ApiProblems.NotFound($"Segment {id}")).Needs(Permission.Read).Produces<SegmentAnswer>();
        group.MapPut("{id:long}", UpdateAsync).Needs(Permission.EditSegments).Produces<SegmentAnswer>();
        group.MapDelete("{id:long}", DeleteAsync).Needs(Permission.EditSegments);
        group.MapGet("{id:long}/used-by", UsedByAsync).Needs(Permission.Read).Produces<SegmentUsesAnswer>().WithSummary("Broadcasts that go to the segment, and segments that have it as a condition");
        group.MapGet("{id:long}/why/{contactId:long}", WhyAsync).Needs(Permission.Read).Produces<SegmentWhyAnswer>().WithSummary("Why a contact is in or out, condition by condition");
        group.MapPost("count", CountAsync).Needs(Permission.Read);
        group.MapPost("preview", PreviewAsync).Needs(Permission.Read);
    }

    private static async Task<IResult> ListAsync(SegmentStore store, string? search, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var page = await store.PageAsync(search, cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<SegmentAnswer>([.. page.Items.Select(SegmentAnswer.Of)], page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> CreateAsync(SegmentBody body, SegmentStore store, HttpContext http)
    {
        if (SegmentRule.Parse(body.Rule, out var problems) is not { } rule) return ApiProblems.Invalid(problems);
        var (id, result) = await store.CreateAsync(body.Name, rule, http.Actor(), body.Description);
        return result.IsDone ? Results.Created($"/api/v1/segments/{id}", SegmentAnswer.Of((await store.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> UpdateAsync(long id, SegmentBody body, SegmentStore store, HttpContext http)
    {
        if (SegmentRule.Parse(body.Rule, out var problems) is not { } rule) return ApiProblems.Invalid(problems);
        if (await store.GetAsync(id) is not { } current) return ApiProblems.NotFound($"Segment {id}");
        var result = await store.UpdateAsync(id, body.Name, rule, body.Description, body.Version ?? current.Version, http.Actor());
        return result.IsDone ? Results.Ok(SegmentAnswer.Of((await store.GetAsync(id))!)) : ApiProblems.Of(result);
    }

    private static async Task<IResult> DeleteAsync(long id, SegmentStore store, HttpContext http)
    {
        var result = await store.DeleteAsync(id, http.Actor());
        return result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
    }

    private static async Task<IResult> UsedByAsync(long id, SegmentStore store, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(id, cancellationToken) is null) return ApiProblems.NotFound($"Segment {id}");
        var broadcasts = await store.UsedByAsync(id, cancellationToken);
        var segments = await store.MemberOfAsync(id, cancellationToken);
        return Results.Ok(new SegmentUsesAnswer([.. broadcasts.Select(b => new BroadcastUse(b.BroadcastId, b.Name, b.Status, b.IsExcluded ? true : null))], [.. segments.Select(s => new SegmentMemberUse(s.Id, s.Name))]));
    }

    private static async Task<IResult> WhyAsync(long id, long contactId, SegmentStore store, SegmentQueries queries, ContactQueries contacts, CancellationToken cancellationToken)
    {
        if (await store.GetAsync(id, cancellationToken) is not { } segment) return ApiProblems.NotFound($"Segment {id}");
        if (await contacts.GetAsync(contactId, cancellationToken) is null) return ApiProblems.NotFound($"Contact {contactId}");
        if (SegmentRule.Parse(segment.Rule, out var problems) is not { } rule) return ApiProblems.Invalid(problems);
        var why = await queries.WhyAsync(rule, contactId, cancellationToken);
        return Results.Ok(new SegmentWhyAnswer(why.IsMember, [.. why.Reasons.Select(r => new SegmentReasonAnswer(r.Path, JsonSerializer.Deserialize<JsonElement>(new SegmentRule(r.Condition).ToJson()), r.Fits))]));
    }

    private static async Task<IResult> CountAsync(RuleBody body, SegmentStore store, SegmentQueries queries, CancellationToken cancellationToken)
    {
        if (SegmentRule.Parse(body.Rule, out var problems) is not { } rule) return ApiProblems.Invalid(problems);
        if (await store.CheckAsync(rule, cancellationToken) is { Length: > 0 } wrong) return ApiProblems.Invalid(wrong);
        return Results.Ok(new { contacts = await queries.CountAsync(rule, cancellationToken: cancellationToken) });
    }

    private static async Task<IResult> PreviewAsync(RuleBody body, SegmentStore store, SegmentQueries queries, CancellationToken cancellationToken)
    {
        if (SegmentRule.Parse(body.Rule, out var problems) is not { } rule) return ApiProblems.Invalid(problems);
        if (await store.CheckAsync(rule, cancellationToken) is { Length: > 0 } wrong) return ApiProblems.Invalid(wrong);
        var contacts = await queries.SampleAsync(rule, Math.Clamp(body.Limit ?? 20, 1, MostPreviewed), cancellationToken);
        return Results.Ok(new { items = contacts.Select(ContactAnswer.Of) });
    }
}
