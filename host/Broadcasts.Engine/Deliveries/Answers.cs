using System.Data.Common;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Notes with a message that it was answered, and that somebody opted out by his answer.</summary>
internal sealed class Answers(MessageIds ids)
{
    /// <summary>Where the provider does not say what is answered, it is the last message that the channel sent in the time before it. 7 days.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromDays(7);

    private const string LastSql = """
        SELECT d.id FROM addresses a JOIN deliveries d ON d.contact_id = a.contact_id
         WHERE a.kind = @kind AND a.value = @value AND d.channel_id = @channel AND d.sent_at BETWEEN @since AND @at
         ORDER BY d.sent_at DESC, d.id DESC LIMIT 1
        """;

    // The first answer counts; who opts out later in the same conversation is noted too.
    private const string MarkSql = """
        UPDATE deliveries SET replied_at = COALESCE(replied_at, @at), opted_out_at = COALESCE(opted_out_at, @optedOut)
         WHERE id = @id AND channel_id = @channel AND (replied_at IS NULL OR (opted_out_at IS NULL AND @optedOut IS NOT NULL))
        """;

    /// <summary>Messages from contacts, in the transaction of their other effects.</summary>
    public async Task HeardAsync(DbTransaction transaction, long channel, IEnumerable<InboundMessage> messages)
    {
        var kind = await ChannelStore.AddressKindAsync(transaction, channel);
        var marks = new List<(long Id, long At, long? OptedOut)>();
        foreach (var message in messages)
        {
            var at = message.At.ToUnixTimeMilliseconds();
            if (await AnsweredAsync(transaction, channel, kind, message, at) is { } id) marks.Add((id, at, OptOutWords.Read(message.Text) == ConsentState.Withdrawn ? at : null));
        }

        // In one order, as whoever writes several rows of the ledger does.
        foreach (var (id, at, optedOut) in marks.OrderBy(m => m.Id).ThenBy(m => m.At)) await transaction.Connection!.ExecuteAsync(MarkSql, new { id, at, optedOut = optedOut ?? (object)DBNull.Value, channel }, transaction);
    }

    private async Task<long?> AnsweredAsync(DbTransaction transaction, long channel, AddressKind kind, InboundMessage message, long at) =>
        message.InReplyTo is { } answered && ids.Parse(answered) is { } own ? own
        : await transaction.Connection!.QuerySingleOrDefaultAsync<long?>(
            LastSql, new { kind = (short)kind, value = AddressNormalizer.Normal(kind, message.From), channel, since = at - (long)Within.TotalMilliseconds, at }, transaction);
}
