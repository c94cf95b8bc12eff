using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Broadcasts.Storage;
using Broadcasts.Testing;
using Dapper;
using Microsoft.Extensions.Time.Testing;

namespace Broadcasts.Deliveries;

/// <summary>A database with a channel, people and started broadcasts, and the engine's own stores over it.</summary>
internal sealed class LedgerKit : IAsyncDisposable
{
    private const string PeopleSql = """
        INSERT INTO contacts (first_name, created_at, updated_at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @count) SELECT 'N' || i, 1, 1 FROM n
        """;

    private const string AddressesSql = """
        INSERT INTO addresses (contact_id, kind, value, created_at)
        SELECT c.id, @kind, '+346' || (10000000 + c.id), 1 FROM contacts c WHERE NOT EXISTS (SELECT 1 FROM addresses a WHERE a.contact_id = c.id AND a.kind = @kind)
        """;

    private readonly TestDatabase _test;

    private LedgerKit(TestDatabase test)
    {
        _test = test;
        Broadcasts = new BroadcastStore(Database, Time);
        Channels = new ChannelStore(Database, new PlainSecrets(), Time);
        Slices = new SliceStore(Database, Time);
        Freezer = new AudienceFreezer(Database, Time);
        Claims = new LedgerClaims(Database.Dialect);
        Records = new LedgerRecords(Database.Dialect);
    }

