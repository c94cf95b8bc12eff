using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Storage;

namespace Broadcasts.Host.Api;

/// <summary>An address: kind is email, phone, telegram, whatsapp, messenger, instagram or webchat.</summary>
internal sealed record AddressBody
{
    public required string Kind { get; init; }

    public required string Value { get; init; }
}

/// <summary>What a caller writes of a contact. In a PATCH, members that are missing stay and null clears.</summary>
internal sealed record ContactBody
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public AddressBody[]? Addresses { get; init; }

    public string[]? Tags { get; init; }

    /// <summary>Custom fields by slug: texts, numbers, true or false.</summary>
    public Dictionary<string, JsonElement>? Fields { get; init; }

    public ContactEdit ToEdit(List<Problem> problems, JsonElement? patch = null) => new()
    {
        FirstName = Text(FirstName, "firstName", patch),
        LastName = Text(LastName, "lastName", patch),
        Language = Text(Language, "language", patch),
        Country = Text(Country, "country", patch),
        TimeZone = Text(TimeZone, "timeZone", patch),
        Addresses = ReadAddresses(problems),
        Tags = Tags,
        Fields = Fields?.ToDictionary(f => f.Key, f => ReadField(f.Key, f.Value, problems)),
    };

    private static string? Text(string? value, string name, JsonElement? patch) =>
        value ?? (patch is { } members && members.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Null ? "" : null);

    private List<AddressEdit>? ReadAddresses(List<Problem> problems)
    {
        if (Addresses is null) return null;
        var edits = new List<AddressEdit>();
        for (var i = 0; i < Addresses.Length; i++)
        {
            if (AddressKindNames.Parse(Addresses[i].Kind) is { } kind) edits.Add(new AddressEdit(kind, Addresses[i].Value));
            else problems.Add(new Problem($"addresses[{i}].kind", "unknownKind", $"'{Addresses[i].Kind}' is not one of: {string.Join(", ", Enum.GetValues<AddressKind>().Select(k => k.Name()))}.", Addresses[i].Kind));
        }

        return edits;
    }

    private static string? ReadField(string slug, JsonElement value, List<Problem> problems)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return value.GetString();
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return value.GetRawText();
            case JsonValueKind.Array when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String):
                return string.Join(FieldValues.Separator, value.EnumerateArray().Select(v => v.GetString()));
            default:
                problems.Add(new Problem($"fields.{slug}", "wrongType", "A field holds a text, a number, true, false, or a list of texts.", slug));
                return null;
        }
    }
}

/// <summary>A contact as the API tells it.</summary>
internal sealed record ContactAnswer
{
    public required long Id { get; init; }

    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public required AddressBody[] Addresses { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    public required int Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? LastInteractionAt { get; init; }

    public DateTimeOffset? BlockedAt { get; init; }

    public static ContactAnswer Of(ContactDetails contact) => new()
    {
        Id = contact.Id,
        FirstName = contact.FirstName,
        LastName = contact.LastName,
        Language = contact.Language,
        Country = contact.Country,
        TimeZone = contact.TimeZone,
        Addresses = [.. contact.Addresses.Select(a => new AddressBody { Kind = a.Kind.Name(), Value = a.Value })],
        Tags = contact.Tags,
        Fields = contact.Fields,
        Revision = contact.Revision,
        CreatedAt = Times.Of(contact.CreatedAt),
        UpdatedAt = Times.Of(contact.UpdatedAt),
        LastInteractionAt = Times.Of(contact.LastInteractionAt),
        BlockedAt = Times.Of(contact.BlockedAt),
    };
}

/// <summary>Names of tags to put on.</summary>
internal sealed record TagsBody
{
    public required string[] Tags { get; init; }
}

/// <summary>Contacts to make, or to change where an address is known.</summary>
internal sealed record BatchBody
{
    public const int Most = 1_000;

    public required ContactBody[] Contacts { get; init; }
}

/// <summary>What became of each contact, in the order of the batch.</summary>
internal sealed record BatchAnswer(IReadOnlyList<BatchItem> Items);

/// <summary>What became of one contact of a batch.</summary>
internal sealed record BatchItem(UpsertKind Outcome, long? Id, IReadOnlyList<ApiFault> Problems);
