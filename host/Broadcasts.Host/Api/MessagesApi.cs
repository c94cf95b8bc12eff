using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>One message to one contact.</summary>
internal sealed record MessageBody
{
    public long? ContactId { get; init; }

    /// <summary>Instead of contactId: an address of the channel's kind that a contact has.</summary>
    public string? Address { get; init; }

    /// <summary>Without it the channel on which the contact wrote last; then contactId is needed.</summary>
    public long? ChannelId { get; init; }

    public required BroadcastPart Part { get; init; }
}

/// <summary>A single message as the API tells it.</summary>
internal sealed record MessageAnswer
{
    public required long Id { get; init; }

    public required long ChannelId { get; init; }

    public required long ContactId { get; init; }

    public string? Address { get; init; }

    public required DeliveryStatus Status { get; init; }

    public string? Reason { get; init; }

    /// <summary>What the provider said last, when it was not a plain success.</summary>
    public string? Code { get; init; }

    public string? Detail { get; init; }

    public required int Attempt { get; init; }

    public string? ProviderId { get; init; }

    public required BroadcastPart Part { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>While it is pending: not before then.</summary>
    public DateTimeOffset? DueAt { get; init; }

    public DateTimeOffset? SentAt { get; init; }

    public DateTimeOffset? DeliveredAt { get; init; }

    public DateTimeOffset? ReadAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public static MessageAnswer Of(SingleMessage message) => new()
    {
        Id = message.Id,
        ChannelId = message.ChannelId,
        ContactId = message.ContactId,
        Address = message.Address,
        Status = DeliveryStatuses.Read(message.Status),
        Reason = message.Reason is { } reason ? Reasons.NameOf(reason) : null,
        Code = message.Code,
        Detail = message.Detail,
        Attempt = message.Attempt,
        ProviderId = message.ProviderId,
        Part = JsonSerializer.Deserialize<BroadcastPart>(message.Part, BroadcastJson.Options)!,
        CreatedAt = Times.Of(message.CreatedAt),
        DueAt = Times.Of(message.DueAt),
        SentAt = Times.Of(message.SentAt),
        DeliveredAt = Times.Of(message.DeliveredAt),
        ReadAt = Times.Of(message.ReadAt),
        EndedAt = Times.Of(message.EndedAt),
    };
}

/// <summary>Single messages: before every broadcast on their channel, in the same ledger and within the same limits.</summary>
internal static class MessagesApi
{
    public static void Map(RouteGroupBuilder api)
    {
        var group = api.MapGroup("/messages").WithTags("Messages");
        group.MapPost("", SendAsync).Needs(Permission.SendBroadcasts).Produces<MessageAnswer>(StatusCodes.Status201Created);
        group.MapGet("{id:long}", async (long id, SingleMessageStore store) =>
            await store.GetAsync(id) is { } message ? Results.Ok(MessageAnswer.Of(message)) : ApiProblems.NotFound($"Message {id}")).Needs(Permission.Read).Produces<MessageAnswer>();
    }

    private static async Task<IResult> SendAsync(MessageBody body, SingleMessages messages, SingleMessageStore store, HttpContext http)
    {
        var (id, problems) = await messages.SendAsync(body.ChannelId, new MessageRecipient(body.ContactId, body.Address), body.Part, http.Actor(), http.Features.Get<IdempotencyIdentity>()?.Key);
        if (problems is [{ Code: SafeHold.Code } held]) return ApiProblems.Of(CommandResult.Refused(held));
        return problems.Count > 0 ? ApiProblems.Invalid(problems) : Results.Created($"/api/v1/messages/{id}", MessageAnswer.Of((await store.GetAsync(id))!));
    }
}
