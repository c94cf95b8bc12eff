using System.Data.Common;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Consent;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>What is needed to write to a recipient, as of now: consent is looked at when a row is claimed, not only when it was planned.</summary>
internal sealed class Recipient
{
    public required ClaimedRow Row { get; init; }

    /// <summary>Null when the contact or its address is gone.</summary>
    public string? Address { get; init; }

    /// <summary>When a message came from this address, Unix milliseconds; null when none did.</summary>
    public long? LastInboundAt { get; init; }

    /// <summary>The contact's zone as it is now, as somebody wrote it.</summary>
    public string? TimeZone { get; init; }

    /// <summary>The contact's country as it is now.</summary>
    public string? Country { get; init; }

    /// <summary>Why nothing may be sent; null when it may.</summary>
    public SkipReason? Refusal { get; init; }

    /// <summary>The contact as it was frozen; null when it is gone.</summary>
    public RenderingContact? Contact { get; init; }
}

/// <summary>Loads the recipients of a claim in two queries.</summary>
internal sealed class RecipientLoader(Database database, ContactQueries contacts, SendingRulesStore rules, TimeProvider time)
{
    private const int MostLooks = 4;

    // What another broadcast has sent, may have sent, or is about to send. Of two that are about to, the one that was claimed first goes.
    private readonly string _cappedSql = $"""
        SELECT id FROM (SELECT d.id, COUNT(DISTINCT e.id >> 32) AS others
                          FROM deliveries d JOIN deliveries e ON e.contact_id = d.contact_id AND e.id >> 32 <> d.id >> 32
                          JOIN broadcasts b ON b.id = e.id >> 32 AND b.kind = 0
                         WHERE {database.Dialect.InList("d.id", "@ids")} AND {IsReached(" AND e.claim < d.claim")}
                         GROUP BY d.id) AS reached
         WHERE others >= @most
        """;

    /// <summary>A condition on rows <c>e</c> of other broadcasts: their contact got one since <c>@since</c>, may have, or is about to.</summary>
    /// <param name="first">Which of those that are about to count.</param>
    public static string IsReached(string first) => $"(e.sent_at >= @since OR (e.status = 7 AND e.ended_at >= @since) OR (e.status = 1{first}))";

    private readonly string _sql = StatesSql(database.Dialect, "NULL");

    // Who opted out and asked anew by himself since has to confirm that he is the one; any other reason to write nothing stands.
    private readonly string _askingSql = StatesSql(database.Dialect, """
        CASE WHEN NOT EXISTS (SELECT 1 FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, d.channel_id) AND s.reason NOT IN (2, 6))
             THEN (SELECT k.state FROM consents k WHERE k.kind = a.kind AND k.value = a.value ORDER BY k.id DESC LIMIT 1) END
        """);

    private static string StatesSql(SqlDialect dialect, string lastSaid) => $"""
        SELECT d.id, a.value, a.last_inbound_at, d.contact_id AS owner, d.contact_revision, c.id AS contact_id, c.blocked_at, c.time_zone, c.country,
               (SELECT {Suppression.Weightiest} FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, d.channel_id)) AS suppressed,
               {lastSaid} AS last_said
          FROM deliveries d
          LEFT JOIN contacts c ON c.id = d.contact_id
          LEFT JOIN addresses a ON a.id = d.address_id AND a.contact_id = d.contact_id
         WHERE {dialect.InList("d.id", "@ids")}
        """;

    /// <param name="rows">A claim's.</param>
    /// <param name="content">What they say.</param>
    /// <param name="isCapped">Whether the workspace's frequency cap holds for this broadcast.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<Recipient>> LoadAsync(IReadOnlyList<ClaimedRow> rows, ClaimContent content, bool isCapped, CancellationToken cancellationToken)
    {
        var cap = isCapped ? (await rules.GetAsync()).FrequencyCap : null;
        return await database.ReadAsync(connection => LoadAsync(connection, rows, content, cap, cancellationToken), cancellationToken);
    }

