using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>
/// Which events of providers were acted upon. Providers deliver again what they believe lost, for up to a week: an opt-out that was taken back since, or a fault that was mended, must not count anew. Receipts
/// and messages need none of it: they only ever move forward.
/// </summary>
internal sealed class HeardEvents(Database database, TimeProvider time)
{
    private const int LongestKey = 100;
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly string _knownSql = $"""
        SELECT h.event_key FROM heard_events h
          JOIN {database.Dialect.Rows("@rows", "v", ("event_key", SqlType.Text))} ON h.event_key = v.event_key
         WHERE h.channel_id = @channel
        """;

    private readonly string _noteSql = $"""
        INSERT INTO heard_events (channel_id, event_key, at)
        SELECT @channel, v.event_key, @now FROM {database.Dialect.Rows("@rows", "v", ("event_key", SqlType.Text))} WHERE TRUE
        ON CONFLICT (channel_id, event_key) DO NOTHING
        """;

    private const string ForgetSql = "DELETE FROM heard_events WHERE at < @before";

    /// <summary>Those that were not acted upon before, each once.</summary>
    public async Task<IReadOnlyList<TransportEvent>> NewAsync(long channel, IReadOnlyList<TransportEvent> events, CancellationToken cancellationToken)
    {
        if (!events.Any(IsNoted)) return events;
        var known = await database.ReadAsync(async c => (await c.QueryAsync<string>(_knownSql, new { channel, rows = RowsOf(events) })).ToHashSet(StringComparer.Ordinal), cancellationToken);
        return [.. events.Where(e => !IsNoted(e) || known.Add(KeyOf(e)))];
    }

    /// <summary>In the transaction of their effects.</summary>
    public async Task NoteAsync(DbTransaction transaction, long channel, IReadOnlyList<TransportEvent> events)
    {
        if (!events.Any(IsNoted)) return;
        await transaction.Connection!.ExecuteAsync(_noteSql, new { channel, rows = RowsOf(events), now = time.Now() }, transaction);
        await transaction.Connection!.ExecuteAsync(ForgetSql, new { before = time.Now() - (long)Kept.TotalMilliseconds }, transaction);
    }

    private static bool IsNoted(TransportEvent happened) => happened is not (Receipt or InboundMessage);

    private static string RowsOf(IReadOnlyList<TransportEvent> events) => JsonSerializer.Serialize(events.Where(IsNoted).Select(e => new[] { KeyOf(e) }));

    // The provider's text, of any length; the same key of another kind of event is another event.
    private static string KeyOf(TransportEvent happened)
    {
        var key = $"{happened.GetType().Name}:{happened.Key}";
        return key.Length <= LongestKey ? key : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
    }
}