    public Database Database => _test.Database;

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));

    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public BroadcastStore Broadcasts { get; }

    public ChannelStore Channels { get; }

    public SliceStore Slices { get; }

    public AudienceFreezer Freezer { get; }

    public LedgerClaims Claims { get; }

    public LedgerRecords Records { get; }

    public Channel Channel { get; private set; } = null!;

    public static async Task<LedgerKit> CreateAsync(string provider)
    {
        var kit = new LedgerKit(await TestDatabase.CreateAsync(provider));
        kit.Channel = await kit.AddChannelAsync("main", AddressKind.Phone);
        return kit;
    }

    public async Task<Channel> AddChannelAsync(string name, AddressKind kind)
    {
        var id = await Channels.CreateAsync(new ChannelEdit(name, "simulator", "{}", null), kind, "{}", "{}", new ChannelAct("test", "create"));
        return (await Channels.GetAsync(id))!;
    }

    /// <summary>People with a telephone number each; their ids.</summary>
    public Task<IReadOnlyList<long>> AddPeopleAsync(int count, bool addressed = true) => Database.WriteAsync(async t =>
    {
        var before = await t.Connection!.ExecuteScalarAsync<long>("SELECT COALESCE(MAX(id), 0) FROM contacts", transaction: t);
        await t.Connection!.ExecuteAsync(PeopleSql, new { count }, t);
        if (addressed) await t.Connection!.ExecuteAsync(AddressesSql, new { kind = (int)AddressKind.Phone }, t);
        return (IReadOnlyList<long>)[.. await t.Connection!.QueryAsync<long>("SELECT id FROM contacts WHERE id > @before ORDER BY id", new { before }, t)];
    });

    /// <summary>A broadcast in progress whose audience is not frozen yet.</summary>
    public async Task<Broadcast> StartAsync(int parts = 1, BroadcastAudience? audience = null, long? expiresAt = null, long? parent = null, IReadOnlyList<ExcludedSegment>? less = null)
    {
        var draft = new BroadcastDraft
        {
            Name = "Test",
            ChannelId = Channel.Id,
            PartsJson = $"[{string.Join(",", Enumerable.Range(0, parts).Select(i => $$"""{"type":"text","text":"part {{i}}"}"""))}]",
            AudienceJson = System.Text.Json.JsonSerializer.Serialize(audience ?? new BroadcastAudience { ContactIds = [1] }, BroadcastJson.Options),
            ExpiresAt = expiresAt,
        };
        var made = (await Broadcasts.CreateAsync(draft, new BroadcastAct("test", "create"), parent, null))!;
        return (await Broadcasts.StartAsync(made, new AudienceRules(null, less ?? []), "test", null, null, new BroadcastAct("test", "start")))!;
    }

    public static FrozenAudience Everybody(int parts = 1) => new(new SqlCondition("1 = 1", new Dictionary<string, object?>()), parts, null, null);

    /// <summary>Freezes to the end; how many chunks it took.</summary>
    public async Task<int> FreezeAsync(Broadcast broadcast, FrozenAudience audience)
    {
        var chunks = 1;
        while (!await Freezer.FreezeChunkAsync(broadcast, audience, [Channel])) chunks++;
        return chunks;
    }

    /// <summary>A broadcast in progress to everybody, frozen, its slices owned by "me".</summary>
    public async Task<(Broadcast Broadcast, IReadOnlyList<OwnedSlice> Slices)> StartFrozenAsync(int parts = 1, long? expiresAt = null)
    {
        var broadcast = await StartAsync(parts, expiresAt: expiresAt);
        await FreezeAsync(broadcast, Everybody(parts));
        return (broadcast, await TakeAsync("me"));
    }

    public async Task<IReadOnlyList<OwnedSlice>> TakeAsync(string owner, bool alone = true) =>
        await Slices.TakeAsync(owner, (await Slices.OpenAsync(owner, alone)).Where(s => s.Owner != owner));

    public Task<Claim> ClaimAsync(OwnedSlice slice, int count, string owner = "me", long? freshFrom = null, long? openSince = null) => Database.WriteAsync(t =>
        Claims.ClaimAsync(t, new ClaimRequest(slice, owner, count, freshFrom ?? slice.From, Now, Now + 10_000, Now + 80_000) { OpenSince = openSince ?? long.MaxValue }));

    public Task<int> RecordAsync(params DeliveryRecord[] records) => Database.WriteAsync(t => Records.ApplyAsync(t, records, Now));

    public DeliveryRecord Record(long id, DeliveryEvent what, long? claim = null, int? reason = null) => new() { Id = id, Event = what, Claim = claim, At = Now, Reason = reason };

    public Task<IReadOnlyList<RowState>> RowsAsync(Broadcast broadcast) => Database.ReadAsync(async c => (IReadOnlyList<RowState>)
        [.. await c.QueryAsync<RowState>("SELECT id, contact_id, address_id, part, status, reason, due_at, attempt, claim, provider_id, sent_at, delivered_at, read_at, ended_at FROM deliveries WHERE id BETWEEN @from AND @to ORDER BY id",
            new { from = DeliveryId.First(broadcast.Id), to = DeliveryId.Last(broadcast.Id) })]);

    public async Task<RowState> RowAsync(long id) => await Database.ReadAsync(c =>
        c.QuerySingleAsync<RowState>("SELECT id, contact_id, address_id, part, status, reason, due_at, attempt, claim, provider_id, sent_at, delivered_at, read_at, ended_at FROM deliveries WHERE id = @id", new { id }));

    public Task<int> ExecuteAsync(string sql, object? parameters = null) => Database.WriteAsync(t => t.Connection!.ExecuteAsync(sql, parameters, t));

    public Task<T?> ScalarAsync<T>(string sql, object? parameters = null) => Database.ReadAsync(c => c.ExecuteScalarAsync<T?>(sql, parameters));

    public ValueTask DisposeAsync() => _test.DisposeAsync();
}

/// <summary>A row of the ledger as a test looks at it.</summary>
internal sealed class RowState
{
    public long Id { get; init; }

    public long ContactId { get; init; }

    public long? AddressId { get; init; }

    public int Part { get; init; }

    public int Status { get; init; }

    public DeliveryStatus State => (DeliveryStatus)Status;

    public int? Reason { get; init; }

    public long? DueAt { get; init; }

    public int Attempt { get; init; }

    public long? Claim { get; init; }

    public string? ProviderId { get; init; }

    public long? SentAt { get; init; }

    public long? DeliveredAt { get; init; }

    public long? ReadAt { get; init; }

    public long? EndedAt { get; init; }
}

/// <summary>Secrets in the clear, for tests.</summary>
internal sealed class PlainSecrets : ISecretProtector
{
    public string Protect(string text) => text;

    public string Unprotect(string cipher) => cipher;
}
