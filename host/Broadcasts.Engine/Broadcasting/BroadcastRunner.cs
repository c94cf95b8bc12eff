using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Storage;

namespace Broadcasts.Broadcasting;

/// <summary>The long work of a started broadcast: its freeze, and what happens to rows that will not be sent.</summary>
internal sealed class BroadcastRunner(
    BroadcastStore store,
    BroadcastChecks checks,
    AudienceFreezer freezer,
    ChannelStore channels,
    ChannelRuntimes runtimes,
    SliceStore slices,
    LedgerWriter writer,
    Canaries canaries,
    BreakerVictims victims,
    DispatchSignal dispatch,
    TimeProvider time)
{
    private const int MostLooks = 50;

    /// <summary>While so many rows wait, an audience is written with rests: what is sent goes before what is added, and claims wait behind the writes of a chunk.</summary>
    private const long EnoughToSend = 10_000;

    /// <summary>A rest, in times of what the chunk before it took.</summary>
    private const int RestPerChunk = 3;

    /// <summary>A chunk in which few were found is soon done, and the next looks at more contacts: up to so many times the usual number.</summary>
    private const int MostGrowth = 64;

    private static readonly TimeSpan QuickChunk = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan SlowChunk = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Freezes chunk by chunk to the end; goes on where an interrupted freeze stopped.</summary>
    public async Task FreezeAsync(long id)
    {
        var broadcast = await store.GetAsync(id) ?? throw new InvalidOperationException($"Broadcast {id} does not exist.");
        var routes = await channels.GetAsync(broadcast.ChannelIds);
        if (routes.Count == 0) throw new InvalidOperationException($"Broadcast {id} has no channel.");
        var audience = await checks.FrozenAudienceAsync(broadcast);
        var chunks = 0;
        var growth = 1;
        var begunAt = time.GetTimestamp();
        while (!await freezer.FreezeChunkAsync(broadcast, audience, routes, growth))
        {
            var took = time.GetElapsedTime(begunAt);
            growth = took < QuickChunk ? Math.Min(2 * growth, MostGrowth) : took > SlowChunk ? Math.Max(growth / 2, 1) : growth;
            var rest = RestPerChunk * took;
            if ((await store.OpenRowsAsync(id)).Pending >= EnoughToSend) await Task.Delay(rest < LongestRest ? rest : LongestRest, time);
            begunAt = time.GetTimestamp();

            // The first rows can go out while the others are still being written.
            if (++chunks is 1 or 2 || chunks % 16 == 0) dispatch.Set();
            if (chunks is 2 or 16) await freezer.AnalyzeAsync();
        }

        await freezer.AnalyzeAsync();
        if (broadcast.ClaimTo == 0) await canaries.ChooseAsync(broadcast);
        dispatch.Set();
    }

    /// <summary>Those that a breaker failed wait again, also those that were in flight when it tripped.</summary>
    public async Task RestoreVictimsAsync(long id, Tripped tripped)
    {
        await writer.FlushAsync();
        await victims.RestoreAsync(id, tripped);
        for (var looks = 0; looks < MostLooks && (await store.OpenRowsAsync(id)).Sending > 0; looks++) await Task.Delay(LookEvery, time);
        await victims.RestoreAsync(id, tripped);
    }

    /// <summary>How a broadcast ends, or null while something is left to do.</summary>
    public async Task<(BroadcastStatus Status, string? Reason, Problem? Said)?> EndAsync(Broadcast broadcast)
    {
        if (broadcast.Recipients == 0) return (BroadcastStatus.Failed, "emptyAudience", new Problem("", "nobodyMatches", "Nobody matches the audience."));
        var now = time.Now();
        var (pending, sending) = await store.OpenRowsAsync(broadcast.Id);
        if (pending > 0 && broadcast.ExpiresAt <= now)
        {
            await SkipPendingAsync(broadcast.Id, SkipReason.Expired);
            (pending, sending) = await store.OpenRowsAsync(broadcast.Id);
        }
        else if (pending > 0 && sending == 0 && await IsOverdueAsync(broadcast, now))
        {
            // Later parts whose earlier part stays unknown are not held for ever.
            await SkipAsync(broadcast.Id, SkipReason.EarlierPartUnknown, slices.HeldAsync);
            (pending, sending) = await store.OpenRowsAsync(broadcast.Id);
        }

        if (pending > 0 || sending > 0 || await WaitsForDoubtsAsync(broadcast, now)) return null;
        return (BroadcastStatus.Completed, null, null);
    }

    /// <summary>Turns every row that was not claimed into Skipped, in chunks, counts and rows together.</summary>
    public Task SkipPendingAsync(long id, SkipReason reason) => SkipAsync(id, reason, slices.PendingAsync);

    private async Task SkipAsync(long id, SkipReason reason, Func<long, long, Task<IReadOnlyList<long>>> find)
    {
        var from = DeliveryId.First(id);
        while (await find(from, DeliveryId.Last(id)) is { Count: > 0 } rows)
        {
            foreach (var row in rows) writer.Record(new DeliveryRecord { Id = row, Event = DeliveryEvent.Skip, At = time.Now(), Reason = (int)reason, IsQuiet = true });
            await writer.FlushAsync();
            from = rows[^1] + 1;
        }
    }

    // Doubts that the provider can settle are part of the work; those that need a person are not waited for.
    private async Task<bool> WaitsForDoubtsAsync(Broadcast broadcast, long now)
    {
        foreach (var id in await store.ChannelsInDoubtAsync(broadcast.Id))
        {
            if (await runtimes.OpenAsync(id, CancellationToken.None) is { } channel && UnknownSettler.Settles(channel) && broadcast.StartedAt + channel.Channel.RetryForMs > now) return true;
        }

        return false;
    }

    private async Task<bool> IsOverdueAsync(Broadcast broadcast, long now) =>
        await channels.GetAsync(broadcast.ChannelIds) is { Count: > 0 } all && broadcast.StartedAt + all.Max(c => c.RetryForMs) < now;
}
