using System.Data.Common;
using System.Globalization;
using Broadcasts.Contacts.Merge;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>
/// Single messages in the ledger: rows of their channel's home, a broadcast that nobody sees and that never ends. Its slices are ranges of
/// a fixed size, opened one after the other; a slice's own count says where its next row goes.
/// </summary>
internal sealed class SingleMessageStore(Database database, TimeProvider time)
{
    /// <summary>Rows of one slice: what a look over a whole slice costs at most.</summary>
    private const int SliceSize = 65_536;

    private const string FindHomeSql = "SELECT id FROM broadcasts WHERE identity_key = @key";

    private const string InsertHomeSql = """
        INSERT INTO broadcasts (kind, name, status, channel_id, identity_key, freeze_done, created_by, created_at, updated_at)
        VALUES (1, @key, 2, @channel, @key, 1, 'system', @now, @now)
        ON CONFLICT (identity_key) DO NOTHING
        """;

    // The only lock is the slice's: a claim, which holds slice and broadcast, can't wait for it crosswise.
    private const string TakePlaceSql = """
        UPDATE slices SET pending = pending + 1
         WHERE id = (SELECT MAX(id) FROM slices WHERE broadcast_id = @home)
           AND id_from + pending + sending + sent + delivered + read + failed + skipped + unknown <= id_to
        RETURNING id_from + pending + sending + sent + delivered + read + failed + skipped + unknown - 1
        """;

    // Compare-and-set: of two that find the last slice full one opens the next.
    private const string AdvanceSql = "UPDATE broadcasts SET freeze_position = freeze_position + @size WHERE id = @home AND freeze_position = @position";

    private const string PositionSql = "SELECT freeze_position FROM broadcasts WHERE id = @home";

    private const string OpenSliceSql = "INSERT INTO slices (broadcast_id, channel_id, id_from, id_to) VALUES (@home, @channel, @from, @to)";

    private const string InsertRowSql = """
        INSERT INTO deliveries (id, contact_id, contact_revision, address_id, channel_id, part, status, due_at, attempt)
        SELECT @id, whose.contact, COALESCE((SELECT c.revision FROM contacts c WHERE c.id = whose.contact), 1), @address, @channel, 0, 0, @now, 0
          FROM (SELECT COALESCE((SELECT a.contact_id FROM addresses a WHERE a.id = @address), @contact) AS contact) AS whose
        """;

    private const string InsertMessageSql = """
        INSERT INTO messages (delivery_id, part, identity_key, created_by, created_at) VALUES (@id, @part, @identity, @actor, @now)
        """;

    private const string FindSql = "SELECT delivery_id FROM messages WHERE identity_key = @identity";

    /// <summary>The message that was made with an identity; null when there is none.</summary>
    public Task<long?> FindAsync(string identity) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(FindSql, new { identity }));

    /// <summary>Puts a message in the ledger, due now.</summary>
    public async Task<long> AddAsync(long channel, long contact, long address, string part, string? identity, string actor)
    {
        var home = await HomeAsync(channel);
        return await database.WriteAsync(async t =>
        {
            await ContactTurns.ShareAsync(database.Dialect, t);
            var now = time.Now();
            var id = await PlaceAsync(t, home, channel);
            // The address goes with its contact when that was merged a moment ago. Who was deleted a moment ago gets a row all the same: it is skipped when it is claimed, as in a broadcast.
            await t.Connection!.ExecuteAsync(InsertRowSql, new { id, channel, contact, address, now }, t);
            await t.Connection!.ExecuteAsync(InsertMessageSql, new { id, part, identity, actor, now }, t);
            return id;
        });
    }

    private async Task<long> HomeAsync(long channel)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"messages:{channel}");
        if (await database.ReadAsync(c => c.QuerySingleOrDefaultAsync<long?>(FindHomeSql, new { key })) is { } known) return known;
        await database.WriteAsync(t => t.Connection!.ExecuteAsync(InsertHomeSql, new { key, channel, now = time.Now() }, t));
        return await database.ReadAsync(c => c.QuerySingleAsync<long>(FindHomeSql, new { key }));
    }

    private static async Task<long> PlaceAsync(DbTransaction transaction, long home, long channel)
    {
        var connection = transaction.Connection!;
        // The position is read before the look that finds no place: one read after it could be that of a slice which somebody else opened meanwhile.
        long? position = null;
        while (true)
        {
            if (await connection.QuerySingleOrDefaultAsync<long?>(TakePlaceSql, new { home }, transaction) is { } place) return place;
            if (position is { } last && await connection.ExecuteAsync(AdvanceSql, new { home, position = last, size = SliceSize }, transaction) == 1)
            {
                await connection.ExecuteAsync(OpenSliceSql, new { home, channel, from = DeliveryId.Of(home, last + 1), to = DeliveryId.Of(home, last + SliceSize) }, transaction);
            }

            position = await connection.QuerySingleAsync<long>(PositionSql, new { home }, transaction);
        }
    }

    private readonly string _contentSql = $"SELECT delivery_id, part FROM messages WHERE {database.Dialect.InList("delivery_id", "@ids")}";

    /// <summary>What messages say, by row.</summary>
    public Task<Dictionary<long, string>> ContentAsync(IEnumerable<long> ids) => database.ReadAsync(async c =>
        (await c.QueryAsync<ContentRow>(_contentSql, new { ids = database.Dialect.List([.. ids]) })).ToDictionary(r => r.DeliveryId, r => r.Part));

    private const string GetSql = """
        SELECT d.id, d.channel_id, d.contact_id, a.value AS address, d.status, d.reason, d.attempt, d.provider_id, d.due_at, d.sent_at, d.delivered_at, d.read_at, d.ended_at,
               m.part, m.created_at,
               (SELECT t.code FROM attempts t WHERE t.delivery_id = d.id ORDER BY t.at DESC LIMIT 1) AS code,
               (SELECT t.detail FROM attempts t WHERE t.delivery_id = d.id ORDER BY t.at DESC LIMIT 1) AS detail
          FROM messages m JOIN deliveries d ON d.id = m.delivery_id LEFT JOIN addresses a ON a.id = d.address_id
         WHERE m.delivery_id = @id
        """;

    /// <summary>How far a message is; null when there is none of that id.</summary>
    public Task<SingleMessage?> GetAsync(long id) => database.ReadAsync(c => c.QuerySingleOrDefaultAsync<SingleMessage>(GetSql, new { id }));

    private sealed class ContentRow
    {
        public long DeliveryId { get; init; }

        public string Part { get; init; } = "";
    }
}

/// <summary>A single message and what became of it. Times are Unix milliseconds.</summary>
internal sealed class SingleMessage
{
    public long Id { get; init; }

    public long ChannelId { get; init; }

    public long ContactId { get; init; }

    /// <summary>Null when the address is gone.</summary>
    public string? Address { get; init; }

    public int Status { get; init; }

    public int? Reason { get; init; }

    public int Attempt { get; init; }

    public string? ProviderId { get; init; }

    public long? DueAt { get; init; }

    public long? SentAt { get; init; }

    public long? DeliveredAt { get; init; }

    public long? ReadAt { get; init; }

    public long? EndedAt { get; init; }

    public string Part { get; init; } = "";

    public long CreatedAt { get; init; }

    /// <summary>What the provider said last, when it was not a plain success.</summary>
    public string? Code { get; init; }

    public string? Detail { get; init; }
}
