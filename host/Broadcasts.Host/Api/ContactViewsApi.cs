using System.Globalization;
using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>A way to reach a contact.</summary>
/// <param name="Kind">The kind of address.</param>
/// <param name="Address">The address.</param>
/// <param name="ChannelId">A channel that writes to such addresses; missing when there is none.</param>
/// <param name="Channel">Its name.</param>
/// <param name="IsReachable">A message would be sent now.</param>
/// <param name="IsPaused">The channel is paused.</param>
/// <param name="Suppressed">Why the address gets nothing.</param>
/// <param name="SuppressedAt">Since when.</param>
/// <param name="HeardAt">When a message came from the address last.</param>
/// <param name="WindowEndsAt">Until when the provider takes free texts.</param>
/// <param name="TemplatesOnly">It takes only templates that it approved.</param>
internal sealed record ReachAnswer(
    string Kind, string Address, long? ChannelId, string? Channel, bool IsReachable, bool IsPaused, SuppressionReason? Suppressed, DateTimeOffset? SuppressedAt, DateTimeOffset? HeardAt, DateTimeOffset? WindowEndsAt, bool TemplatesOnly)
{
    public static ReachAnswer Of(ReachWay way, bool isBlocked) => new(
        way.Kind.Name(), way.Address, way.ChannelId, way.Channel, !isBlocked && way is { ChannelId: not null, IsPaused: false, Suppressed: null }, way.IsPaused, way.Suppressed, Times.Of(way.SuppressedAt),
        Times.Of(way.HeardAt), Times.Of(way.WindowEndsAt), way is { HasWindow: true, WindowEndsAt: null });
}

/// <summary>A message to a contact; without a broadcast a single one.</summary>
internal sealed record ContactMessageAnswer(long? BroadcastId, string? Broadcast, string? Channel, RecipientRow Message)
{
    public static ContactMessageAnswer Of(ContactMessage message) => new(message.BroadcastId, message.Broadcast, message.Channel, message.Row);
}

/// <summary>A segment that a contact is in.</summary>
internal sealed record ContactSegmentAnswer(long Id, string Name);

/// <summary>What follows from a contact: how it is reached, what it got, where it belongs.</summary>
internal static class ContactViewsApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/contacts/{id}").WithTags("Contacts");
        group.MapGet("reach", ReachAsync).Needs(Permission.Read).Produces<ListAnswer<ReachAnswer>>().WithSummary("Over which channels the contact can be reached now, and why not over the others");
        group.MapGet("messages", MessagesAsync).Needs(Permission.Read).Produces<ListAnswer<ContactMessageAnswer>>().WithSummary("What was sent to the contact, or was not and why, the newest first");
        group.MapGet("segments", SegmentsAsync).Needs(Permission.Read).Produces<ListAnswer<ContactSegmentAnswer>>().WithSummary("The segments that the contact is in");
    }

    private static Task<IResult> ReachAsync(ContactKey id, ContactQueries queries, ContactReach reach, CancellationToken cancellationToken) => id.WithAsync(queries, async i =>
        await queries.GetAsync(i, cancellationToken) is { } contact
            ? Results.Ok(new ListAnswer<ReachAnswer>([.. (await reach.OfAsync(i, cancellationToken)).Select(w => ReachAnswer.Of(w, contact.BlockedAt is not null))], null))
            : ApiProblems.NotFound($"Contact {i}"));

    private static Task<IResult> MessagesAsync(ContactKey id, ContactQueries queries, BroadcastQueries broadcasts, long? cursor, int? limit, CancellationToken cancellationToken) => id.WithAsync(queries, async i =>
    {
        if (await queries.GetAsync(i, cancellationToken) is null) return ApiProblems.NotFound($"Contact {i}");
        var (items, next) = await broadcasts.MessagesOfAsync(i, cursor, ApiRoutes.Limit(limit), cancellationToken);
        return Results.Ok(new ListAnswer<ContactMessageAnswer>([.. items.Select(ContactMessageAnswer.Of)], next?.ToString(CultureInfo.InvariantCulture)));
    });

    private static Task<IResult> SegmentsAsync(ContactKey id, ContactQueries queries, SegmentStore segments, SegmentQueries rules, CancellationToken cancellationToken) => id.WithAsync(queries, async i =>
        await queries.GetAsync(i, cancellationToken) is null
            ? ApiProblems.NotFound($"Contact {i}")
            : Results.Ok(new ListAnswer<ContactSegmentAnswer>([.. (await rules.OfContactAsync(i, await segments.ListAsync(cancellationToken), cancellationToken)).Select(s => new ContactSegmentAnswer(s.Id, s.Name))], null)));
}
