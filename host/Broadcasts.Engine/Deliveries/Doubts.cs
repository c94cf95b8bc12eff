using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>What a person knows of messages whose fate is not known.</summary>
public enum DoubtAnswer
{
    /// <summary>They went out.</summary>
    Sent,

    /// <summary>They did not go out, and are not wanted now: they count as failed, and a resend to the failed takes them.</summary>
    NotSent,

    /// <summary>They go out again in this broadcast, even if somebody gets them twice.</summary>
    Resend,
}

/// <summary>What came of an answer.</summary>
/// <param name="Resolved">Messages that are settled now.</param>
/// <param name="TooEarly">Messages whose answer can still come by itself: they are left alone.</param>
internal readonly record struct DoubtResult(long Resolved, long TooEarly);

/// <summary>Settles doubts by a person's word. Never silently: each row keeps who said what, and the audit says how many.</summary>
internal sealed class Doubts(Database database, BroadcastStore broadcasts, ChannelRuntimes channels, LedgerWriter writer, AuditStore audit, DispatchSignal dispatch, TimeProvider time)
{
    /// <summary>Hand-over deadline and margin: a process that woke late hands nothing over after this.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(20);

    private const int PageSize = 500;

    private const string PageSql = """
        SELECT d.id, d.claim, d.attempt, d.ended_at, d.reason FROM slices s JOIN deliveries d ON d.id BETWEEN s.id_from AND s.id_to AND d.status = 7
         WHERE s.broadcast_id = @broadcast AND s.unknown > 0 AND s.id_to > @after AND d.id > @after
        """;

    /// <summary>Settles all doubts of a broadcast, or those of some contacts.</summary>
    public async Task<(CommandResult Command, DoubtResult Result)> ResolveAsync(long broadcastId, DoubtAnswer answer, long[]? contactIds, string actor)
    {
        if (await broadcasts.GetAsync(broadcastId) is not { } broadcast) return (CommandResult.NotFound($"Broadcast {broadcastId}"), default);
        if (answer == DoubtAnswer.Resend && broadcast.State is not (BroadcastStatus.InProgress or BroadcastStatus.Paused))
        {
            var over = new Problem("as", "resendOver", $"The broadcast is {broadcast.State}: nothing goes out in it any more. Answer notSent, then resend to those that failed.", broadcast.State.ToString());
            return (CommandResult.Refused(over) with { Status = broadcast.State }, default);
        }

        // In many transactions, with those of the dispatch: what is wanted is written down before it, what became of it behind it.
        var subject = string.Create(CultureInfo.InvariantCulture, $"broadcast:{broadcastId}");
        await audit.AppendAsync(actor, "broadcast.settle", subject,
            new Problem("", answer switch { DoubtAnswer.Sent => "settlingSent", DoubtAnswer.NotSent => "settlingNotSent", _ => "settlingResend" }, $"{answer}, begun"));
        var result = await SettleAsync(broadcast, answer, contactIds, actor);
        await audit.AppendAsync(actor, "broadcast.settle", subject,
            new Problem("", answer switch { DoubtAnswer.Sent => "settledSent", DoubtAnswer.NotSent => "settledNotSent", _ => "settledResend" }, $"{answer}: {result.Resolved}", $"{result.Resolved}"));
        dispatch.Set();
        return (new CommandResult { Status = broadcast.State, Version = broadcast.Version }, result);
    }

    private async Task<DoubtResult> SettleAsync(Broadcast broadcast, DoubtAnswer answer, long[]? contactIds, string actor)
    {
        var before = time.Now() - await PatienceAsync(broadcast);
        var sql = $"{PageSql}{(contactIds is null ? "" : $" AND {database.Dialect.InList("d.contact_id", "@contacts")}")} ORDER BY d.id LIMIT {PageSize}";
        long resolved = 0, early = 0, after = 0;
        while (true)
        {
            var rows = await database.ReadAsync(async c => (await c.QueryAsync<DoubtRow>(sql, new { broadcast = broadcast.Id, after, contacts = database.Dialect.List(contactIds ?? []) })).AsList());
            foreach (var row in rows)
            {
                // What may still be answered for, or be in somebody's hands, is not decided over its head: only "it went out" can't do harm.
                if (answer != DoubtAnswer.Sent && row.EndedAt > before)
                {
                    early++;
                    continue;
                }

                writer.Record(RecordOf(row, answer, actor));
                resolved++;
            }

            await writer.FlushAsync();
            if (rows.Count < PageSize) return new DoubtResult(resolved, early);
            after = rows[^1].Id;
        }
    }

    // Under the claim that is in doubt: what was claimed anew meanwhile is not touched.
    private DeliveryRecord RecordOf(DoubtRow row, DoubtAnswer answer, string actor)
    {
        var record = new DeliveryRecord { Id = row.Id, Claim = row.Claim, Event = DeliveryEvent.ReceiptSent, At = time.Now(), Attempt = row.Attempt, Outcome = SendOutcomeKind.Accepted, Detail = $"{actor}: sent" };
        return answer switch
        {
            DoubtAnswer.Sent => record,
            DoubtAnswer.NotSent => record with { Event = DeliveryEvent.Reject, Reason = row.Reason, Outcome = SendOutcomeKind.InDoubt, Detail = $"{actor}: not sent" },
            _ => record with { Event = DeliveryEvent.Return, DueAt = time.Now(), Reason = row.Reason, Outcome = SendOutcomeKind.InDoubt, Detail = $"{actor}: send again" },
        };
    }

    private async Task<long> PatienceAsync(Broadcast broadcast)
    {
        var deadline = TimeSpan.Zero;
        foreach (var id in await broadcasts.ChannelsInDoubtAsync(broadcast.Id))
        {
            var one = await channels.OpenAsync(id, CancellationToken.None) is { } channel ? channel.Transport.Capabilities.SendDeadline : TimeSpan.FromMinutes(1);
            if (one > deadline) deadline = one;
        }

        return (long)(deadline + Margin).TotalMilliseconds;
    }

    private sealed class DoubtRow
    {
        public long Id { get; init; }

        public long? Claim { get; init; }

        public int Attempt { get; init; }

        public long EndedAt { get; init; }

        public int? Reason { get; init; }
    }
}
