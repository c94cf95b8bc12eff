using Broadcasts.Contacts;
using Broadcasts.Templates.Library;

namespace Broadcasts.Admin.Pages.Templates;

/// <summary>As whom a template is shown.</summary>
internal sealed class TemplateReaders(ContactQueries contacts, TemplatePreviews previews)
{
    /// <summary>The contact of that number, e-mail address or phone, none when there is no such contact; without any: one made-up reader for each language.</summary>
    public async Task<IReadOnlyList<RenderingContact>> FindAsync(string? who, IReadOnlyList<string> languages, IReadOnlyList<ContactField> fields, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(who))
        {
            var usual = EdgeContacts.Of(languages, fields)[0].Reader;
            return [.. languages.Select(language => usual with { Language = language })];
        }

        return await IdOfAsync(who.Trim(), cancellationToken) is { } id && await previews.ReaderAsync(id, cancellationToken) is { } reader ? [reader] : [];
    }

    private async Task<long?> IdOfAsync(string who, CancellationToken cancellationToken) =>
        long.TryParse(who, out var id) && await contacts.GetAsync(id, cancellationToken) is not null ? id
        : await contacts.FindAsync(AddressKind.Email, who, cancellationToken: cancellationToken) ?? await contacts.FindAsync(AddressKind.Phone, who, cancellationToken: cancellationToken);
}
