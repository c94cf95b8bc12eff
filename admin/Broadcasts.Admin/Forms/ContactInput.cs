using Broadcasts.Admin.Web;
using Broadcasts.Contacts;

namespace Broadcasts.Admin.Forms;

/// <summary>A contact as a form gives it.</summary>
public sealed class ContactInput
{
    public string? FirstName { get; set; }

    public string? LastName { get; set; }

    public string? Language { get; set; }

    public string? Country { get; set; }

    public string? TimeZone { get; set; }

    public List<AddressInput> Addresses { get; set; } = [];

    public string? Tags { get; set; }

    public Dictionary<string, string?> Fields { get; set; } = [];

    /// <summary>What was chosen of the fields that hold several values.</summary>
    public Dictionary<string, List<string>> Lists { get; set; } = [];

    /// <summary>Such fields that the form showed: of one of which nothing is chosen, a browser says nothing.</summary>
    public List<string> Shown { get; set; } = [];

    public int Revision { get; set; }

    internal static ContactInput Of(ContactDetails contact) => new()
    {
        FirstName = contact.FirstName,
        LastName = contact.LastName,
        Language = contact.Language,
        Country = contact.Country,
        TimeZone = contact.TimeZone,
        Addresses = [.. contact.Addresses.Select(a => new AddressInput { Kind = a.Kind, Value = a.Value })],
        Tags = LabelText.Write(contact.Tags),
        Fields = contact.Fields.ToDictionary(f => f.Key, f => (string?)f.Value),
        Revision = contact.Revision,
    };

    internal ContactEdit ToEdit() => new()
    {
        FirstName = FirstName ?? "",
        LastName = LastName ?? "",
        Language = Language ?? "",
        Country = Country ?? "",
        TimeZone = TimeZone ?? "",
        Addresses = [.. Addresses.Where(a => !string.IsNullOrWhiteSpace(a.Value)).Select(a => new AddressEdit(a.Kind, a.Value!))],
        Tags = LabelText.Read(Tags),
        Fields = Fields.Concat(Shown.Select(s => KeyValuePair.Create(s, (string?)string.Join(FieldValues.Separator, Lists.GetValueOrDefault(s) ?? []))))
            .DistinctBy(f => f.Key).ToDictionary(f => f.Key, f => (string?)(f.Value ?? "")),
    };
}

/// <summary>An address as a form gives it; a blank one is taken away.</summary>
public sealed class AddressInput
{
    public AddressKind Kind { get; set; } = AddressKind.Email;

    public string? Value { get; set; }
}
