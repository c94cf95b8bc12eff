using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Deliveries;

/// <summary>News from providers becomes ledger: matched by our id or the provider's, only forward, doubled and reordered news change nothing.</summary>
internal sealed partial class Receipts(Database database, MessageIds ids, ReceiptLag lag, TimeProvider time, ILogger<Receipts> logger)
{
    // A failure counts as temporary when the outcome that ended the row said so.
    private const string RowColumns = """
        d.id, d.provider_id, d.status,
        CASE WHEN d.status = 5 AND EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = d.id AND a.at = d.ended_at AND a.outcome = 2) THEN 1 ELSE 0 END AS is_temporary
        """;

    private readonly LedgerRecords _records = new(database.Dialect);

    private readonly string _findSql = $"""
        SELECT {RowColumns} FROM deliveries d WHERE {database.Dialect.InList("d.provider_key", "@keys")} AND d.channel_id = @channel
        """;

    private readonly string _stateSql = $"SELECT {RowColumns} FROM deliveries d WHERE {database.Dialect.InList("d.id", "@ids")} AND d.channel_id = @channel";

    private const string KeepSql = """
        INSERT INTO early_receipts (channel_id, provider_id, event_key, body, at) VALUES (@channel, @provider, @key, @body, @now)
        ON CONFLICT (channel_id, provider_id, event_key) DO NOTHING
        """;

    private const string KeptSql = """
        SELECT channel_id, provider_id, event_key, body FROM early_receipts
         WHERE (channel_id, provider_id, event_key) > (@channel, @provider, @key)
         ORDER BY channel_id, provider_id, event_key LIMIT 500
        """;

    private readonly string _dropSql = $"DELETE FROM early_receipts WHERE channel_id = @channel AND {database.Dialect.InList("provider_id", "@providers")} AND {database.Dialect.InList("event_key", "@keys")}";

    private const string DropOldSql = "DELETE FROM early_receipts WHERE at < @before";

    private static readonly TimeSpan KeepEarly = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<long, bool> _saidShared = [];

    /// <summary>Writes receipts of one channel.</summary>
    public async Task ApplyAsync(DbTransaction transaction, long channelId, IReadOnlyList<Receipt> receipts)
    {
        // Of a transaction that is run again it is heard twice, which a median bears.
        foreach (var receipt in receipts) lag.Hear(receipt.At);
        var rows = await FindAsync(transaction, channelId, receipts);
        var records = new List<DeliveryRecord>();
        foreach (var receipt in receipts)
        {
            if (rows.Find(receipt, ids) is { } row)
            {
                records.Add(RecordOf(receipt, row));
                row.Follow(receipt);
            }
            else if (receipt.ProviderId is { } provider) await KeepAsync(transaction, channelId, provider, receipt);
            else LogUnknown(channelId, receipt.MessageId ?? "");
        }

        if (records.Count > 0) await _records.ApplyAsync(transaction, records, time.Now());
    }

    /// <summary>A receipt can overtake the answer to its own send: those that waited for the provider's id are looked at again, page by page.</summary>
    public async Task ApplyKeptAsync(CancellationToken cancellationToken)
    {
        var last = new Kept();
        while (true)
        {
            var page = await database.ReadAsync(async c => (await c.QueryAsync<Kept>(KeptSql, new { channel = last.ChannelId, provider = last.ProviderId, key = last.EventKey })).AsList(), cancellationToken);
            if (page.Count == 0) return;
            foreach (var channel in page.GroupBy(k => k.ChannelId)) await ApplyKeptAsync(channel.Key, [.. channel.Select(k => JsonSerializer.Deserialize<KeptReceipt>(k.Body)!.ToReceipt())], cancellationToken);
            last = page[^1];
            await database.WriteAsync(t => t.Connection!.ExecuteAsync(DropOldSql, new { before = time.Now() - (long)KeepEarly.TotalMilliseconds }, t), cancellationToken);
        }
    }

    private Task ApplyKeptAsync(long channelId, List<Receipt> kept, CancellationToken cancellationToken) => database.WriteAsync(async transaction =>
    {
        var rows = await FindAsync(transaction, channelId, kept);
        var found = kept.Where(k => rows.Find(k, ids) is not null).OrderBy(k => k.At).ToList();
        if (found.Count == 0) return;
        var records = new List<DeliveryRecord>();
        foreach (var receipt in found)
        {
            var row = rows.Find(receipt, ids)!;
            records.Add(RecordOf(receipt, row));
            row.Follow(receipt);
        }

        await _records.ApplyAsync(transaction, records, time.Now());
        await transaction.Connection!.ExecuteAsync(_dropSql, new { channel = channelId, providers = database.Dialect.List([.. found.Select(k => k.ProviderId!)]), keys = database.Dialect.List([.. found.Select(k => k.Key)]) }, transaction);
    }, cancellationToken);

