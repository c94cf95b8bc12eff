using Broadcasts.Deliveries;
using Dapper;

namespace Broadcasts.Reporting;

/// <summary>A message to a contact: a part of a broadcast, or a single one.</summary>
/// <param name="BroadcastId">Null for a single message.</param>
/// <param name="Broadcast">Its name.</param>
/// <param name="Channel">The channel's name; null when it is gone.</param>
/// <param name="Row">What became of it.</param>
internal sealed record ContactMessage(long? BroadcastId, string? Broadcast, string? Channel, RecipientRow Row);

internal sealed partial class BroadcastQueries
{
    private static readonly string ContactMessagesSql = $"""
        SELECT {RecipientColumns}, b.name AS Broadcast, b.kind AS Kind, ch.name AS Channel
          FROM {RecipientsFrom}
          JOIN broadcasts b ON b.id = d.id >> 32
          LEFT JOIN channels ch ON ch.id = d.channel_id
         WHERE d.contact_id = @contactId AND d.id < @before
         ORDER BY d.id DESC
         LIMIT @limit
        """;

    /// <summary>What was sent to a contact, or is to be, or was not and why: the newest broadcast first. <paramref name="cursor"/>: the id of the last one of the page before.</summary>
    public Task<(IReadOnlyList<ContactMessage> Items, long? Next)> MessagesOfAsync(long contactId, long? cursor = null, int limit = 20, CancellationToken cancellationToken = default) =>
        database.ReadAsync<(IReadOnlyList<ContactMessage>, long?)>(async connection =>
        {
            var rows = (await connection.QueryAsync<ContactMessageRecord>(Command(ContactMessagesSql, new { contactId, before = cursor ?? long.MaxValue, limit = limit + 1 }, cancellationToken))).AsList();
            var more = rows.Count > limit;
            if (more) rows.RemoveAt(limit);
            return ([.. rows.Select(r => r.ToMessage())], more ? rows[^1].Id : null);
        }, cancellationToken);

    private sealed class ContactMessageRecord : RecipientRecord
    {
        public string Broadcast { get; set; } = "";

        public int Kind { get; set; }

        public string? Channel { get; set; }

        public ContactMessage ToMessage() => Kind == Broadcasting.Broadcast.SingleMessages ? new(null, null, Channel, ToRow()) : new(DeliveryId.BroadcastOf(Id), Broadcast, Channel, ToRow());
    }
}
