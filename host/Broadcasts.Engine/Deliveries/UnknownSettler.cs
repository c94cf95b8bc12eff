using Broadcasts.Channels;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>
/// Settles doubts that need no person: by the provider's own knowledge, by a repeat that the provider drops, or by a repeat that the channel's
/// owner asked for. Never before the last moment at which an answer could still come.
/// </summary>
internal sealed class UnknownSettler(Database database, ChannelRuntimes channels, LedgerWriter writer, MessageIds ids, Receipts receipts, DispatchSignal dispatch, TimeProvider time, ILogger<UnknownSettler> logger)
    : PeriodicWork(TimeSpan.FromSeconds(5), time, logger)
{
    private readonly string _findSql = $"""
        SELECT d.id, d.claim, d.attempt, d.ended_at, d.channel_id, a.value AS address, CASE WHEN d.channel_id = s.channel_id THEN 0 ELSE 1 END AS is_moved
          FROM slices s
          JOIN broadcasts b ON b.id = s.broadcast_id
          JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to AND d.status = 7
          LEFT JOIN addresses a ON a.id = d.address_id
         WHERE s.unknown > 0 AND b.status = 2 AND d.ended_at < @before AND {database.Dialect.InList("d.channel_id", "@settling")}
         ORDER BY d.ended_at LIMIT 500
        """;

    /// <summary>True when doubts on this channel do not need a person.</summary>
    public static bool Settles(ChannelRuntime channel) =>
        channel.Channel.WhenInDoubt == WhenInDoubt.Resend || channel.Transport.CanLookup || channel.Transport.Capabilities.IdempotencyWindow is not null;

    protected override string Purpose => "Settling messages in doubt";

    protected override async Task DoAsync(CancellationToken cancellationToken)
    {
        await receipts.ApplyKeptAsync(cancellationToken);
        var now = Time.Now();
        // Doubts that need a person must not hide those that do not.
        var settling = channels.All.Where(Settles).Select(c => c.Id).ToArray();
        if (settling.Length == 0) return;
        var rows = await database.ReadAsync(async c => (await c.QueryAsync<Doubt>(_findSql, new { settling = database.Dialect.List(settling), before = now - (long)Doubts.Margin.TotalMilliseconds })).AsList(), cancellationToken);
        var settled = 0;
        foreach (var row in rows)
        {
            if (await channels.OpenAsync(row.ChannelId, cancellationToken) is not { } channel || await JudgeAsync(row, channel, now, cancellationToken) is not { } record) continue;
            writer.Record(record);
            settled++;
        }

        if (settled == 0) return;
        await writer.FlushAsync();
        dispatch.Set();
    }

    private async Task<DeliveryRecord?> JudgeAsync(Doubt row, ChannelRuntime channel, long now, CancellationToken cancellationToken)
    {
        if (row.EndedAt + (long)(channel.Transport.Capabilities.SendDeadline + Doubts.Margin).TotalMilliseconds > now) return null;
        if (channel.Transport.CanLookup && row.Address is { } address)
        {
            var asked = new LookupRequest { MessageId = ids.Of(row.Id), To = address, DoubtfulSince = DateTimeOffset.FromUnixTimeMilliseconds(row.EndedAt) };
            var answer = await channel.Transport.LookupAsync(asked, cancellationToken);
            if (answer.Value is { } known)
                return known.Found ? new DeliveryRecord { Id = row.Id, Event = DeliveryEvent.ReceiptSent, At = now, ProviderId = known.ProviderId } : Again(row, now);
        }

        // Another provider drops no repeat of what this one may have sent.
        var drops = !row.IsMoved && channel.Transport.Capabilities.IdempotencyWindow is { } window && now - row.EndedAt < window.TotalMilliseconds;
        var wanted = channel.Channel.WhenInDoubt == WhenInDoubt.Resend;
        return (drops || wanted) && row.Attempt < channel.Channel.MaxAttempts ? Again(row, now) : null;
    }

    // Under the claim that is in doubt: every process settles, and a slower one must not take back what a faster one has claimed anew.
    private static DeliveryRecord Again(Doubt row, long now) =>
        new() { Id = row.Id, Event = DeliveryEvent.Return, Claim = row.Claim, At = now, DueAt = now, Attempt = row.Attempt, IsQuiet = true };

    private sealed class Doubt
    {
        public long Id { get; init; }

        public long? Claim { get; init; }

        public int Attempt { get; init; }

        public long EndedAt { get; init; }

        public long ChannelId { get; init; }

        /// <summary>Null when it is gone: then nobody can be asked for it.</summary>
        public string? Address { get; init; }

        /// <summary>The rest of its broadcast goes over another channel now.</summary>
        public bool IsMoved { get; init; }
    }
}
