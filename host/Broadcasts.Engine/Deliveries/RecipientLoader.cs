using System.Data.Common;
using Broadcasts.Contacts;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Deliveries;

/// <summary>What is needed to write to a recipient, as of now: consent is looked at when a row is claimed, not only when it was planned.</summary>
internal sealed class Recipient
{
    public required ClaimedRow Row { get; init; }

    /// <summary>Null when the contact or its address is gone.</summary>
    public string? Address { get; init; }

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
internal sealed class RecipientLoader(Database database, ContactQueries contacts)
{
    private readonly string _sql = $"""
        SELECT d.id, a.value, c.id AS contact_id, c.blocked_at, c.time_zone, c.country,
               (SELECT MAX(CASE WHEN s.reason = 2 THEN 2 ELSE 1 END) FROM suppressions s WHERE s.kind = a.kind AND s.value = a.value AND s.channel_id IN (0, d.channel_id)) AS suppressed
          FROM deliveries d
          LEFT JOIN contacts c ON c.id = d.contact_id
          LEFT JOIN addresses a ON a.id = d.address_id AND a.contact_id = d.contact_id
         WHERE {database.Dialect.InList("d.id", "@ids")}
        """;

    public Task<IReadOnlyList<Recipient>> LoadAsync(IReadOnlyList<ClaimedRow> rows, string[] fieldSlugs, CancellationToken cancellationToken) => database.ReadAsync(async connection =>
    {
        var states = await ReadStatesAsync(connection, rows);
        var people = await contacts.LoadForRenderingAsync(connection, [.. rows.Select(r => (r.ContactId, r.ContactRevision)).Distinct()], fieldSlugs, cancellationToken);
        return (IReadOnlyList<Recipient>)[.. rows.Select(row => Make(row, states.GetValueOrDefault(row.Id), people.GetValueOrDefault((row.ContactId, row.ContactRevision))))];
    }, cancellationToken);

    private async Task<Dictionary<long, State>> ReadStatesAsync(DbConnection connection, IReadOnlyList<ClaimedRow> rows) =>
        (await connection.QueryAsync<State>(_sql, new { ids = database.Dialect.List([.. rows.Select(r => r.Id)]) })).ToDictionary(s => s.Id);

    private static Recipient Make(ClaimedRow row, State? state, RenderingContact? contact) => new()
    {
        Row = row,
        Contact = contact,
        Address = state?.Value,
        TimeZone = state?.TimeZone,
        Country = state?.Country,
        Refusal = state?.ContactId is null || contact is null ? SkipReason.ContactDeleted
            : state.BlockedAt is not null ? SkipReason.ContactBlocked
            : state.Value is null ? SkipReason.NoAddress
            : state.Suppressed == (int)SuppressionReason.OptedOut ? SkipReason.OptedOut
            : state.Suppressed is not null ? SkipReason.Suppressed
            : null,
    };

    private sealed class State
    {
        public long Id { get; init; }

        public string? Value { get; init; }

        public long? ContactId { get; init; }

        public long? BlockedAt { get; init; }

        public int? Suppressed { get; init; }

        public string? TimeZone { get; init; }

        public string? Country { get; init; }
    }
}
