using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Broadcasting;

/// <summary>Gives the messages that a tripped breaker failed another turn: they and their later parts wait again. Doing it twice changes nothing.</summary>
internal sealed class BreakerVictims(Database database, LedgerWriter writer, TimeProvider time)
{
    private const int PageSize = 500;

    private const string VictimsSql = """
        SELECT d.id, d.attempt FROM deliveries d
         WHERE d.id BETWEEN @after AND @to AND d.status = 5 AND d.reason = @reason AND d.ended_at >= @since
           AND EXISTS (SELECT 1 FROM attempts a WHERE a.delivery_id = d.id AND a.at = d.ended_at AND COALESCE(a.code, '') = @code)
         ORDER BY d.id LIMIT 500
        """;

    private readonly string _laterSql = $"""
        SELECT DISTINCT d.id, d.attempt FROM deliveries v JOIN deliveries d ON d.id > v.id AND d.id <= v.id + {BroadcastPart.Most - 1} AND {PartsOfOne.Condition("v", "d")}
         WHERE {database.Dialect.InList("v.id", "@ids")} AND d.status = 6 AND d.reason = {(int)SkipReason.EarlierPartFailed}
        """;

    public async Task RestoreAsync(long broadcastId, Tripped tripped)
    {
        for (var after = DeliveryId.First(broadcastId); ;)
        {
            var victims = await database.ReadAsync(async c => (await c.QueryAsync<Row>(VictimsSql,
                new { after, to = DeliveryId.Last(broadcastId), reason = tripped.Reason, since = tripped.Since, code = tripped.Code ?? "" })).AsList());
            if (victims.Count == 0) return;
            foreach (var victim in victims) Wait(victim, time.Now(), burnsAttempt: false);
            foreach (var later in await LaterPartsAsync(victims)) Wait(later, long.MaxValue, burnsAttempt: true);
            await writer.FlushAsync();
            if (victims.Count < PageSize) return;
            after = victims[^1].Id + 1;
        }
    }

    private Task<List<Row>> LaterPartsAsync(List<Row> victims) =>
        database.ReadAsync(async c => (await c.QueryAsync<Row>(_laterSql, new { ids = database.Dialect.List([.. victims.Select(v => v.Id)]) })).AsList());

    private void Wait(Row row, long dueAt, bool burnsAttempt) =>
        writer.Record(new DeliveryRecord { Id = row.Id, Event = DeliveryEvent.Restore, At = time.Now(), DueAt = dueAt, Attempt = row.Attempt, BurnsAttempt = burnsAttempt, IsQuiet = true });

    private sealed class Row
    {
        public long Id { get; init; }

        public int Attempt { get; init; }
    }
}
