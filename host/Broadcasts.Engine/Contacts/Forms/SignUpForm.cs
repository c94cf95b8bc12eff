using System.Text.Json;
using Broadcasts.Broadcasting;

namespace Broadcasts.Contacts.Forms;

/// <summary>What a form asks beside the address.</summary>
/// <param name="Name"><c>first_name</c>, <c>last_name</c> or the slug of a custom field.</param>
/// <param name="IsRequired">Nobody gets in without it.</param>
internal sealed record FormField(string Name, bool IsRequired);

/// <summary>A form by which people ask to be written to. They are written to once they have confirmed by the link in a message (double opt-in).</summary>
internal sealed record SignUpForm
{
    public const string FirstName = "first_name";
    public const string LastName = "last_name";

    private const string SourcePrefix = "form:";

    public long Id { get; init; }

    /// <summary>How colleagues know it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The end of its address, which nobody can guess.</summary>
    public string Token { get; init; } = "";

    public bool IsOpen { get; init; }

    public string Title { get; init; } = "";

    /// <summary>What people agree to, in the words that they read: kept with each entry as proof.</summary>
    public string Consent { get; init; } = "";

    /// <summary>Shown when they have confirmed; null for a general word.</summary>
    public string? Thanks { get; init; }

    /// <summary>Where they go when they have confirmed; null to stay.</summary>
    public string? RedirectUrl { get; init; }

    /// <summary>Says which kind of address is asked, and sends the message with the link.</summary>
    public long ChannelId { get; init; }

    /// <summary>That message, as JSON.</summary>
    public string Part { get; init; } = "";

    /// <summary>JSON of <see cref="FormField"/>s.</summary>
    public string Fields { get; init; } = "[]";

    /// <summary>JSON of the tags that come with confirming.</summary>
    public string Tags { get; init; } = "[]";

    public long Asked { get; init; }

    public long Confirmed { get; init; }

    public int Version { get; init; }

    public long CreatedAt { get; init; }

    public long UpdatedAt { get; init; }

    /// <summary>Its name in the proof of consent.</summary>
    public string Source => $"{SourcePrefix}{Id}";

    /// <summary>The form of a proof; null when it came by something else.</summary>
    public static long? IdOf(string? source) => source is not null && source.StartsWith(SourcePrefix, StringComparison.Ordinal) && long.TryParse(source.AsSpan(SourcePrefix.Length), out var id) ? id : null;

    /// <summary>As somebody would have written it anew.</summary>
    public FormEdit ToEdit() => new()
    {
        Name = Name, IsOpen = IsOpen, Title = Title, Consent = Consent, Thanks = Thanks, RedirectUrl = RedirectUrl, ChannelId = ChannelId, Part = ReadPart(), Fields = ReadFields(), Tags = ReadTags(),
    };

    public BroadcastPart ReadPart() => JsonSerializer.Deserialize<BroadcastPart>(Part, BroadcastJson.Options)!;

    public FormField[] ReadFields() => JsonSerializer.Deserialize<FormField[]>(Fields, BroadcastJson.Options) ?? [];

    public string[] ReadTags() => JsonSerializer.Deserialize<string[]>(Tags, BroadcastJson.Options) ?? [];
}

/// <summary>A form as somebody writes it.</summary>
internal sealed record FormEdit
{
    public string Name { get; init; } = "";

    public bool IsOpen { get; init; } = true;

    public string Title { get; init; } = "";

    public string Consent { get; init; } = "";

    public string? Thanks { get; init; }

    public string? RedirectUrl { get; init; }

    public long ChannelId { get; init; }

    public required BroadcastPart Part { get; init; }

    public IReadOnlyList<FormField> Fields { get; init; } = [];

    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <summary>What somebody wrote into a form.</summary>
internal sealed record FormEntry(string Address, IReadOnlyDictionary<string, string> Values);
