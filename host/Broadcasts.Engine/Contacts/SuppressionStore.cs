using System.Data.Common;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>The addresses that get nothing. By address, so that the list outlives the contacts.</summary>
internal sealed class SuppressionStore(Database database, AuditStore audit, TimeProvider time)
{
    // The first reason stays: it is the proof.
    private readonly string _addSql = $"""
        INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at)
        SELECT @kind, v.value, @channelId, @reason, @source, @now
          FROM {database.Dialect.Rows("@rows", "v", ("value", SqlType.Text))}
         WHERE true
            ON CONFLICT (kind, value, channel_id) DO NOTHING
        """;

    /// <summary>Puts an address on the list, and says whether it is new there; an entry that was there stays as it is.</summary>
    public async Task<(Suppression? Entry, bool IsNew, CommandResult Result)> AddAsync(
        AddressKind kind, string address, SuppressionReason reason, string actor, long channelId = 0, CancellationToken cancellationToken = default)
    {
        if (!AddressNormalizer.TryNormalize(kind, address, null, out var value, out var refusal))
            return (null, false, CommandResult.Invalid(new Problem("value", refusal.Code, refusal.Message)));

        return await database.WriteAsync(async transaction =>
        {
            if (await ChannelFaultAsync(transaction.Connection!, transaction, kind, channelId) is { } fault) return (null, false, CommandResult.Invalid(fault));
            // Somebody who takes it off at the same moment may do so between the two: then it is put on again.
            while (true)
            {
                var isNew = await AddAsync(transaction, kind, [value], reason, actor, channelId) == 1;
                if (await transaction.Connection!.QuerySingleOrDefaultAsync<Suppression>(GetSql, new { kind = (short)kind, value, channelId }, transaction) is not { } entry) continue;
                if (isNew) await audit.AppendAsync(transaction, actor, "suppression.added", Subject(kind, value), Where(channelId), AuditDiff.Between(null, new { reason, source = actor }));
                return ((Suppression?)entry, isNew, new CommandResult());
            }
        }, cancellationToken);
    }

    /// <summary>Adds addresses in the form in which they are stored; answers how many were not there.</summary>
    internal Task<int> AddAsync(DbTransaction transaction, AddressKind kind, IReadOnlyCollection<string> values, SuppressionReason reason, string source, long channelId) =>
        // In one order for everybody: writers that meet wait for each other and never in a circle.
        transaction.Connection!.ExecuteAsync(
            _addSql,
            new { kind = (short)kind, rows = JsonSerializer.Serialize(values.Order(StringComparer.Ordinal).Select(v => new[] { v })), channelId, reason = (short)reason, source, now = time.Now() },
            transaction);

    private const string ChannelSql = "SELECT name AS Name, address_kind AS Kind FROM channels WHERE id = @channelId";

    /// <summary>Why an entry of this kind can't be for the channel: it would stop nothing.</summary>
    internal static async Task<Problem?> ChannelFaultAsync(DbConnection connection, DbTransaction? transaction, AddressKind kind, long channelId)
    {
        if (channelId == 0) return null;
        var (name, own) = await connection.QuerySingleOrDefaultAsync<(string? Name, int Kind)>(ChannelSql, new { channelId }, transaction);
        if (name is null) return new Problem("channelId", "channelGone", $"Channel {channelId} does not exist.");
        return own == (int)kind ? null : new Problem("channelId", "suppressionOtherKind", $"The channel '{name}' does not write to addresses of the kind {kind.Name()}: the entry would stop nothing.", name);
    }

    private const string RemoveSql = """
        DELETE FROM suppressions
         WHERE kind = @kind AND value = @value AND channel_id = @channelId
        RETURNING suppressions.reason AS Reason, suppressions.source AS Source, suppressions.created_at AS CreatedAt
        """;

    /// <summary>Takes an address off the list. Why and since when it was there stays in the audit.</summary>
    public Task<CommandResult> RemoveAsync(AddressKind kind, string address, string actor, long channelId = 0, CancellationToken cancellationToken = default)
    {
        var value = Stored(kind, address);
        return database.WriteAsync(async transaction =>
        {
            var gone = await transaction.Connection!.QuerySingleOrDefaultAsync<Suppression>(RemoveSql, new { kind = (short)kind, value, channelId }, transaction);
            if (gone is null) return CommandResult.NotFound($"A suppression of {kind.Name()} {value}");
            var was = string.Create(CultureInfo.InvariantCulture, $"{JsonNamingPolicy.CamelCase.ConvertName(gone.Reason.ToString())}, {gone.Source}, {Times.Of(gone.CreatedAt):u}; {Where(channelId)}");
            await audit.AppendAsync(transaction, actor, "suppression.removed", Subject(kind, value), was, AuditDiff.Between(new { reason = gone.Reason, source = gone.Source }, null));
            return new CommandResult();
        }, cancellationToken);
    }

