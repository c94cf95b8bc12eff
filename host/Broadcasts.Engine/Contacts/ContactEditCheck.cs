using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts;

/// <summary>An edit whose every value has its stored form.</summary>
internal sealed record CheckedEdit
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    /// <summary>Each address with the index that it had in the edit, for a problem's path.</summary>
    public IReadOnlyList<(AddressKind Kind, string Value, int Index)>? Addresses { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    public IReadOnlyDictionary<string, string?>? Fields { get; init; }

    public required IReadOnlyList<Problem> Problems { get; init; }
}

/// <summary>Brings what somebody wrote into its stored form, or says everything that is wrong with it at once.</summary>
internal sealed class ContactEditCheck
{
    private readonly List<Problem> _problems = [];
    private readonly IReadOnlyDictionary<string, ContactField> _fields;

    private ContactEditCheck(IReadOnlyDictionary<string, ContactField> fields) => _fields = fields;

    public static CheckedEdit Check(ContactEdit edit, IReadOnlyDictionary<string, ContactField> fields) => new ContactEditCheck(fields).Run(edit);

    private CheckedEdit Run(ContactEdit edit)
    {
        var country = Text(edit.Country, "country", ContactValues.Country);
        return new CheckedEdit
        {
            FirstName = Text(edit.FirstName, "firstName", name => name),
            LastName = Text(edit.LastName, "lastName", name => name),
            Language = Text(edit.Language, "language", ContactValues.Language),
            Country = country,
            TimeZone = Text(edit.TimeZone, "timeZone", Zone),
            Addresses = Addresses(edit.Addresses, country),
            Tags = Tags(edit.Tags),
            Fields = Fields(edit.Fields),
            Problems = _problems,
        };
    }

    // Null stays null (leave it), a blank becomes empty (clear it).
    private string? Text(string? text, string path, Func<string, string?> store)
    {
        if (text is null) return null;

        var trimmed = AddressNormalizer.Trim(text);
        if (trimmed.Length == 0) return "";
        if (trimmed.Length > ContactValues.LongestName)
        {
            _problems.Add(new Problem(path, "tooLong", $"At most {ContactValues.LongestName} characters; this has {trimmed.Length}.", $"{ContactValues.LongestName}"));
            return null;
        }

        if (trimmed.Contains('\0', StringComparison.Ordinal))
        {
            _problems.Add(new Problem(path, "character", "The text holds the character U+0000, which no database keeps."));
            return null;
        }

        return store(trimmed);
    }

    private string? Zone(string text)
    {
        if (ContactValues.TimeZone(text) is { } zone) return zone;
        _problems.Add(new Problem("timeZone", "unknownTimeZone", $"'{text}' is no time zone. Write one such as Europe/Madrid.", text));
        return null;
    }

    private List<(AddressKind, string, int)>? Addresses(IReadOnlyList<AddressEdit>? addresses, string? country)
    {
        if (addresses is null) return null;

        var defaultCountry = country is { Length: 2 } && PhoneAddress.IsCountry(country) ? country : null;
        var normalized = new List<(AddressKind, string, int)>(addresses.Count);
        for (var i = 0; i < addresses.Count; i++)
        {
            var (kind, text) = addresses[i];
            if (!Enum.IsDefined(kind))
                _problems.Add(new Problem($"addresses[{i}].kind", "unknownKind", "An address is email, phone, telegram, whatsapp, messenger, instagram or webchat."));
            else if (!AddressNormalizer.TryNormalize(kind, text, defaultCountry, out var value, out var refusal))
                _problems.Add(new Problem($"addresses[{i}].value", refusal.Code, refusal.Message));
            else if (!normalized.Any(a => a.Item1 == kind && a.Item2 == value))
                normalized.Add((kind, value, i));
        }

        return normalized;
    }

    private List<string>? Tags(IReadOnlyList<string>? tags)
    {
        if (tags is null) return null;

        var names = new List<string>(tags.Count);
        for (var i = 0; i < tags.Count; i++)
        {
            if (TagStore.Check(tags[i], $"tags[{i}]") is { } problem) _problems.Add(problem);
            else if (!names.Any(n => TagStore.Key(n) == TagStore.Key(tags[i]))) names.Add(AddressNormalizer.Trim(tags[i]));
        }

        return names;
    }

    private Dictionary<string, string?>? Fields(IReadOnlyDictionary<string, string?>? fields)
    {
        if (fields is null) return null;

        var values = new Dictionary<string, string?>(fields.Count, StringComparer.Ordinal);
        foreach (var (slug, text) in fields)
        {
            if (!_fields.TryGetValue(slug, out var field))
                _problems.Add(new Problem($"fields.{slug}", "unknownField", $"There is no custom field '{slug}'. Make it first, or look at its spelling.", slug));
            else if (AddressNormalizer.Trim(text).Length == 0)
                values[slug] = null;
            else if (FieldValues.TryNormalize(field, text!, out var value, out var refusal))
                values[slug] = value;
            else
                _problems.Add(new Problem($"fields.{slug}", refusal.Code, refusal.Message));
        }

        return values;
    }
}
