using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Plugins;
using Broadcasts.Templates.Library;

namespace Broadcasts.Admin.Web;

/// <summary>As whom, over which channel and in which language a content is shown.</summary>
/// <param name="As">Number, address or name of a contact; nothing for somebody made up.</param>
/// <param name="Over">A channel; null for the first.</param>
/// <param name="In">A language of the content; null for the one that the contact gets, or for each.</param>
internal sealed record PreviewChoice(string? As, long? Over = null, string? In = null);

/// <summary>What somebody gets of a content.</summary>
internal sealed record ShownContent
{
    public required PreviewChoice Choice { get; init; }

    /// <summary>Once for each language without a contact, otherwise once; null when the texts can't be read.</summary>
    public IReadOnlyList<ContentPreview>? Previews { get; init; }

    /// <summary>Why they can't.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>The contact; null for somebody made up, and when nobody was found.</summary>
    public RenderingContact? Contact { get; init; }

    /// <summary>More contacts that were found by the same words.</summary>
    public IReadOnlyList<ContactDetails> Others { get; init; } = [];

    public bool IsNobody => Contact is null && !string.IsNullOrWhiteSpace(Choice.As);

    public Channel? Channel { get; init; }

    /// <summary>What the channel can do; null when none is known.</summary>
    public TransportCapabilities? Capabilities { get; init; }

    /// <summary>The channel has no way to the contact.</summary>
    public bool HasNoAddress => Channel is not null && Contact is not null && Contact.Addresses.All(a => a.Kind != Channel.AddressKind);

    /// <summary>Where the HTML of an e-mail is shown, without what it is asked for; null where it can't be.</summary>
    public string? Letters { get; init; }
}

/// <summary>Shows contents as somebody gets them: a contact that is looked for, or somebody made up.</summary>
internal sealed class ContentPreviews(ContactQueries contacts, TemplatePreviews previews, FieldStore fields, ChannelStore channels, TransportCatalogue transports)
{
    private const int MostFound = 6;

    /// <summary>A content of which no channel is known.</summary>
    public Task<ShownContent> ShowAsync(LanguageParts[] contents, string? who, CancellationToken cancellationToken) => ShowAsync(contents, new PreviewChoice(who), null, null, cancellationToken);

    /// <summary>A broadcast's content as it is saved.</summary>
    public async Task<ShownContent> ShowAsync(Broadcast broadcast, PreviewChoice choice, CancellationToken cancellationToken)
    {
        var languages = broadcast.ReadLanguages();
        LanguageParts[] contents = [new() { Language = languages?.Language ?? "", Parts = [.. broadcast.ReadParts()] }, .. languages?.Variants ?? []];
        var over = choice.Over is { } id && broadcast.ChannelIds.Contains(id) ? id : broadcast.ChannelIds.Cast<long?>().FirstOrDefault();
        var shown = await ShowAsync(contents, choice, broadcast.Name, over is { } known ? await channels.GetAsync(known) : null, cancellationToken);
        return shown with { Letters = FormattableString.Invariant($"/broadcasts/{broadcast.Id}/preview") };
    }

    private async Task<ShownContent> ShowAsync(LanguageParts[] contents, PreviewChoice choice, string? broadcast, Channel? channel, CancellationToken cancellationToken)
    {
        var found = await FindAsync(choice.As, cancellationToken);
        var contact = found.Count > 0 ? await previews.ReaderAsync(found[0].Id, cancellationToken) : null;
        var languages = contents.Select(c => c.Language).ToArray();
        var isChosen = languages.Contains(choice.In) && languages.Length > 1;
        IReadOnlyList<RenderingContact> readers =
            contact is not null ? [isChosen ? contact with { Language = choice.In } : contact]
            : string.IsNullOrWhiteSpace(choice.As) ? await MadeUpAsync(isChosen ? [choice.In!] : languages, cancellationToken)
            : [];
        var problems = new List<Problem>();
        return new()
        {
            Choice = choice with { In = isChosen ? choice.In : null, Over = channel?.Id },
            Previews = readers.Count == 0 ? [] : await previews.RenderAsync(contents, readers, problems, new(broadcast, channel?.Name), cancellationToken),
            Problems = problems,
            Contact = contact,
            Others = [.. found.Skip(1)],
            Channel = channel,
            Capabilities = channel is null ? null : transports.Find(channel.Transport)?.Capabilities,
        };
    }

    private async Task<IReadOnlyList<RenderingContact>> MadeUpAsync(string[] languages, CancellationToken cancellationToken)
    {
        var usual = EdgeContacts.Of(languages, await fields.ListAsync(cancellationToken))[0].Reader;
        return [.. languages.Select(language => usual with { Language = language })];
    }

    // A number or an address names one; words may be in several names.
    private async Task<IReadOnlyList<ContactDetails>> FindAsync(string? words, CancellationToken cancellationToken)
    {
        var who = words?.Trim() ?? "";
        if (who.Length == 0) return [];
        if (long.TryParse(who, out var number) && await contacts.GetAsync(number, cancellationToken) is { } numbered) return [numbered];
        if ((await contacts.FindAsync(AddressKind.Email, who, cancellationToken: cancellationToken) ?? await contacts.FindAsync(AddressKind.Phone, who, cancellationToken: cancellationToken)) is { } id
            && await contacts.GetAsync(id, cancellationToken) is { } addressed) return [addressed];
        return (await contacts.ListAsync(new ContactFilter { Search = who }, null, MostFound, cancellationToken)).Items;
    }
}
