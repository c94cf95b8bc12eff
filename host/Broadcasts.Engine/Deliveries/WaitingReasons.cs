using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>Finds why a broadcast does not move: from what its dispatcher waits for here, and from what the database says wherever it runs.</summary>
internal sealed class WaitingReasons(Database database, BroadcastStore broadcasts, ChannelStore channels, DispatchService dispatch, LedgerWriter writer, SafeHold hold, RecipientLimits recipients, IGrainFactory grains, TimeProvider time)
{
    private const string NextDueSql = """
        SELECT MIN(due_at) FROM deliveries WHERE id BETWEEN @from AND @to AND due_at < 9223372036854775807 AND status = 0
        """;

    // Looked for in one slice with waiting rows only: the question is whether there is any, not how many.
    private const string FreshSql = """
        SELECT EXISTS (SELECT 1 FROM deliveries d JOIN (SELECT id_from, id_to FROM slices WHERE broadcast_id = @id AND pending > 0 ORDER BY id_from DESC LIMIT 1) s
                          ON d.id BETWEEN s.id_from AND s.id_to WHERE d.status = 0 AND d.due_at IS NULL)
        """;

    /// <summary>The reason; null when it should move.</summary>
    public async Task<Waiting?> FindAsync(RunningCounts counts, CancellationToken cancellationToken)
    {
        if (writer.Outage is { } outage) return new("database", Detail: outage);
        if (await hold.GetAsync() is not null) return new("safeHold");
        if (await broadcasts.GetAsync(counts.Id) is not { } broadcast) return null;
        if (broadcast.ClaimTo == 0) return new("freezing");
        if (await ChannelAsync(broadcast) is { } channel) return channel;
        if (counts is { Pending: 0, Sending: 0, Unknown: > 0 }) return new("doubts");
        if (counts.Sending > 0) return null;
        return await DispatcherAsync(broadcast.Id) ?? await BudgetAsync(broadcast) ?? await RowsAsync(broadcast, cancellationToken);
    }

    // One of several that still sends is no reason to wait.
    private async Task<Waiting?> ChannelAsync(Broadcast broadcast)
    {
        var all = await channels.GetAsync(broadcast.ChannelIds);
        return all.Count > 0 && all.All(c => c.Status == ChannelStatus.Paused) ? new("channelPaused", Detail: string.Join(", ", all.Select(c => c.Name))) : null;
    }

    private async Task<Waiting?> DispatcherAsync(long id)
    {
        var now = time.Now();
        var here = dispatch.Dispatchers.FirstOrDefault(d => d.BroadcastId == id && d.WaitingUntil > now && d.LimitedBy != LimitedBy.Nothing);
        if (here is null) return null;
        var known = here.LimitedBy switch
        {
            LimitedBy.WindowFull => Full(await grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(here.ChannelId)).LookAsync()),
            LimitedBy.RecipientsFull => await RecipientsAsync(here.ChannelId),
            _ => null,
        };
        return known ?? new(CodeOf(here.LimitedBy), Times.Of((long)here.WaitingUntil));
    }

    // Of several channels the first that goes on counts; one that goes on now is no reason to wait.
    private async Task<Waiting?> BudgetAsync(Broadcast broadcast)
    {
        Waiting? first = null;
        foreach (var channel in broadcast.ChannelIds)
        {
            if ((Of(await grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel)).LookAsync()) ?? await RecipientsAsync(channel)) is not { } waits) return null;
            if (first is null || waits.Until < first.Until) first = waits;
        }

        return first;
    }

    private Waiting? Of(BudgetView budget)
    {
        var now = time.Now();
        if (budget.ThrottledUntil is { } throttled && throttled > now) return new(CodeOf(LimitedBy.ProviderThrottle), Times.Of(throttled));
        return Full(budget);
    }

    // Of several limits that are used up the one that lasts longest holds.
    private Waiting? Full(BudgetView budget) =>
        budget.Windows.Where(w => w.FullUntil > time.Now()).MaxBy(w => w.FullUntil) is { FullUntil: { } until } full ? new(Waiting.WindowFull, Times.Of(until)) { Limit = full.Limit } : null;

    private async Task<Waiting?> RecipientsAsync(long channel) =>
        await recipients.LookAsync(channel) is { FullUntil: { } until } full ? new(Waiting.RecipientsFull, Times.Of(until)) { Limit = full.Limit.Rate } : null;

    private async Task<Waiting?> RowsAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        var (from, to) = (DeliveryId.First(broadcast.Id), broadcast.ClaimTo ?? DeliveryId.Last(broadcast.Id));
        var (next, isFresh) = await database.ReadAsync(async c =>
            (await c.QuerySingleAsync<long?>(NextDueSql, new { from, to }), await c.QuerySingleAsync<bool>(FreshSql, new { id = broadcast.Id })), cancellationToken);
        if (SendTimes.Of(broadcast) is { } times)
        {
            if (times.ClosedUntil(time.Now()) is { } opens) return new(CodeOf(LimitedBy.SendWindow), Times.Of(opens));
            if (next > time.Now()) return new(CodeOf(LimitedBy.RecipientTimes), Times.Of(next));
        }

        if (next > time.Now()) return new(CodeOf(LimitedBy.WaitingForRetries), Times.Of(next));
        if (next is not null) return null;
        if (broadcast.ClaimTo is not null) return new("canary", broadcast.CanaryAt + broadcast.ReadSafety().Canary?.WaitMs is { } until ? Times.Of(until) : null);
        return isFresh ? null : new(Waiting.EarlierPart);
    }

    private static string CodeOf(LimitedBy limit) => JsonNamingPolicy.CamelCase.ConvertName(limit.ToString());
}
