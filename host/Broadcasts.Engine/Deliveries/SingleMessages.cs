using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Whom a single message goes to: a contact, or the contact that has an address.</summary>
internal readonly record struct MessageRecipient(long? ContactId, string? Address);

/// <summary>Takes single messages: checked like a broadcast's part, put in the ledger, sent before any broadcast on the channel.</summary>
internal sealed class SingleMessages(Database database, SingleMessageStore store, ChannelStore channels, BroadcastChecks checks, SafeHold hold, DispatchSignal dispatch)
{
    private const string AddressOfSql = "SELECT id, contact_id FROM addresses WHERE contact_id = @contact AND kind = @kind ORDER BY id LIMIT 1";

    private const string FindAddressSql = "SELECT id, contact_id FROM addresses WHERE kind = @kind AND value = @value";

    private const string LastChannelSql = """
        SELECT a.last_channel_id FROM addresses a JOIN channels c ON c.id = a.last_channel_id AND c.address_kind = a.kind
         WHERE a.contact_id = @contact ORDER BY a.last_inbound_at DESC LIMIT 1
        """;

    private const string ContactSql = "SELECT COUNT(*) FROM contacts WHERE id = @contact";

    /// <summary>Puts a message on its way. With an identity that was used before, the message of that identity is given back.</summary>
    public async Task<(long Id, IReadOnlyList<Problem> Problems)> SendAsync(long? channelId, MessageRecipient recipient, BroadcastPart part, string actor, string? identity = null)
    {
        if (identity is not null && await store.FindAsync(identity) is { } known) return (known, []);
        if (await hold.RefusalAsync() is { } held) return (0, [held]);
        var (channel, gone) = await ChannelAsync(channelId, recipient);
        if (channel is null) return (0, [gone!]);
        var problems = await checks.CheckPartAsync(channel, part);
        var (to, refusal) = await FindAsync(channel, recipient);
        if (to is null || problems.Count > 0) return (0, refusal is null ? problems : [.. problems, refusal]);
        var id = await store.AddAsync(channel.Id, to.ContactId, to.Id, JsonSerializer.Serialize(part, BroadcastJson.Options), identity, actor);
        dispatch.Set();
        return (id, []);
    }

    /// <summary>The channel that is named; otherwise the one on which the contact wrote last.</summary>
    private async Task<(Channel? Channel, Problem? Refusal)> ChannelAsync(long? named, MessageRecipient recipient)
    {
        if (named is null && recipient.ContactId is null) return (null, new Problem("channelId", "noChannel", "Name the channel; without one the message goes by the channel on which a contact wrote last, and needs a contactId."));
        if (named is not null && recipient.ContactId is null == recipient.Address is null) return (null, new Problem("contactId", "oneRecipient", "Give contactId or address, one of them."));
        var id = named ?? await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(LastChannelSql, new { contact = recipient.ContactId }));
        if (id is null) return (null, new Problem("channelId", "noLastChannel", $"Contact {recipient.ContactId} has not written on a channel that still exists: name the channel.", $"{recipient.ContactId}"));
        return await channels.GetAsync(id.Value) is { } channel ? (channel, null) : (null, new Problem("channelId", "channelGone", $"Channel {id} does not exist.", $"{id}"));
    }

    private async Task<(Recipient? To, Problem? Refusal)> FindAsync(Channel channel, MessageRecipient recipient)
    {
        var kind = (int)channel.AddressKind;
        if (recipient.Address is { } address)
        {
            if (!AddressNormalizer.TryNormalize(channel.AddressKind, address, null, out var value, out var refusal)) return (null, new Problem("address", refusal.Code, refusal.Message));
            var found = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<Recipient>(FindAddressSql, new { kind, value }));
            return (found, found is null ? new Problem("address", "unknownAddress", $"No contact has the address {value}. Make the contact first.", value) : null);
        }

        var contact = recipient.ContactId!.Value;
        var own = await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<Recipient>(AddressOfSql, new { contact, kind }));
        if (own is not null) return (own, null);
        return (null, await database.ReadAsync(c => c.QuerySingleAsync<long>(ContactSql, new { contact })) == 0
            ? new Problem("contactId", "contactGone", $"Contact {contact} does not exist.", $"{contact}")
            : new Problem("contactId", "noAddressOfKind", $"Contact {contact} has no address of the channel's kind: {channel.AddressKind.Name()}.", $"{contact}", channel.AddressKind.Name()));
    }

    private sealed class Recipient
    {
        public long Id { get; init; }

        public long ContactId { get; init; }
    }
}
