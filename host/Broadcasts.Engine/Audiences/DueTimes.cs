using System.Data.Common;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Audiences;

/// <summary>Writes down when each row may be sent, set by set: at the freeze, and again when a window closes over rows that were still waiting.</summary>
internal sealed class DueTimes(SqlDialect dialect)
{
    private const string ZonesSql = """
        SELECT COALESCE(c.time_zone, '') AS zone, COALESCE(c.country, '') AS country, COUNT(*) AS rows
          FROM deliveries d JOIN contacts c ON c.id = d.contact_id
         WHERE d.id BETWEEN @from AND @to AND d.status = 0 AND (d.due_at IS NULL OR d.due_at <= @now)
         GROUP BY COALESCE(c.time_zone, ''), COALESCE(c.country, '')
        """;

    private readonly string _setSql = $"""
        WITH zones AS MATERIALIZED (SELECT zone, country, due FROM {dialect.Rows("@zones", "z", ("zone", SqlType.Text), ("country", SqlType.Text), ("due", SqlType.BigInt))})
        UPDATE deliveries
           SET due_at = zones.due
          FROM contacts c, zones
         WHERE deliveries.id BETWEEN @from AND @to AND deliveries.status = 0 AND (deliveries.due_at IS NULL OR deliveries.due_at <= @now)
           AND c.id = deliveries.contact_id AND zones.zone = COALESCE(c.time_zone, '') AND zones.country = COALESCE(c.country, '')
        """;

    /// <summary>Gives the pending rows of a range that could go now the moment from which they may.</summary>
    /// <returns>Rows whose recipient's own zone is not known.</returns>
    public async Task<long> SetAsync(DbTransaction transaction, SendTimes times, long from, long to, long now)
    {
        var connection = transaction.Connection!;
        var fallback = 0L;
        var later = new List<object[]>();
        foreach (var group in await connection.QueryAsync<ZoneRow>(ZonesSql, new { from, to, now }, transaction))
        {
            var zone = times.ZoneOf(group.Zone, group.Country, out var isFallback);
            if (isFallback) fallback += group.Rows;
            if (times.FirstAt(zone, now) is var due && due > now) later.Add([group.Zone, group.Country, due]);
        }

        if (later.Count > 0) await connection.ExecuteAsync(_setSql, new { zones = JsonSerializer.Serialize(later), from, to, now }, transaction);
        return fallback;
    }

    private const string FallbackSql = "UPDATE broadcasts SET fallback_recipients = fallback_recipients + @count WHERE id = @id";

    /// <summary>The same for freshly frozen rows, counted for people to see.</summary>
    public async Task FreezeAsync(DbTransaction transaction, Broadcast broadcast, long from, long to, long now)
    {
        if (SendTimes.Of(broadcast) is not { IsPerRecipient: true } times) return;
        if (await SetAsync(transaction, times, from, to, now) is > 0 and var count) await transaction.Connection!.ExecuteAsync(FallbackSql, new { id = broadcast.Id, count }, transaction);
    }

    private sealed class ZoneRow
    {
        public string Zone { get; init; } = "";

        public string Country { get; init; } = "";

        public long Rows { get; init; }
    }
}
