using System.Text.Json;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>
/// Over which channel and address each contact is reached, or why not: the channel that the contact wrote on last, else the first one in order that
/// reaches him. The freeze and the forecast ask alike.
/// </summary>
internal static class Reach
{
    /// <summary>
    /// Rows (id, revision, first_name, last_name, time_zone, country, address_id, channel_id, reason, heard_at, open_since), one per contact; the parameters are those of <see cref="Parameters"/>. Of a message that asks to confirm, those who have
    /// to confirm first are reached.
    /// </summary>
    /// <param name="dialect">The database's.</param>
    /// <param name="where">Over <c>contacts c</c>; bounded by ids, because the choice looks at all of them.</param>
    public static string Sql(SqlDialect dialect, string where) => $"""
        SELECT id, revision, first_name, last_name, time_zone, country, address_id, channel_id, reason, heard_at, open_since
          FROM (SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.id
                       ORDER BY CASE WHEN t.reason IS NULL THEN 0 WHEN t.reason = 103 THEN 2 ELSE 1 END, CASE WHEN t.heard IS NULL THEN 1 ELSE 0 END, t.heard DESC, t.ord) AS pick
                  FROM (SELECT c.id, c.revision, c.first_name, c.last_name, c.time_zone, c.country, a.id AS address_id, a.last_inbound_at AS heard_at, ch.id AS channel_id, ch.ord, ch.open_since,
                               CASE WHEN a.last_channel_id = ch.id THEN a.last_inbound_at END AS heard,
                               CASE WHEN c.blocked_at IS NOT NULL THEN 102
                                    WHEN a.id IS NULL THEN 103
                                    ELSE COALESCE((SELECT CASE {Suppression.Weightiest} WHEN 3 THEN 100 WHEN 1 THEN 143 WHEN 0 THEN 101 WHEN 2 THEN 101 END
                                            FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, ch.id) AND (s.reason <> 6 OR @asks = 0)),
                                         CASE WHEN @interacted = 1 AND NOT EXISTS (SELECT 1 FROM interactions i WHERE i.address_id = a.id AND i.channel_id = ch.id) THEN 142 END) END AS reason
                          FROM contacts c
                         CROSS JOIN {dialect.Rows("@routes", "ch", ("id", SqlType.BigInt), ("kind", SqlType.Integer), ("ord", SqlType.Integer), ("open_since", SqlType.BigInt))}
                          LEFT JOIN addresses a ON a.id = (SELECT MIN(x.id) FROM addresses x WHERE x.contact_id = c.id AND x.kind = ch.kind)
                         WHERE {where}) AS t) AS ranked
         WHERE pick = 1
        """;

    /// <summary>What the rows are asked with, the bounds of ids apart.</summary>
    /// <param name="audience">Whose condition is in the query.</param>
    /// <param name="channels">In their order.</param>
    /// <param name="openSince">Of a channel whose provider takes the content only for a time after a message from the contact: since when that must have come, Unix milliseconds; null for the others.</param>
    public static DynamicParameters Parameters(FrozenAudience audience, IEnumerable<Channel> channels, Func<Channel, long?>? openSince = null)
    {
        var parameters = new DynamicParameters();
        parameters.Add("routes", JsonSerializer.Serialize(channels.Select((c, order) => new object?[] { c.Id, (int)c.AddressKind, order, openSince?.Invoke(c) })));
        parameters.Add("asks", audience.AsksToConfirm ? 1 : 0);
        parameters.Add("interacted", audience.InteractedOnly ? 1 : 0);
        foreach (var (name, value) in audience.Condition.Parameters) parameters.Add(name, value);
        return parameters;
    }
}
