using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Storage;
using Broadcasts.Templates.Library;

namespace Broadcasts.Host.Api;

/// <summary>A template: a name and its content in one or more languages.</summary>
internal sealed record TemplateBody
{
    public required string Name { get; init; }

    public string? Description { get; init; }

    /// <summary>In the order in which they stand in for one another: who reads none of them gets the first.</summary>
    public required LanguageParts[] Languages { get; init; }

    /// <summary>Why it is changed; kept with the version.</summary>
    public string? Note { get; init; }

    /// <summary>In a change: the version that it was made from. Default: the one that is stored.</summary>
    public int? Version { get; init; }

    public TemplateEdit ToEdit() => new() { Name = Name, Description = Description, Languages = Languages, Note = Note };
}

/// <summary>Brings an old version back.</summary>
/// <param name="From">The version whose content becomes a new one.</param>
/// <param name="Version">The version that is there now. Default: the one that is stored.</param>
internal sealed record RestoreBody(int From, int? Version = null);

/// <summary>A reader: a contact of the service, or made-up values.</summary>
internal sealed record RenderBody
{
    public long? ContactId { get; init; }

    public ReaderBody? Contact { get; init; }

    /// <summary>A content that is not stored. Only where no template is named.</summary>
    public LanguageParts[]? Languages { get; init; }

    /// <summary>Of a stored template: its version. Default: the present one.</summary>
    public int? Version { get; init; }
}

/// <summary>Values of a reader who is made up.</summary>
internal sealed record ReaderBody
{
    public string? FirstName { get; init; }

    public string? LastName { get; init; }

    public string? Language { get; init; }

    public string? Country { get; init; }

    public string? TimeZone { get; init; }

    public string? Email { get; init; }

    public string? Phone { get; init; }

    /// <summary>Custom fields by their slugs, as they are stored.</summary>
    public Dictionary<string, string?> Fields { get; init; } = [];

    public RenderingContact ToReader() => new()
    {
        Id = 0, Revision = 1, FirstName = Blank(FirstName), LastName = Blank(LastName), Language = Blank(Language), Country = Blank(Country), TimeZone = Blank(TimeZone),
        Fields = (Fields ?? []).Where(f => f.Value is not null).ToDictionary(f => f.Key, f => f.Value!),
        Addresses = [.. ReadAddresses()],
    };

    private IEnumerable<ContactAddress> ReadAddresses()
    {
        if (Blank(Email) is { } email) yield return new ContactAddress(0, AddressKind.Email, email);
        if (Blank(Phone) is { } phone) yield return new ContactAddress(0, AddressKind.Phone, phone);
    }

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;
}

/// <summary>A template in a list.</summary>
internal record TemplateRowAnswer
{
    public required long Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public required int Version { get; init; }

    public DateTimeOffset? ArchivedAt { get; init; }

    public required string UpdatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A template in a list, with the codes of its languages.</summary>
internal sealed record TemplateListAnswer : TemplateRowAnswer
{
    public required string[] Languages { get; init; }

    public static TemplateListAnswer Of(TemplateRow row) => new()
    {
        Id = row.Id, Name = row.Name, Description = row.Description, Version = row.Version, ArchivedAt = Times.Of(row.ArchivedAt), UpdatedBy = row.UpdatedBy,
        CreatedAt = Times.Of(row.CreatedAt), UpdatedAt = Times.Of(row.UpdatedAt), Languages = row.Languages.Split(' '),
    };
}

/// <summary>A template with its content.</summary>
internal sealed record TemplateAnswer : TemplateRowAnswer
{
    public required LanguageParts[] Languages { get; init; }

    public static TemplateAnswer Of(StoredTemplate template) => new()
    {
        Id = template.Id, Name = template.Name, Description = template.Description, Version = template.Version, ArchivedAt = Times.Of(template.ArchivedAt), UpdatedBy = template.UpdatedBy,
        CreatedAt = Times.Of(template.CreatedAt), UpdatedAt = Times.Of(template.UpdatedAt), Languages = template.ReadContent(),
    };
}

/// <summary>A save of a template; in a list without its content.</summary>
internal sealed record TemplateVersionAnswer(int Version, string Name, string? Description, LanguageParts[]? Languages, string? Note, int? RestoredFrom, string Author, DateTimeOffset At)
{
    public static TemplateVersionAnswer Of(TemplateVersion version) => new(version.Version, version.Name, version.Description, null, version.Note, version.RestoredFrom, version.Author, Times.Of(version.At));

    public static TemplateVersionAnswer Whole(TemplateVersion version) => Of(version) with { Languages = version.ReadContent() };
}

/// <summary>Where two versions differ.</summary>
internal sealed record TemplateDiffAnswer(int From, int To, FieldDiff[] Changes);

/// <summary>A broadcast that was made from a template.</summary>
internal sealed record TemplateUseAnswer(long Id, string Name, BroadcastStatus Status, int TemplateVersion);

/// <summary>What a reader gets.</summary>
internal sealed record RenderAnswer(string Language, RenderedAnswer[] Parts)
{
    public static RenderAnswer Of(ContentPreview preview) => new(preview.Language, [.. preview.Parts.Select(RenderedAnswer.Of)]);
}

/// <summary>A part as a reader gets it: its texts, or the reason why he gets none.</summary>
internal sealed record RenderedAnswer
{
    public Dictionary<string, object?>? Content { get; init; }

    /// <summary>The reason by its stable word: <c>missingValue</c>, <c>templateFault</c>.</summary>
    public string? Reason { get; init; }

    public string? Detail { get; init; }

    /// <summary>The field of the part at which it stopped.</summary>
    public string? Path { get; init; }

    public int? Characters { get; init; }

    public int? SmsParts { get; init; }

    /// <summary><c>gsm7</c> or <c>ucs2</c>.</summary>
    public string? SmsEncoding { get; init; }

    public static RenderedAnswer Of(PartPreview part) => part.Content is not { } content
        ? new() { Reason = part.Failure is null ? "fileGone" : Reasons.NameOf((int)part.Reason), Detail = part.Failure?.ToString(), Path = part.Field }
        : new() { Content = ContentOf(content), Characters = part.Characters, SmsParts = part.Sms?.Parts, SmsEncoding = part.Sms?.Encoding.ToString().ToLowerInvariant() };

    private static Dictionary<string, object?> ContentOf(MessageContent content) => content switch
    {
        TextContent text => new() { ["type"] = "text", ["text"] = text.Text },
        ChoicesContent choices => new() { ["type"] = "choices", ["prompt"] = choices.Prompt, ["options"] = choices.Options },
        FileContent file => new() { ["type"] = "file", ["fileName"] = file.FileName, ["mediaType"] = file.MediaType, ["caption"] = file.Caption },
        EmailContent email => new() { ["type"] = "email", ["subject"] = email.Subject, ["text"] = email.Text, ["html"] = email.Html, ["from"] = email.From, ["replyTo"] = email.ReplyTo },
        TemplateContent template => new() { ["type"] = "template", ["name"] = template.Name, ["language"] = template.Language, ["parameters"] = template.Parameters.Select(p => new { p.Component, p.Name, p.Value }) },
        _ => throw new ArgumentOutOfRangeException(nameof(content), content, "It is not known."),
    };
}
