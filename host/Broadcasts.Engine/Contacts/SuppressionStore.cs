using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>Why an address gets nothing. The numbers are stored.</summary>
internal enum SuppressionReason
{
    /// <summary>A person put it on the list.</summary>
    Manual = 1,

    /// <summary>The recipient opted out.</summary>
    OptedOut = 2,

    /// <summary>The provider said that the address does not exist or takes nothing any more.</summary>
    Bounced = 3,

    /// <summary>The recipient complained.</summary>
    Complained = 4,

    /// <summary>It came with a list from elsewhere.</summary>
    Imported = 5,

    /// <summary>The recipient has to confirm first (double opt-in).</summary>
    Unconfirmed = 6,
}

/// <summary>An address that gets nothing.</summary>
internal sealed record Suppression
{
    public AddressKind Kind { get; init; }

    public string Value { get; init; } = "";

    /// <summary>The channel on which it gets nothing; 0 for all.</summary>
    public long ChannelId { get; init; }

    public SuppressionReason Reason { get; init; }

    /// <summary>Where it came from: <c>user:ana</c>, <c>delivery:123</c>, <c>list:file.csv</c>.</summary>
    public string Source { get; init; } = "";

    public long CreatedAt { get; init; }
}

/// <summary>The addresses that get nothing. By address, so that the list outlives the contacts.</summary>
internal sealed class SuppressionStore(Database database, TimeProvider time)
{
    // The first reason stays: it is the proof.
    private const string AddSql = """
        INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at)
        VALUES (@kind, @value, @channelId, @reason, @source, @now)
        ON CONFLICT (kind, value, channel_id) DO NOTHING
        """;

    /// <summary>Puts an address on the list.</summary>
    public async Task<CommandResult> AddAsync(AddressKind kind, string address, SuppressionReason reason, string source, long channelId = 0, CancellationToken cancellationToken = default)
    {
        if (!AddressNormalizer.TryNormalize(kind, address, null, out var value, out var refusal))
            return CommandResult.Invalid(new Problem("value", refusal.Code, refusal.Message));

        await database.WriteAsync(transaction => transaction.Connection!.ExecuteAsync(
            AddSql, new { kind = (short)kind, value, channelId, reason = (short)reason, source, now = time.GetUtcNow().ToUnixTimeMilliseconds() }, transaction), cancellationToken);
        return new CommandResult();
    }

    private const string RemoveSql = """
        DELETE FROM suppressions
         WHERE kind = @kind AND value = @value AND channel_id = @channelId
        """;

    /// <summary>Takes an address off the list.</summary>
    public async Task<CommandResult> RemoveAsync(AddressKind kind, string address, long channelId = 0, CancellationToken cancellationToken = default)
    {
        var value = AddressNormalizer.TryNormalize(kind, address, null, out var normalized, out _) ? normalized : address;
        var rows = await database.WriteAsync(transaction =>
            transaction.Connection!.ExecuteAsync(RemoveSql, new { kind = (short)kind, value, channelId }, transaction), cancellationToken);
        return rows == 1 ? new CommandResult() : CommandResult.NotFound($"A suppression of {kind.Name()} {value}");
    }

    private const string ListSql = """
        SELECT s.kind AS Kind, s.value AS Value, s.channel_id AS ChannelId, s.reason AS Reason, s.source AS Source, s.created_at AS CreatedAt
          FROM suppressions s
         WHERE (s.kind, s.value, s.channel_id) > (@kind, @value, @channelId) AND (@search = '%%' OR {0})
         ORDER BY s.kind, s.value, s.channel_id
         LIMIT @limit
        """;

    /// <summary>A page behind the given entry, in the order of kind and address.</summary>
    public Task<IReadOnlyList<Suppression>> ListAsync(Suppression? after, int limit, string? search = null, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<Suppression>>(async connection => (await connection.QueryAsync<Suppression>(
            ListSql.Replace("{0}", database.Dialect.Contains("s.value", "@search"), StringComparison.Ordinal),
            new { kind = (int)(after?.Kind ?? 0), value = after?.Value ?? "", channelId = after?.ChannelId ?? 0, search = SqlDialect.LikePattern(search ?? ""), limit })).AsList(), cancellationToken);

    private const string FindSql = """
        SELECT s.value
          FROM suppressions s
         WHERE s.kind = @kind AND (s.channel_id = 0 OR s.channel_id = @channelId) AND {0}
        """;

    /// <summary>Those of the addresses that get nothing on the channel.</summary>
    public Task<IReadOnlySet<string>> IsSuppressedAsync(AddressKind kind, IReadOnlyCollection<string> values, long channelId, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlySet<string>>(async connection => (await connection.QueryAsync<string>(
            FindSql.Replace("{0}", database.Dialect.InList("s.value", "@values"), StringComparison.Ordinal),
            new { kind = (short)kind, values = database.Dialect.List(values), channelId })).ToHashSet(StringComparer.Ordinal), cancellationToken);
}
