using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts;

/// <summary>One address of a contact.</summary>
internal sealed record ContactAddress(long Id, AddressKind Kind, string Value);

/// <summary>An address as somebody writes it.</summary>
internal sealed record AddressEdit(AddressKind Kind, string Value);

/// <summary>What somebody writes of a contact. Null leaves a part as it is, an empty text clears it.</summary>
internal sealed record ContactEdit
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    /// <summary>All addresses of the contact; an upsert adds them instead.</summary>
    public IReadOnlyList<AddressEdit>? Addresses { get; init; }

    /// <summary>All tags of the contact by name; an upsert adds them instead.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Custom fields by slug; fields that are not named stay.</summary>
    public IReadOnlyDictionary<string, string?>? Fields { get; init; }
}

/// <summary>A contact with everything that belongs to it.</summary>
internal sealed record ContactDetails
{
    public required long Id { get; init; }

    public required int Revision { get; init; }

    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public required IReadOnlyList<ContactAddress> Addresses { get; init; }

    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Custom fields by slug, each in its stored text.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }

    public long? LastInteractionAt { get; init; }

    public long? BlockedAt { get; init; }

    /// <summary>First and last name; null when there is neither.</summary>
    public string? Name => ContactValues.FullName(FirstName, LastName);
}

/// <summary>What rendering a message needs of a contact, as it was at the revision that was asked for.</summary>
internal sealed record RenderingContact
{
    public required long Id { get; init; }

    public required int Revision { get; init; }

    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    /// <summary>The custom fields that were asked for and have a value.</summary>
    public required IReadOnlyDictionary<string, string> Fields { get; init; }

    public required IReadOnlyList<ContactAddress> Addresses { get; init; }

    public string? Name => ContactValues.FullName(FirstName, LastName);

    public string? Email => First(AddressKind.Email);

    public string? Phone => First(AddressKind.Phone);

    private string? First(AddressKind kind)
    {
        foreach (var address in Addresses)
            if (address.Kind == kind) return address.Value;
        return null;
    }
}

/// <summary>What became of one contact of a batch, or of one row of a file. The numbers are stored.</summary>
internal enum UpsertKind
{
    Created = 1,
    Updated = 2,
    Unchanged = 3,

    /// <summary>An earlier one of the same batch or file has the address.</summary>
    Duplicate = 4,
    Invalid = 5,
}

/// <summary>The answer for one contact of a batch, in the order of the batch.</summary>
internal sealed record UpsertOutcome(UpsertKind Kind, long Id, Problem[] Problems);
