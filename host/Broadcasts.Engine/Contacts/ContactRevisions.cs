using System.Data.Common;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dapper;

namespace Broadcasts.Contacts;

/// <summary>What a contact looked like before a change: copied when it changes, so that the proof of what was sent stays.</summary>
internal static class ContactRevisions
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string InsertSql = """
        INSERT INTO contact_revisions (contact_id, revision, body, replaced_at)
        VALUES (@id, @revision, @body, @now)
        """;

    /// <summary>Keeps the contact as it is now, before its next revision is written in the same transaction.</summary>
    public static Task CopyAsync(DbTransaction transaction, ContactDetails contact, long now) =>
        transaction.Connection!.ExecuteAsync(InsertSql, new { id = contact.Id, revision = contact.Revision, body = Write(Body(contact)), now }, transaction);

    public static string Write(RevisionBody body) => JsonSerializer.Serialize(body, Json);

    public static RevisionBody Read(string body) => JsonSerializer.Deserialize<RevisionBody>(body, Json)!;

    public static RevisionBody Body(ContactDetails contact) => new()
    {
        FirstName = contact.FirstName,
        LastName = contact.LastName,
        Language = contact.Language,
        Country = contact.Country,
        TimeZone = contact.TimeZone,
        Fields = contact.Fields,
        Addresses = contact.Addresses,
        Tags = contact.Tags,
    };
}

/// <summary>The stored form of an old revision.</summary>
internal sealed class RevisionBody
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    public required IReadOnlyList<ContactAddress> Addresses { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }
}
