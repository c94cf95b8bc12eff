using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Channels;

/// <summary>The channels' rows.</summary>
internal sealed partial class ChannelStore(Database database, ISecretProtector secrets, TimeProvider time)
{
    private const string SelectSql = """
        SELECT c.id, c.name, c.transport, c.address_kind, c.settings, c.secrets, c.status, c.status_reason, c.status_detail, c.rate_count, c.rate_per_ms, c.when_in_doubt, c.max_attempts,
               c.retry_for_ms, c.version, c.created_at, c.updated_at, c.limits, c.recipient_spacing_ms, r.most AS recipients, r.per_ms AS recipients_per_ms, r.account AS recipients_account
          FROM channels c LEFT JOIN recipient_limits r ON r.id = c.recipient_limit_id
        """;

    private const string GetSql = $"{SelectSql} WHERE c.id = @id";

    public Task<Channel?> GetAsync(long id) => database.ReadAsync(c => GetAsync(c, id));

    public async Task<Channel?> GetAsync(DbConnection connection, long id, DbTransaction? transaction = null, bool forUpdate = false) =>
        (await connection.QuerySingleOrDefaultAsync<Row>(forUpdate && database.Dialect.IsPostgres ? GetSql + " FOR UPDATE OF c" : GetSql, new { id }, transaction))?.ToChannel(secrets);

    /// <summary>Those of some channels that exist, in the order asked for.</summary>
    public async Task<IReadOnlyList<Channel>> GetAsync(IEnumerable<long> ids)
    {
        var found = new List<Channel>();
        foreach (var id in ids)
        {
            if (await GetAsync(id) is { } channel) found.Add(channel);
        }

        return found;
    }

    private const string ListSql = $"{SelectSql} ORDER BY c.name_key";

    public Task<IReadOnlyList<Channel>> ListAsync() => database.ReadAsync(async c =>
        (IReadOnlyList<Channel>)[.. (await c.QueryAsync<Row>(ListSql)).Select(r => r.ToChannel(secrets))]);

    private const string VersionsSql = "SELECT id, version FROM channels";

    /// <summary>How often each channel was changed.</summary>
    public Task<IReadOnlyList<(long Id, int Version)>> VersionsAsync() => database.ReadAsync(async c =>
        (IReadOnlyList<(long, int)>)[.. (await c.QueryAsync<Row>(VersionsSql)).Select(r => (r.Id, r.Version))]);

    private const string FindSql = "SELECT id FROM channels WHERE name_key = @key";

