using Broadcasts.Contacts;

namespace Broadcasts.Templates.Library;

/// <summary>Made-up readers at the edges: who can read a template as each of them can read it as everybody.</summary>
internal static class EdgeContacts
{
    /// <summary>The readers by their keys: <c>usual</c>, <c>noName</c>, <c>longName</c>, <c>rightToLeft</c>, <c>emoji</c>, <c>noFields</c>, and <c>language:es</c> for each further language.</summary>
    public static IReadOnlyList<(string Key, RenderingContact Reader)> Of(IReadOnlyList<string> languages, IReadOnlyList<ContactField> fields)
    {
        var usual = new RenderingContact
        {
            Id = 0, Revision = 1, FirstName = "Laura", LastName = "Torres", Language = languages.Count > 0 ? languages[0] : null, Country = "ES", TimeZone = "Europe/Madrid",
            Fields = fields.ToDictionary(f => f.Slug, SampleOf),
            Addresses = [new ContactAddress(0, AddressKind.Email, "laura@example.com"), new ContactAddress(0, AddressKind.Phone, "+34600111222")],
        };
        return
        [
            ("usual", usual),
            ("noName", usual with { FirstName = null, LastName = null }),
            ("longName", usual with { FirstName = "Wolfeschlegelsteinhausenbergerdorff-Maximiliana", LastName = "Fernández de Córdoba y Álvarez de Toledo" }),
            ("rightToLeft", usual with { FirstName = "عبد الرحمن", LastName = "الخوارزمي" }),
            ("emoji", usual with { FirstName = "Zoë 🌻", LastName = "👩‍👩‍👧‍👦" }),
            ("noFields", usual with { Fields = new Dictionary<string, string>() }),
            .. languages.Skip(1).Select(language => ($"language:{language}", usual with { Language = language })),
        ];
    }

    // As a contact's field of that type stores it.
    private static string SampleOf(ContactField field) => field.Type switch
    {
        FieldType.List or FieldType.ListMulti when field.Options.Count > 0 => field.Options[0],
        FieldType.Checkbox => "true",
        FieldType.Email => "someone@example.com",
        FieldType.Number => "1234.5",
        FieldType.Url => "https://example.com/",
        FieldType.Date => "2026-12-24",
        FieldType.Time => "17:30",
        _ => field.Name,
    };
}
