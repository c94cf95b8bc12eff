using Broadcasts.Contacts;
using Broadcasts.Plugins;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Channels;

/// <summary>One way to reach a contact: an address and a channel that writes to such addresses.</summary>
internal sealed record ReachWay
{
    public required AddressKind Kind { get; init; }

    public required string Address { get; init; }

    /// <summary>When a message came from the address last, Unix milliseconds.</summary>
    public long? HeardAt { get; init; }

    /// <summary>Null when no channel writes to such addresses.</summary>
    public long? ChannelId { get; init; }

    public string? Channel { get; init; }

    public bool IsPaused { get; init; }

    /// <summary>Why the address gets nothing there; null when it does.</summary>
    public SuppressionReason? Suppressed { get; init; }

    /// <summary>Since when, Unix milliseconds.</summary>
    public long? SuppressedAt { get; init; }

    /// <summary>The provider takes free texts only so long after a message from the contact.</summary>
    public bool HasWindow { get; init; }

    /// <summary>Until when it takes them, Unix milliseconds; null when it does not (any more).</summary>
    public long? WindowEndsAt { get; init; }
}

/// <summary>Over which channels a contact can be reached now, and why not over the others.</summary>
internal sealed class ContactReach(Database database, TransportCatalogue transports, TimeProvider time)
{
    private const string WaysSql = """
        SELECT a.kind AS Kind, a.value AS Address, a.last_inbound_at AS HeardAt, ch.id AS ChannelId, ch.name AS Channel, ch.transport AS Transport, ch.status AS Status,
               s.reason AS Reason, s.created_at AS Since
          FROM addresses a
          LEFT JOIN channels ch ON ch.address_kind = a.kind
          LEFT JOIN suppressions s ON s.kind = a.kind AND s.value = a.value AND (s.channel_id = 0 OR s.channel_id = ch.id)
         WHERE a.contact_id = @id
         ORDER BY a.kind, a.id, ch.name_key, s.channel_id
        """;

    public Task<IReadOnlyList<ReachWay>> OfAsync(long contactId, CancellationToken cancellationToken = default) => database.ReadAsync<IReadOnlyList<ReachWay>>(async connection =>
    {
        var rows = await connection.QueryAsync<Row>(new CommandDefinition(WaysSql, new { id = contactId }, cancellationToken: cancellationToken));
        var now = time.Now();
        return [.. rows.DistinctBy(r => (r.Kind, r.Address, r.ChannelId)).Select(r => r.ToWay(transports, now))];
    }, cancellationToken);

    private sealed class Row
    {
        public AddressKind Kind { get; init; }

        public string Address { get; init; } = "";

        public long? HeardAt { get; init; }


        public long? ChannelId { get; init; }

        public string? Channel { get; init; }

        public string? Transport { get; init; }

        public int? Status { get; init; }

        public int? Reason { get; init; }

        public long? Since { get; init; }

        public ReachWay ToWay(TransportCatalogue transports, long now)
        {
            var window = Transport is null ? null : transports.Find(Transport)?.Capabilities.MessagingWindow;
            var ends = window is { } length && HeardAt is { } heard ? heard + (long)length.TotalMilliseconds : (long?)null;
            return new ReachWay
            {
                Kind = Kind, Address = Address, HeardAt = HeardAt, ChannelId = ChannelId, Channel = Channel, IsPaused = Status is { } status && (ChannelStatus)status == ChannelStatus.Paused,
                Suppressed = (SuppressionReason?)Reason, SuppressedAt = Since, HasWindow = window is not null, WindowEndsAt = ends > now ? ends : null,
            };
        }
    }
}
