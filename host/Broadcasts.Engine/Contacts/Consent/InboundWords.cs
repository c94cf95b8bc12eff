using System.Data.Common;
using Broadcasts.Channels;
using Broadcasts.Storage;

namespace Broadcasts.Contacts.Consent;

/// <summary>Acts on messages that ask for no more messages, or for messages again.</summary>
internal sealed class InboundWords(TimeProvider time)
{
    /// <summary>Messages from contacts, in the transaction of their other effects.</summary>
    public async Task HeardAsync(DbTransaction transaction, long channelId, IEnumerable<InboundMessage> messages)
    {
        var asking = messages.Select(m => (Message: m, State: OptOutWords.Read(m.Text))).Where(m => m.State is not null).OrderBy(m => m.Message.At).ToList();
        if (asking.Count == 0) return;
        var kind = await ChannelStore.AddressKindAsync(transaction, channelId);
        foreach (var (message, state) in asking)
        {
            // Whoever writes "stop" means the sender, not one of its numbers.
            await ConsentLog.SayAsync(transaction, new ConsentEvent
            {
                Kind = kind,
                Value = AddressNormalizer.Normal(kind, message.From),
                State = state!.Value,
                Source = "word",
                Detail = message.Text!.Trim(),
                Actor = ConsentLog.Contact,
                At = Math.Min(message.At.ToUnixTimeMilliseconds(), time.Now()),
            });
        }
    }
}
