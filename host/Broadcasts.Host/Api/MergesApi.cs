using System.Globalization;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Merge;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>Two contacts that are one person.</summary>
internal static class MergesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts").WithTags("Contacts");
        group.MapPost("{id}/merge", MergeAsync).Needs(Permission.EditContacts).Produces<MergedAnswer>().WithSummary("Puts another contact into this one");
        group.MapGet("{id}/merges", ListAsync).Needs(Permission.Read).Produces<ListAnswer<MergeAnswer>>();
        group.MapPost("merges/{mergeId:long}/undo", UndoAsync).Needs(Permission.EditContacts).Produces<MergeUndoAnswer>().WithSummary("Makes two contacts of a merged one again");
        group.MapGet("duplicates", DuplicatesAsync).Needs(Permission.Read).Produces<ListAnswer<DuplicateAnswer>>().WithSummary("Pairs of contacts that are probably one person");
        group.MapPost("duplicates/dismiss", DismissAsync).Needs(Permission.EditContacts).Produces(StatusCodes.Status204NoContent).WithSummary("Says that two contacts are two people");
    }

    private static Task<IResult> MergeAsync(ContactKey id, MergeBody body, MergeStore merges, ContactStore contacts, ContactQueries queries, HttpContext http) => id.WithAsync(queries, async i =>
    {
        var request = new MergeRequest { PrimaryId = i, SecondaryId = body.With, Choices = body.Choices ?? [], PrimaryRevision = body.Revision };
        var (mergeId, result) = await merges.MergeAsync(request, http.Actor());
        if (!result.IsDone) return ApiProblems.Of(result);
        return await contacts.GetAsync(i) is { } contact ? Results.Ok(new MergedAnswer(mergeId, ContactAnswer.Of(contact))) : ApiProblems.NotFound($"Contact {i}");
    });

    private static Task<IResult> ListAsync(ContactKey id, MergeStore merges, ContactQueries queries, CancellationToken cancellationToken) => id.WithAsync(queries, async i =>
        Results.Ok(new ListAnswer<MergeAnswer>([.. (await merges.ListAsync(i, cancellationToken)).Select(MergeAnswer.Of)], null)));

    private static async Task<IResult> UndoAsync(long mergeId, MergeStore merges, ContactStore contacts, HttpContext http)
    {
        var undone = await merges.UndoAsync(mergeId, http.Actor());
        if (!undone.Result.IsDone) return ApiProblems.Of(undone.Result);
        var (primary, secondary) = (await contacts.GetAsync(undone.Merge!.PrimaryId), await contacts.GetAsync(undone.Merge.SecondaryId));
        return Results.Ok(new MergeUndoAnswer(
            mergeId, primary is null ? null : ContactAnswer.Of(primary), secondary is null ? null : ContactAnswer.Of(secondary), [.. undone.Kept.Select(k => new ApiFault(k.Path, k.Code, k.Message))]));
    }

    private static async Task<IResult> DuplicatesAsync(DuplicateQueries duplicates, long? cursor, int? limit, CancellationToken cancellationToken)
    {
        var page = await duplicates.ListAsync(cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<DuplicateAnswer>([.. page.Items.Select(DuplicateAnswer.Of)], page.Next?.ToString(CultureInfo.InvariantCulture)));
    }

    private static async Task<IResult> DismissAsync(DismissBody body, DuplicateQueries duplicates, HttpContext http)
    {
        var result = await duplicates.DismissAsync(body.A, body.B, http.Actor());
        return result.IsDone ? Results.NoContent() : ApiProblems.Of(result);
    }
}

/// <summary>Which contact goes into the one of the address.</summary>
internal sealed record MergeBody
{
    public required long With { get; init; }

    /// <summary>Field → primary or secondary: whose value stays. A field that is not named keeps its value, and an empty one gets the other's.</summary>
    public Dictionary<string, string>? Choices { get; init; }

    /// <summary>The revision of the contact that was looked at: another one is refused.</summary>
    public int? Revision { get; init; }
}

/// <summary>The merge, by which it is taken back, and the contact as it is now.</summary>
internal sealed record MergedAnswer(long MergeId, ContactAnswer Contact);

/// <summary>A merge. Names are those before it; they are gone when one of the two was deleted.</summary>
internal sealed record MergeAnswer(
    long Id, long PrimaryId, long SecondaryId, string? PrimaryName, string? SecondaryName, DateTimeOffset At, string Actor, DateTimeOffset? UndoneAt, string? UndoneBy, bool CanUndo)
{
    public static MergeAnswer Of(MergeDetails m) => new(
        m.Id, m.PrimaryId, m.SecondaryId, m.Snapshot?.Primary.Name, m.Snapshot?.Secondary.Name, Times.Of(m.At), m.Actor, Times.Of(m.UndoneAt), m.UndoneBy, m.CanUndo);
}

/// <summary>The two contacts as they are now, and what could not be put back.</summary>
internal sealed record MergeUndoAnswer(long MergeId, ContactAnswer? Primary, ContactAnswer? Secondary, IReadOnlyList<ApiFault> Kept);

/// <summary>Two contacts that are probably one person, the older first.</summary>
internal sealed record DuplicateAnswer(ContactAnswer A, ContactAnswer B, IReadOnlyList<DuplicateSignAnswer> Reasons)
{
    public static DuplicateAnswer Of(DuplicatePair pair) =>
        new(ContactAnswer.Of(pair.First), ContactAnswer.Of(pair.Second), [.. pair.Signs.Select(s => new DuplicateSignAnswer(s.Reason, s.First, s.Second))]);
}

/// <summary>Why: the address of each that says so.</summary>
internal sealed record DuplicateSignAnswer(DuplicateReason Reason, string A, string B);

/// <summary>Two contacts that are two people.</summary>
internal sealed record DismissBody
{
    public required long A { get; init; }

    public required long B { get; init; }
}