    public Task<long?> FindAsync(string name) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(FindSql, new { key = KeyOf(name) }));

    /// <summary>The settings with their secrets, for the transport alone.</summary>
    public async Task<string> ReadSettingsAsync(long id)
    {
        var row = await database.ReadAsync(c => c.QuerySingleAsync<Row>(GetSql, new { id }));
        return Merge(row.Settings, row.Secrets is null ? "{}" : secrets.Unprotect(row.Secrets));
    }

    private const string InsertSql = """
        INSERT INTO channels (name, name_key, transport, address_kind, settings, secrets, status, rate_count, rate_per_ms, when_in_doubt, max_attempts, retry_for_ms, created_at, updated_at)
        VALUES (@name, @key, @transport, @kind, @settings, @secrets, 0, @rateCount, @ratePerMs, @whenInDoubt, @maxAttempts, @retryForMs, @now, @now)
        RETURNING id
        """;

    public Task<long> CreateAsync(ChannelEdit edit, AddressKind kind, string plainSettings, string secretSettings, ChannelAct act) => database.WriteAsync(async t =>
    {
        var id = await t.Connection!.QuerySingleAsync<long>(InsertSql, Parameters(edit, kind, plainSettings, secretSettings, null, null), t);
        Append(t, id, act, null, await GetAsync(t.Connection!, id, t));
        return id;
    });

    private const string UpdateSql = """
        UPDATE channels
           SET name = @name, name_key = @key, address_kind = @kind, settings = @settings, secrets = @secrets, rate_count = @rateCount, rate_per_ms = @ratePerMs,
               when_in_doubt = @whenInDoubt, max_attempts = @maxAttempts, retry_for_ms = @retryForMs, version = version + 1, updated_at = @now
         WHERE id = @id AND version = @expected
        """;

    /// <summary>False when somebody else saved since the expected version.</summary>
    public Task<bool> UpdateAsync(long id, ChannelEdit edit, AddressKind kind, string plainSettings, string secretSettings, int expected, ChannelAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(UpdateSql, Parameters(edit, kind, plainSettings, secretSettings, id, expected), t) == 1);

    private const string SetStatusSql = """
        UPDATE channels SET status = @next, status_reason = @reason, status_detail = @detail, updated_at = @now
         WHERE id = @id AND status = @expected
        """;

    /// <summary>False when the channel was not in the expected status: a repeated call changes nothing.</summary>
    public Task<bool> SetStatusAsync(long id, ChannelStatus expected, ChannelStatus next, FailureReason? reason, string? detail, ChannelAct act) =>
        ActAsync(id, act, async t => await t.Connection!.ExecuteAsync(SetStatusSql,
            new { id, expected = (int)expected, next = (int)next, reason = (int?)reason, detail, now = Now }, t) == 1);

    private const string SetLimitsSql = """
        UPDATE channels SET rate_count = @count, rate_per_ms = @perMs, limits = @limits, recipient_spacing_ms = @spacing, updated_at = @now
         WHERE id = @id
        """;

    /// <summary>False when there is no such channel.</summary>
    public Task<bool> SetLimitsAsync(long id, ChannelLimits limits, ChannelAct act) => ActAsync(id, act, async t =>
    {
        if (await t.Connection!.ExecuteAsync(SetLimitsSql,
            new { id, count = limits.Rate?.Count, perMs = limits.Rate?.PerMs, limits = JsonSerializer.Serialize(limits.Limits), spacing = limits.RecipientSpacingMs, now = Now }, t) == 0) return false;
        await RecipientLimits.SetAsync(t, id, limits.Recipients, Now);
        return true;
    });

    private const string UsersSql = """
        SELECT name FROM broadcasts WHERE channel_id = @id AND kind = 0 AND status IN (0, 1, 2, 3)
        UNION ALL
        SELECT name FROM forms WHERE channel_id = @id
        LIMIT 10
        """;

    private const string DeleteSql = "DELETE FROM channels WHERE id = @id AND NOT EXISTS (SELECT 1 FROM broadcasts WHERE channel_id = @id) AND NOT EXISTS (SELECT 1 FROM forms WHERE channel_id = @id)";

    /// <summary>Names of unfinished broadcasts, and of forms, that use the channel.</summary>
    public Task<IReadOnlyList<string>> UsersAsync(long id) =>
        database.ReadAsync(async c => (IReadOnlyList<string>)[.. await c.QueryAsync<string>(UsersSql, new { id })]);

    /// <summary>False when a broadcast, finished or not, still refers to the channel.</summary>
    public Task<bool> DeleteAsync(long id, ChannelAct act) => ActAsync(id, act, async t =>
    {
        if (await t.Connection!.ExecuteAsync(DeleteSql, new { id }, t) == 0) return false;
        await RecipientLimits.DropUnusedAsync(t);
        return true;
    });

    private const string CursorSql = "UPDATE channels SET poll_cursor = @cursor WHERE id = @id";

    private const string GetCursorSql = "SELECT poll_cursor FROM channels WHERE id = @id";

    public Task<string?> GetCursorAsync(long id) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<string?>(GetCursorSql, new { id }));

    private const string AddressKindSql = "SELECT address_kind FROM channels WHERE id = @id";

    /// <summary>The kind of address that the channel writes to; 0 when the channel is gone.</summary>
    public static async Task<AddressKind> AddressKindAsync(DbTransaction transaction, long id) =>
        (AddressKind)await transaction.Connection!.QuerySingleOrDefaultAsync<int>(AddressKindSql, new { id }, transaction);

    /// <summary>Stored in the transaction of the events that it stands behind.</summary>
    public static Task SetCursorAsync(DbTransaction transaction, long id, string? cursor) => transaction.Connection!.ExecuteAsync(CursorSql, new { id, cursor }, transaction);

    public static string KeyOf(string name) => name.Trim().ToLowerInvariant();

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private object Parameters(ChannelEdit edit, AddressKind kind, string plain, string secret, long? id, int? expected) => new
    {
        id,
        expected,
        name = edit.Name.Trim(),
        key = KeyOf(edit.Name),
        transport = edit.Transport,
        kind = (int)kind,
        settings = plain,
        secrets = secret == "{}" ? null : secrets.Protect(secret),
        rateCount = edit.Rate?.Count,
        ratePerMs = edit.Rate?.PerMs,
        whenInDoubt = (int)edit.WhenInDoubt,
        maxAttempts = edit.MaxAttempts,
        retryForMs = edit.RetryForMs,
        now = Now,
    };

    private static string Merge(string first, string second)
    {
        var merged = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(first)!;
        foreach (var (name, value) in JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(second)!) merged[name] = value;
        return JsonSerializer.Serialize(merged);
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public string Transport { get; init; } = "";

        public int AddressKind { get; init; }

        public string Settings { get; init; } = "{}";

        public string? Secrets { get; init; }

        public int Status { get; init; }

        public int? StatusReason { get; init; }

        public string? StatusDetail { get; init; }

        public int? RateCount { get; init; }

        public long? RatePerMs { get; init; }

        public int WhenInDoubt { get; init; }

        public int MaxAttempts { get; init; }

        public long RetryForMs { get; init; }

        public int Version { get; init; }

        public long CreatedAt { get; init; }

        public long UpdatedAt { get; init; }

        public string Limits { get; init; } = "[]";

        public long RecipientSpacingMs { get; init; }

        public int? Recipients { get; init; }

        public long? RecipientsPerMs { get; init; }

        public string? RecipientsAccount { get; init; }

        public Channel ToChannel(ISecretProtector protector) => new()
        {
            Id = Id,
            Name = Name,
            Transport = Transport,
            AddressKind = (AddressKind)AddressKind,
            Settings = Settings,
            Status = (ChannelStatus)Status,
            StatusReason = (FailureReason?)StatusReason,
            StatusDetail = StatusDetail,
            Rate = RateCount is { } count && RatePerMs is { } per ? new SendRate(count, per) : null,
            WhenInDoubt = (WhenInDoubt)WhenInDoubt,
            MaxAttempts = MaxAttempts,
            RetryForMs = RetryForMs,
            Version = Version,
            CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt,
            Limits = JsonSerializer.Deserialize<SendRate[]>(Limits) ?? [],
            RecipientSpacingMs = RecipientSpacingMs,
            Recipients = Recipients is { } most ? new RecipientLimit(most, RecipientsPerMs ?? 0, RecipientsAccount) : null,
            StoredSecrets = Secrets is null ? [] : NamesOf(protector, Secrets),
        };

        // Keys that do not fit must not make the channel list unreadable: then no secret counts as stored.
        private static string[] NamesOf(ISecretProtector protector, string cipher)
        {
            try
            {
                return [.. JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(protector.Unprotect(cipher))!.Keys];
            }
            catch (System.Security.Cryptography.CryptographicException)
            {
                return [];
            }
        }
    }
}
