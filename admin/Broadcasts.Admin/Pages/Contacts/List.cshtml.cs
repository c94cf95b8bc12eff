using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Contacts;
using Broadcasts.Security;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class ListModel(ContactQueries contacts, TagStore tags, SegmentStore segments) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Tag { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Segment { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    public ContactPage List { get; private set; } = new([], null);

    public ContactCount Count { get; private set; }

    public IReadOnlyList<string> Tags { get; private set; } = [];

    public IReadOnlyList<SegmentDetails> Segments { get; private set; } = [];

    public bool CanEdit { get; private set; }

    public bool CanExport { get; private set; }

    /// <summary>The acts on many contacts that the visitor may do.</summary>
    public IReadOnlyList<JobAct> Acts { get; private set; } = [];

    public bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || !string.IsNullOrEmpty(Tag) || Segment is not null;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Tags = await tags.NamesAsync(cancellationToken);
        Segments = await segments.ListAsync(cancellationToken);
        var rule = Segments.FirstOrDefault(s => s.Id == Segment) is { } segment ? SegmentRule.Parse(segment.Rule, out _) : null;
        var filter = new ContactFilter { Search = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(), Tag = string.IsNullOrEmpty(Tag) ? null : Tag, Rule = rule };
        List = await contacts.ListAsync(filter, After, 50, cancellationToken);
        Count = After is null && List.Next is null ? new ContactCount(List.Items.Count, true) : await contacts.CountAsync(filter, cancellationToken: cancellationToken);
        CanEdit = May(Permission.EditContacts);
        CanExport = May(Permission.ExportContacts);
        Acts = [.. Enum.GetValues<JobAct>().Where(a => a != JobAct.ExportSuppressions && May(a.Needs()))];
    }

    /// <summary>The file of those whom the list shows, with the mark by which Excel knows its accents.</summary>
    public string ExportHref => QueryHelpers.AddQueryString("/api/v1/contacts/export.csv", new Dictionary<string, string?>
    {
        ["bom"] = "true",
        ["search"] = Q,
        ["tag"] = Tag,
        ["segmentId"] = Segment?.ToString(CultureInfo.InvariantCulture),
    }.Where(q => !string.IsNullOrEmpty(q.Value)));

    public string With(params (string Name, object? Value)[] changes)
    {
        var query = new Dictionary<string, string?> { ["q"] = Q, ["tag"] = Tag, ["segment"] = Segment?.ToString(CultureInfo.InvariantCulture), ["after"] = After?.ToString(CultureInfo.InvariantCulture) };
        foreach (var (name, value) in changes) query[name] = Convert.ToString(value, CultureInfo.InvariantCulture);
        return QueryHelpers.AddQueryString("/contacts", query.Where(q => !string.IsNullOrEmpty(q.Value)));
    }
}
