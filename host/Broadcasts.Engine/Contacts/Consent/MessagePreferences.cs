using System.Data.Common;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts.Consent;

/// <summary>An address that the person may switch on and off.</summary>
internal sealed record PreferredAddress
{
    public long Id { get; init; }

    public AddressKind Kind { get; init; }

    public string Value { get; init; } = "";

    /// <summary>Messages go there.</summary>
    public bool IsWanted { get; init; }

    /// <summary>Enough to know it by, and no more: the link may have been passed on.</summary>
    public string Masked => Kind == AddressKind.Email && Value.IndexOf('@', StringComparison.Ordinal) is > 0 and var at
        ? $"{Value[0]}…{Value[at..]}"
        : Value.Length > 4 ? $"…{Value[^3..]}" : "…";
}

/// <summary>What a person chooses on the page that the link in a message leads to.</summary>
internal sealed class MessagePreferences(Database database, TimeProvider time)
{
    // Dead addresses, complaints and what a colleague entered are not for this page to lift.
    private const string AddressesSql = """
        SELECT a.id AS Id, a.kind AS Kind, a.value AS Value, CASE WHEN s.reason IS NULL THEN 1 ELSE 0 END AS IsWanted
          FROM deliveries d JOIN addresses a ON a.contact_id = d.contact_id
          LEFT JOIN suppressions s ON s.kind = a.kind AND s.value = a.value AND s.channel_id = 0
         WHERE d.id = @delivery AND (s.reason IS NULL OR (s.reason = 2 AND s.source IN ('link', 'preferences', 'word')))
         ORDER BY CASE WHEN a.id = d.address_id THEN 0 ELSE 1 END, a.kind, a.id
        """;

    /// <summary>The addresses of the person who got a message, that of the message first. Empty when the contact is gone.</summary>
    public Task<IReadOnlyList<PreferredAddress>> OfAsync(long delivery, CancellationToken cancellationToken = default) =>
        database.ReadAsync<IReadOnlyList<PreferredAddress>>(async connection => (await connection.QueryAsync<PreferredAddress>(new CommandDefinition(AddressesSql, new { delivery }, cancellationToken: cancellationToken))).AsList(), cancellationToken);

    private const string MarkSql = "UPDATE deliveries SET opted_out_at = @now WHERE id = @delivery AND opted_out_at IS NULL";

    /// <summary>Keeps the addresses that are named, and none of the others that the page shows.</summary>
    public Task ChooseAsync(long delivery, IReadOnlyCollection<long> wanted) => database.WriteAsync(async transaction =>
    {
        var addresses = (await transaction.Connection!.QueryAsync<PreferredAddress>(AddressesSql, new { delivery }, transaction)).AsList();
        var now = time.Now();
        foreach (var address in addresses.Where(a => a.IsWanted != wanted.Contains(a.Id))) await SayAsync(transaction, address, delivery, now);
        if (addresses is [{ IsWanted: true } own, ..] && !wanted.Contains(own.Id)) await transaction.Connection!.ExecuteAsync(MarkSql, new { delivery, now }, transaction);
    });

    private static Task SayAsync(DbTransaction transaction, PreferredAddress address, long delivery, long now) => ConsentLog.SayAsync(transaction, new ConsentEvent
    {
        Kind = address.Kind,
        Value = address.Value,
        State = address.IsWanted ? ConsentState.Withdrawn : ConsentState.Granted,
        Source = "preferences",
        Detail = $"delivery {delivery}",
        Actor = ConsentLog.Contact,
        At = now,
    });
}
