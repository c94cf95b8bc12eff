using System.Text.Json;
using Broadcasts.Channels;
using Broadcasts.Storage;

namespace Broadcasts.Audiences;

/// <summary>
/// Over which channel and address each contact is reached, or why not: the channel that the contact wrote on last, else the first one in order that
/// reaches him. The freeze and the forecast ask alike.
/// </summary>
internal static class Reach
{
    /// <summary>Rows (id, revision, first_name, last_name, time_zone, country, address_id, channel_id, reason), one per contact. <c>@routes</c> is made by <see cref="Routes"/>; <c>@asks</c> is 1 when the message asks to confirm, and then those who have to confirm first are reached.</summary>
    /// <param name="dialect">The database's.</param>
    /// <param name="where">Over <c>contacts c</c>; bounded by ids, because the choice looks at all of them.</param>
    public static string Sql(SqlDialect dialect, string where) => $"""
        SELECT id, revision, first_name, last_name, time_zone, country, address_id, channel_id, reason
          FROM (SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.id
                       ORDER BY CASE WHEN t.reason IS NULL THEN 0 WHEN t.reason = 103 THEN 2 ELSE 1 END, CASE WHEN t.heard IS NULL THEN 1 ELSE 0 END, t.heard DESC, t.ord) AS pick
                  FROM (SELECT c.id, c.revision, c.first_name, c.last_name, c.time_zone, c.country, a.id AS address_id, ch.id AS channel_id, ch.ord,
                               CASE WHEN a.last_channel_id = ch.id THEN a.last_inbound_at END AS heard,
                               CASE WHEN c.blocked_at IS NOT NULL THEN 102
                                    WHEN a.id IS NULL THEN 103
                                    ELSE (SELECT CASE WHEN MAX(CASE WHEN s.reason = 2 THEN 1 ELSE 0 END) = 1 THEN 100 WHEN COUNT(*) > 0 THEN 101 END
                                            FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, ch.id) AND (s.reason <> 6 OR @asks = 0)) END AS reason
                          FROM contacts c
                         CROSS JOIN {dialect.Rows("@routes", "ch", ("id", SqlType.BigInt), ("kind", SqlType.Integer), ("ord", SqlType.Integer))}
                          LEFT JOIN addresses a ON a.id = (SELECT MIN(x.id) FROM addresses x WHERE x.contact_id = c.id AND x.kind = ch.kind)
                         WHERE {where}) AS t) AS ranked
         WHERE pick = 1
        """;

    /// <summary>The parameter of that name: channels in their order.</summary>
    public static string Routes(IEnumerable<Channel> channels) =>
        JsonSerializer.Serialize(channels.Select((c, order) => new object[] { c.Id, (int)c.AddressKind, order }));
}