    private const string SelectSql = """
        SELECT s.kind AS Kind, s.value AS Value, s.channel_id AS ChannelId, c.name AS ChannelName, s.reason AS Reason, s.source AS Source, s.created_at AS CreatedAt
          FROM suppressions s LEFT JOIN channels c ON c.id = s.channel_id
        """;

    private const string GetSql = $"{SelectSql} WHERE s.kind = @kind AND s.value = @value AND s.channel_id = @channelId";

    /// <summary>The entry of an address; null when there is none.</summary>
    public Task<Suppression?> GetAsync(AddressKind kind, string address, long channelId = 0, CancellationToken cancellationToken = default) =>
        database.ReadAsync(connection => connection.QuerySingleOrDefaultAsync<Suppression?>(GetSql, new { kind = (short)kind, value = Stored(kind, address), channelId }), cancellationToken);

    private const string PageSql = $$"""
        {{SelectSql}}
         WHERE (s.kind, s.value, s.channel_id) > (@afterKind, @afterValue, @afterChannel){0}
         ORDER BY s.kind, s.value, s.channel_id
         LIMIT @most
        """;

    /// <summary>A page behind the cursor. Entries that come or go meanwhile neither repeat nor hide others.</summary>
    public Task<SuppressionPage> ListAsync(SuppressionFilter filter, SuppressionCursor? after, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync(async connection =>
        {
            var parameters = new DynamicParameters(new { afterKind = (int)(after?.Kind ?? 0), afterValue = after?.Value ?? "", afterChannel = after?.ChannelId ?? 0, most = limit + 1 });
            var sql = PageSql.Replace("{0}", Conditions(filter, parameters), StringComparison.Ordinal);
            var rows = (await connection.QueryAsync<Suppression>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken))).AsList();
            if (rows.Count <= limit) return new SuppressionPage(rows, null);
            rows.RemoveAt(limit);
            return new SuppressionPage(rows, new SuppressionCursor(rows[^1].Kind, rows[^1].Value, rows[^1].ChannelId));
        }, cancellationToken);

    private const string CountSql = "SELECT COUNT(*) FROM suppressions s WHERE s.kind > 0{0}";

    /// <summary>How many entries the filter means.</summary>
    public Task<long> CountAsync(SuppressionFilter filter, CancellationToken cancellationToken = default) => database.ReadAsync(connection =>
    {
        var parameters = new DynamicParameters();
        var sql = CountSql.Replace("{0}", Conditions(filter, parameters), StringComparison.Ordinal);
        return connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, parameters, cancellationToken: cancellationToken));
    }, cancellationToken);

    private string Conditions(SuppressionFilter filter, DynamicParameters parameters)
    {
        var conditions = new StringBuilder();
        Add("s.kind = @kind", "kind", (int?)filter.Kind);
        Add("s.channel_id = @channelId", "channelId", filter.ChannelId);
        Add("s.reason = @reason", "reason", (int?)filter.Reason);
        if (Searched(filter.Search) is { Length: > 0 } search) Add(database.Dialect.Contains("s.value", "@search"), "search", SqlDialect.LikePattern(search));
        return conditions.ToString();

        void Add(string condition, string name, object? value)
        {
            if (value is null) return;
            conditions.Append(" AND ").Append(condition);
            parameters.Add(name, value);
        }
    }

    // A telephone number is found however it is written.
    private static string Searched(string? search)
    {
        var text = AddressNormalizer.Trim(search).Replace("\0", "", StringComparison.Ordinal);
        return PhoneAddress.LooksLikeNumber(text) ? string.Concat(text.Where(char.IsAsciiDigit)) : text;
    }

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

    private static string Stored(AddressKind kind, string address) => AddressNormalizer.Normal(kind, address).Replace("\0", "", StringComparison.Ordinal);

    private static string Subject(AddressKind kind, string value) => $"suppression:{kind.Name()}:{value}";

    private static string Where(long channelId) => channelId == 0 ? "all channels" : string.Create(CultureInfo.InvariantCulture, $"channel:{channelId}");
}