    private async Task<IReadOnlyList<Recipient>> LoadAsync(DbConnection connection, IReadOnlyList<ClaimedRow> rows, ClaimContent content, FrequencyCap? cap, CancellationToken cancellationToken)
    {
        var capped = cap is null ? [] : await ReadCappedAsync(connection, rows, cap);
        for (var looks = 1; ; looks++)
        {
            var states = await ReadStatesAsync(connection, rows, content.AsksToConfirm is not null);
            var people = await contacts.LoadForRenderingAsync(connection, [.. states.Values.Select(s => s.Wanted).Distinct()], content.FieldSlugs, cancellationToken);
            // Somebody who is there by the ledger and not by the contacts was merged or deleted between the two reads.
            if (looks < MostLooks && states.Values.Any(s => s.ContactId is not null && !people.ContainsKey(s.Wanted))) continue;
            return [.. rows.Select(row => Make(row, states.GetValueOrDefault(row.Id), people, capped.Contains(row.Id), content.AsksToConfirm?.Invoke(row) == true))];
        }
    }

    // A later part, or another try, of what the cap let through is not looked at again.
    private async Task<HashSet<long>> ReadCappedAsync(DbConnection connection, IReadOnlyList<ClaimedRow> rows, FrequencyCap cap)
    {
        long[] fresh = [.. rows.Where(r => r is { Part: 0, Attempt: 1 }).Select(r => r.Id)];
        if (fresh.Length == 0) return [];
        return [.. await connection.QueryAsync<long>(_cappedSql, new { ids = database.Dialect.List(fresh), since = cap.Since(time.Now()), most = cap.Count })];
    }

    private async Task<Dictionary<long, State>> ReadStatesAsync(DbConnection connection, IReadOnlyList<ClaimedRow> rows, bool isAsking) =>
        (await connection.QueryAsync<State>(isAsking ? _askingSql : _sql, new { ids = database.Dialect.List([.. rows.Select(r => r.Id)]) })).ToDictionary(s => s.Id);

    private static Recipient Make(ClaimedRow row, State? state, IReadOnlyDictionary<(long, int), RenderingContact> people, bool isCapped, bool isAsking) =>
        Make(row, state, state is null ? null : people.GetValueOrDefault(state.Wanted), isCapped, isAsking);

    private static Recipient Make(ClaimedRow row, State? state, RenderingContact? contact, bool isCapped, bool isAsking) => new()
    {
        Row = row,
        Contact = contact,
        Address = state?.Value,
        LastInboundAt = state?.LastInboundAt,
        TimeZone = state?.TimeZone,
        Country = state?.Country,
        Refusal = state?.ContactId is null || contact is null ? SkipReason.ContactDeleted
            : state.BlockedAt is not null ? SkipReason.ContactBlocked
            : state.Value is null ? SkipReason.NoAddress
            : state.Suppressed is { } weight && !(isAsking && state.MayBeAsked) ? weight switch { 3 => SkipReason.OptedOut, 1 => SkipReason.DeadAddress, _ => SkipReason.Suppressed }
            : isCapped ? SkipReason.FrequencyCapped
            : null,
    };

    private sealed class State
    {
        public long Id { get; init; }

        public string? Value { get; init; }

        public long Owner { get; init; }

        public int ContactRevision { get; init; }

        public long? ContactId { get; init; }

        /// <summary>The row's contact as the ledger has it now: a merge may have moved it since the claim.</summary>
        public (long, int) Wanted => (Owner, ContactRevision);

        public long? LastInboundAt { get; init; }

        public long? BlockedAt { get; init; }

        /// <summary>Why it gets nothing, as <see cref="Suppression.Weightiest"/> has it.</summary>
        public int? Suppressed { get; init; }

        public int? LastSaid { get; init; }

        /// <summary>A message that asks to confirm may go there.</summary>
        public bool MayBeAsked => Suppressed == 0 || LastSaid == (int)ConsentState.Pending;

        public string? TimeZone { get; init; }

        public string? Country { get; init; }
    }
}
