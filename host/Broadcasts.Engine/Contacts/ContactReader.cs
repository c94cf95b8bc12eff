using System.Data.Common;
using System.Text.Json;
using Broadcasts.Storage;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>Reads whole contacts by id, set-based, inside or outside a transaction.</summary>
internal static class ContactReader
{
    private const string ContactsSql = """
        SELECT c.id AS Id, c.revision AS Revision, c.first_name AS FirstName, c.last_name AS LastName, c.language AS Language, c.country AS Country,
               c.time_zone AS TimeZone, c.fields AS Fields, c.created_at AS CreatedAt, c.updated_at AS UpdatedAt,
               c.last_interaction_at AS LastInteractionAt, c.blocked_at AS BlockedAt
          FROM contacts c
         WHERE
        """;

    private const string AddressesSql = """
        SELECT a.contact_id AS ContactId, a.id AS Id, a.kind AS Kind, a.value AS Value
          FROM addresses a
         WHERE {0}
         ORDER BY a.id
        """;

    private const string TagsSql = """
        SELECT ct.contact_id AS ContactId, t.name AS Name
          FROM contact_tags ct
          JOIN tags t ON t.id = ct.tag_id
         WHERE {0}
         ORDER BY t.name_key
        """;

    /// <summary>The contacts that exist, in the order of the ids.</summary>
    public static async Task<List<ContactDetails>> LoadAsync(SqlDialect dialect, DbConnection connection, DbTransaction? transaction, IReadOnlyCollection<long> ids, CancellationToken cancellationToken)
    {
        var list = new { ids = dialect.List(ids) };
        var contacts = (await connection.QueryAsync<ContactRow>(Command(ContactsSql + " " + dialect.InList("c.id", "@ids")))).ToDictionary(c => c.Id);
        var addresses = (await connection.QueryAsync<AddressRow>(Command(AddressesSql.Replace("{0}", dialect.InList("a.contact_id", "@ids"), StringComparison.Ordinal)))).ToLookup(a => a.ContactId);
        var tags = (await connection.QueryAsync<(long ContactId, string Name)>(Command(TagsSql.Replace("{0}", dialect.InList("ct.contact_id", "@ids"), StringComparison.Ordinal)))).ToLookup(t => t.ContactId, t => t.Name);

        var details = new List<ContactDetails>(contacts.Count);
        foreach (var id in ids)
            if (contacts.TryGetValue(id, out var row)) details.Add(row.ToDetails([.. addresses[id].Select(a => a.ToAddress())], [.. tags[id]]));
        return details;

        CommandDefinition Command(string sql) => new(sql, list, transaction, cancellationToken: cancellationToken);
    }

    /// <summary>The stored JSON of custom fields.</summary>
    public static Dictionary<string, string> ParseFields(string json) =>
        json is "{}" ? [] : JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];

    /// <summary>Custom fields as stored JSON, keys in order so that equal fields are equal texts.</summary>
    public static string WriteFields(IReadOnlyDictionary<string, string> fields) =>
        fields.Count == 0 ? "{}" : JsonSerializer.Serialize(new SortedDictionary<string, string>(fields.ToDictionary(), StringComparer.Ordinal), Json);

    // Names of people are stored readable, not as \u escapes; nothing here is put into HTML.
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private sealed class ContactRow
    {
        public long Id { get; init; }

        public int Revision { get; init; }

        public string? FirstName { get; init; }

        public string? LastName { get; init; }

        public string? Language { get; init; }

        public string? Country { get; init; }

        public string? TimeZone { get; init; }

        public string Fields { get; init; } = "{}";

        public long CreatedAt { get; init; }

        public long UpdatedAt { get; init; }

        public long? LastInteractionAt { get; init; }

        public long? BlockedAt { get; init; }

        public ContactDetails ToDetails(ContactAddress[] addresses, string[] tags) => new()
        {
            Id = Id,
            Revision = Revision,
            FirstName = FirstName,
            LastName = LastName,
            Language = Language,
            Country = Country,
            TimeZone = TimeZone,
            Fields = ParseFields(Fields),
            Addresses = addresses,
            Tags = tags,
            CreatedAt = CreatedAt,
            UpdatedAt = UpdatedAt,
            LastInteractionAt = LastInteractionAt,
            BlockedAt = BlockedAt,
        };
    }

    private sealed class AddressRow
    {
        public long ContactId { get; init; }

        public long Id { get; init; }

        public int Kind { get; init; }

        public string Value { get; init; } = "";

        public ContactAddress ToAddress() => new(Id, (AddressKind)Kind, Value);
    }
}
