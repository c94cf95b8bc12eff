using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>
/// Finds the rows of a claim whose address was written to on the same channel a moment ago, or is being written to. The ledger alone is
/// asked, so a restart or another process changes nothing.
/// </summary>
internal sealed class RecipientSpacing(Database database, TimeProvider time)
{
    /// <summary>Two rows of one address that are claimed at once may both wait: they come back at different times.</summary>
    private const double Jitter = 0.25;

    // A message in doubt or refused was a request too.
    private readonly string _sql = $"""
        SELECT d.id, MAX(CASE WHEN o.status = 1 THEN 1 ELSE 0 END) AS busy, MAX(COALESCE(o.sent_at, o.ended_at)) AS last_at
          FROM deliveries d
          JOIN deliveries o ON o.contact_id = d.contact_id AND o.address_id = d.address_id AND o.channel_id = d.channel_id AND o.id <> d.id
         WHERE {database.Dialect.InList("d.id", "@ids")}
           AND ((o.status = 1 AND o.claim <> @claim) OR (o.status IN (2, 3, 4, 5, 7) AND COALESCE(o.sent_at, o.ended_at) > @since))
         GROUP BY d.id
        """;

    /// <summary>Row → when it may go, Unix milliseconds; rows that may go now are not in it.</summary>
    public async Task<Dictionary<long, long>> FindAsync(Claim claim, CancellationToken cancellationToken)
    {
        if (claim.RecipientSpacingMs == 0) return [];
        var now = time.Now();
        var spacing = claim.RecipientSpacingMs;
        var found = await database.ReadAsync(async c =>
            (await c.QueryAsync<Earlier>(_sql, new { ids = database.Dialect.List([.. claim.Rows.Select(r => r.Id)]), claim = claim.ClaimId, since = now - spacing })).AsList(), cancellationToken);
        var waiting = found.ToDictionary(e => e.Id, e => e.Busy > 0 ? now + (long)(spacing * (1 + Jitter * Random.Shared.NextDouble())) : e.LastAt!.Value + spacing);

        // Of several rows of this claim to one address the first goes.
        foreach (var row in claim.Rows.GroupBy(r => (r.ContactId, r.AddressId)).SelectMany(g => g.OrderBy(r => r.Id).Skip(1))) waiting[row.Id] = now + spacing;
        return waiting;
    }

    private sealed class Earlier
    {
        public long Id { get; init; }

        public int Busy { get; init; }

        public long? LastAt { get; init; }
    }
}
