using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Storage;

namespace Broadcasts.Deliveries;

/// <summary>Everything that providers tell of their own accord, by webhook or when they are asked.</summary>
internal sealed class ProviderEvents(Database database, Receipts receipts, Interactions interactions, InboundWords words, Answers answers, ToldByProviders told, ProviderNews news, HeardEvents heard)
{
    /// <summary>Applies events of one channel; the cursor is stored in the same transaction. On disk when this returns.</summary>
    /// <param name="channelId">The channel that they came by.</param>
    /// <param name="events">What happened. Events that came before change nothing.</param>
    /// <param name="cursor">Where the next poll starts.</param>
    /// <param name="hasCursor">True for a poll.</param>
    /// <param name="cancellationToken">Stops before anything is written.</param>
    public async Task ApplyAsync(long channelId, IReadOnlyList<TransportEvent> events, string? cursor = null, bool hasCursor = false, CancellationToken cancellationToken = default)
    {
        events = await heard.NewAsync(channelId, events, cancellationToken);
        // First what acts on channels and broadcasts: done twice it is the same, left out it would be lost with the cursor.
        await news.ActAsync(channelId, events);
        await database.WriteAsync(async transaction =>
        {
            if (Of<Receipt>(events) is { Count: > 0 } found) await receipts.ApplyAsync(transaction, channelId, found);
            if (Of<AddressChange>(events) is { Count: > 0 } moved) await ToldByProviders.MoveAsync(transaction, channelId, moved.Select(m => (m.OldAddress, m.NewAddress)));
            if (Of<InboundMessage>(events) is { Count: > 0 } inbound)
            {
                await interactions.HeardAsync(transaction, channelId, inbound);
                await words.HeardAsync(transaction, channelId, inbound);
                await answers.HeardAsync(transaction, channelId, inbound);
            }

            if (Of<ConsentChange>(events) is { Count: > 0 } wishes) await told.ConsentAsync(transaction, channelId, wishes);
            await heard.NoteAsync(transaction, channelId, events);
            if (hasCursor) await ChannelStore.SetCursorAsync(transaction, channelId, cursor);
        }, cancellationToken);
    }

    private static List<T> Of<T>(IReadOnlyList<TransportEvent> events) => [.. events.OfType<T>()];
}