    private async Task<FoundRows> FindAsync(DbTransaction transaction, long channelId, IReadOnlyList<Receipt> receipts)
    {
        var keys = receipts.Where(r => r.ProviderId is not null).Select(r => ProviderKey.Of(channelId, r.ProviderId!)).Distinct().ToArray();
        var own = receipts.Select(r => r.MessageId is { } id ? ids.Parse(id) : null).OfType<long>().Distinct().ToArray();
        var found = new FoundRows();
        if (own.Length > 0) found.Add(await transaction.Connection!.QueryAsync<FoundRow>(_stateSql, new { ids = database.Dialect.List(own), channel = channelId }, transaction));
        if (keys.Length > 0) found.Add(await transaction.Connection!.QueryAsync<FoundRow>(_findSql, new { keys = database.Dialect.List(keys), channel = channelId }, transaction));
        if (found.FirstShared is { } shared && _saidShared.TryAdd(channelId, true)) LogShared(channelId, shared);
        return found;
    }

    private Task<int> KeepAsync(DbTransaction transaction, long channelId, string provider, Receipt receipt) => transaction.Connection!.ExecuteAsync(KeepSql,
        new { channel = channelId, provider, key = receipt.Key, body = JsonSerializer.Serialize(KeptReceipt.Of(receipt)), now = time.Now() }, transaction);

    private static DeliveryRecord RecordOf(Receipt receipt, FoundRow row) => new()
    {
        Id = row.Id,
        Event = receipt.Status switch
        {
            ReceiptStatus.Sent => DeliveryEvent.ReceiptSent,
            ReceiptStatus.Delivered when row is { Status: (int)DeliveryStatus.Failed, IsTemporary: true } => DeliveryEvent.ReceiptDeliveredAfterTemporaryFailure,
            ReceiptStatus.Delivered => DeliveryEvent.ReceiptDelivered,
            ReceiptStatus.Read => DeliveryEvent.ReceiptRead,
            _ => DeliveryEvent.ReceiptFailed,
        },
        At = receipt.At.ToUnixTimeMilliseconds(),
        Reason = (int?)receipt.Reason ?? (receipt.Status == ReceiptStatus.Failed ? (int)FailureReason.Unclassified : null),
        ProviderId = receipt.ProviderId,
        Outcome = receipt.IsTemporary ? SendOutcomeKind.RetryLater : SendOutcomeKind.RecipientRejected,
        IsQuiet = receipt.Status != ReceiptStatus.Failed,
        Code = receipt.Code,
        Detail = receipt.Detail,
        Suppress = receipt.Suppress,
    };

    private sealed class Kept
    {
        public long ChannelId { get; init; }

        public string ProviderId { get; init; } = "";

        public string EventKey { get; init; } = "";

        public string Body { get; init; } = "";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Channel} reported on a message that is not in the ledger: {Message}")]
    private partial void LogUnknown(long channel, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Channel {Channel} gave the id {ProviderId} to more than one message. Reports that name only such an id change none of them; this is said once for a channel.")]
    private partial void LogShared(long channel, string providerId);
}

/// <summary>A row that a receipt may speak of.</summary>
internal sealed class FoundRow
{
    public long Id { get; init; }

    public string? ProviderId { get; init; }

    public int Status { get; set; }

    /// <summary>The failure that ended it was called temporary.</summary>
    public bool IsTemporary { get; set; }

    /// <summary>A later receipt of the same page finds the row as this one leaves it.</summary>
    public void Follow(Receipt receipt)
    {
        if (receipt.Status != ReceiptStatus.Failed || Status is (int)DeliveryStatus.Read or (int)DeliveryStatus.Failed) return;
        (Status, IsTemporary) = ((int)DeliveryStatus.Failed, receipt.IsTemporary);
    }
}

/// <summary>Rows by our id and by the provider's. An id that the provider gave to several messages names none of them.</summary>
internal sealed class FoundRows
{
    private readonly Dictionary<long, FoundRow> _byId = [];
    private readonly Dictionary<string, FoundRow?> _byProvider = [];

    /// <summary>An id that several messages have.</summary>
    public string? FirstShared { get; private set; }

    public void Add(IEnumerable<FoundRow> rows)
    {
        foreach (var row in rows)
        {
            if (!_byId.TryAdd(row.Id, row) || row.ProviderId is not { } provider || _byProvider.TryAdd(provider, row)) continue;
            _byProvider[provider] = null;
            FirstShared ??= provider;
        }
    }

    public FoundRow? Find(Receipt receipt, MessageIds ids) =>
        receipt.MessageId is { } message && ids.Parse(message) is { } id && _byId.TryGetValue(id, out var own) ? own
        : receipt.ProviderId is { } provider ? _byProvider.GetValueOrDefault(provider) : null;
}

/// <summary>A receipt as it is kept until its message is known.</summary>
internal sealed record KeptReceipt(string Key, DateTimeOffset At, string? ProviderId, ReceiptStatus Status, FailureReason? Reason, bool IsTemporary, bool Suppress, string? Code, string? Detail)
{
    public static KeptReceipt Of(Receipt r) => new(r.Key, r.At, r.ProviderId, r.Status, r.Reason, r.IsTemporary, r.Suppress, r.Code, r.Detail);

    public Receipt ToReceipt() => new() { Key = Key, At = At, ProviderId = ProviderId, Status = Status, Reason = Reason, IsTemporary = IsTemporary, Suppress = Suppress, Code = Code, Detail = Detail };
}
