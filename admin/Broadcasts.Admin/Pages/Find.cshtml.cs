using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Templates.Library;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>One line that somebody can go to.</summary>
internal sealed record FoundItem(string Href, string Icon, string Text, string? More = null);

/// <summary>Lines of one kind, under their heading.</summary>
internal sealed record FoundGroup(string Key, IReadOnlyList<FoundItem> Items);

/// <summary>Everything by name: pages, acts, broadcasts, contacts, segments, templates, channels. A page of its own, and what the palette (Ctrl-K) shows.</summary>
internal sealed class FindModel(BroadcastQueries broadcasts, ContactQueries contacts, SegmentStore segments, TemplateQueries templates, ChannelStore channels) : ConsolePage
{
    private const int MostOfAKind = 6;

    /// <summary>One letter is in most names.</summary>
    private const int FewestLetters = 2;

    private static readonly (string Href, string Icon, string Key, Permission Needs)[] Places =
    [
        ("/broadcasts/new", "plus", "Broadcasts.New", Permission.EditBroadcasts),
        ("/broadcasts", "broadcast", "Broadcasts.Title", Permission.Read),
        ("/broadcasts/calendar", "calendar", "Broadcasts.CalendarTitle", Permission.Read),
        ("/contacts", "people", "Nav.Contacts", Permission.Read),
        ("/contacts/new", "plus", "Contacts.New", Permission.EditContacts),
        ("/contacts/import", "upload", "Contacts.Import", Permission.EditContacts),
        ("/contacts/fields", "table", "Fields.Title", Permission.Read),
        ("/contacts/duplicates", "people", "Duplicates.Title", Permission.Read),
        ("/contacts/jobs", "clock", "Jobs.Title", Permission.Read),
        ("/suppressions", "ban", "Suppressions.Title", Permission.Read),
        ("/segments", "segment", "Nav.Segments", Permission.Read),
        ("/segments/new", "plus", "Segments.New", Permission.EditSegments),
        ("/templates", "template", "Nav.Templates", Permission.Read),
        ("/templates/new", "plus", "Templates.New", Permission.EditContent),
        ("/files", "file", "Files.Title", Permission.Read),
        ("/forms", "table", "Forms.Title", Permission.Read),
        ("/channels", "channel", "Nav.Channels", Permission.Read),
        ("/plugins", "gear", "Plugins.Title", Permission.Read),
        ("/settings", "gear", "Nav.Settings", Permission.Read),
        ("/settings/users", "people", "Settings.Users", Permission.ManageUsers),
        ("/settings/roles", "people", "Roles.Title", Permission.Read),
        ("/settings/keys", "plug", "Settings.Keys", Permission.ManageKeys),
        ("/settings/audit", "clock", "AuditPage.Title", Permission.ReadAudit),
        ("/settings/health", "gauge", "Health.Title", Permission.ManageSettings),
        ("/account", "person", "Frame.YourSettings", Permission.Read),
    ];

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    public IReadOnlyList<FoundGroup> Groups { get; private set; } = [];

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        var text = (Q ?? "").Trim();
        var groups = new List<FoundGroup>
        {
            new("Places", [.. Places.Where(p => May(p.Needs) && Texts[p.Key].Contains(text, StringComparison.CurrentCultureIgnoreCase)).Select(p => new FoundItem(p.Href, p.Icon, Texts[p.Key]))]),
        };
        if (text.Length >= FewestLetters) groups.AddRange(await NamedAsync(text, cancellationToken));
        Groups = [.. groups.Where(g => g.Items.Count > 0)];
    }

    private async Task<IEnumerable<FoundGroup>> NamedAsync(string text, CancellationToken cancellationToken)
    {
        var sent = await broadcasts.ListAsync(new BroadcastFilter { Search = text }, new Page { Limit = MostOfAKind }, cancellationToken);
        var people = await contacts.ListAsync(new ContactFilter { Search = text }, null, MostOfAKind, cancellationToken);
        var parts = await segments.PageAsync(text, null, MostOfAKind, cancellationToken);
        var texts = await templates.PageAsync(text, archived: false, null, MostOfAKind, cancellationToken);
        var ways = (await channels.ListAsync()).Where(c => c.Name.Contains(text, StringComparison.CurrentCultureIgnoreCase)).Take(MostOfAKind);
        return
        [
            new("Broadcasts", [.. sent.Items.Select(b => new FoundItem($"/broadcasts/{b.Id}", Show.IconOf(b.Status), b.Name, Texts.Of(b.Status)))]),
            new("Contacts", [.. people.Items.Select(Of)]),
            new("Segments", [.. parts.Items.Select(s => new FoundItem($"/segments/{s.Id}", "segment", s.Name))]),
            new("Templates", [.. texts.Items.Select(t => new FoundItem($"/templates/{t.Id}", "template", t.Name))]),
            new("Channels", [.. ways.Select(c => new FoundItem($"/channels/{c.Id}", "channel", c.Name))]),
        ];
    }

    private static FoundItem Of(ContactDetails contact)
    {
        var address = contact.Addresses.Count > 0 ? contact.Addresses[0].Value : $"#{contact.Id}";
        return new($"/contacts/{contact.Id}", "person", contact.Name ?? address, contact.Name is null ? null : address);
    }
}
