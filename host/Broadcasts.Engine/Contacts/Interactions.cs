using System.Data.Common;
using System.Text.Json;
using Broadcasts.Channels;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>Remembers when an address was last heard of, and on which channels ever. Late and doubled news change nothing.</summary>
internal sealed class Interactions(Database database)
{
    private readonly string _addressesSql = $"""
        UPDATE addresses SET last_inbound_at = v.at, last_channel_id = @channel
          FROM {database.Dialect.Rows("@rows", "v", ("value", SqlType.Text), ("at", SqlType.BigInt))}
         WHERE addresses.value = v.value AND addresses.kind = (SELECT c.address_kind FROM channels c WHERE c.id = @channel)
           AND (addresses.last_inbound_at IS NULL OR addresses.last_inbound_at < v.at)
        """;

    private readonly string _contactsSql = $"""
        UPDATE contacts SET last_interaction_at = v.at
          FROM {database.Dialect.Rows("@rows", "v", ("value", SqlType.Text), ("at", SqlType.BigInt))}
          JOIN addresses a ON a.value = v.value AND a.kind = (SELECT c.address_kind FROM channels c WHERE c.id = @channel)
         WHERE contacts.id = a.contact_id AND (contacts.last_interaction_at IS NULL OR contacts.last_interaction_at < v.at)
        """;

    private readonly string _channelsSql = $"""
        INSERT INTO interactions (address_id, channel_id)
        SELECT a.id, @channel
          FROM {database.Dialect.Rows("@rows", "v", ("value", SqlType.Text), ("at", SqlType.BigInt))}
          JOIN addresses a ON a.value = v.value AND a.kind = (SELECT c.address_kind FROM channels c WHERE c.id = @channel)
         WHERE TRUE
        ON CONFLICT (address_id, channel_id) DO NOTHING
        """;

    /// <summary>Messages from contacts, in the transaction of their other effects.</summary>
    public async Task HeardAsync(DbTransaction transaction, long channelId, IEnumerable<InboundMessage> messages)
    {
        var kind = await ChannelStore.AddressKindAsync(transaction, channelId);
        var rows = JsonSerializer.Serialize(messages.GroupBy(m => AddressNormalizer.Normal(kind, m.From)).Select(m => new object[] { m.Key, m.Max(x => x.At).ToUnixTimeMilliseconds() }));
        await transaction.Connection!.ExecuteAsync(_addressesSql, new { rows, channel = channelId }, transaction);
        await transaction.Connection!.ExecuteAsync(_contactsSql, new { rows, channel = channelId }, transaction);
        await transaction.Connection!.ExecuteAsync(_channelsSql, new { rows, channel = channelId }, transaction);
    }
}
