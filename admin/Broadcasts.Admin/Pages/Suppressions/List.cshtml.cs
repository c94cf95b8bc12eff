using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Channels;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Suppressions;

internal sealed class ListModel(SuppressionStore suppressions, ChannelStore channels, EngineOptions options, People people) : ConsolePage
{
    private const string Here = "/suppressions";
    private const string OfList = "list:";

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public AddressKind? Kind { get; set; }

    [BindProperty(SupportsGet = true)]
    public SuppressionReason? Reason { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public SuppressionPage List { get; private set; } = new([], null);

    public IReadOnlyList<(Suppression Entry, string Source)> Rows { get; private set; } = [];

    public IReadOnlyList<Channel> Channels { get; private set; } = [];

    public bool CanEdit { get; private set; }

    public bool CanExport { get; private set; }

    public string? DefaultCountry => options.DefaultCountry;

    public bool IsFiltered => !string.IsNullOrWhiteSpace(Q) || Kind is not null || Reason is not null || After is not null;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        SuppressionCursor? after = After is not null && SuppressionCursor.TryParse(After, out var cursor) ? cursor : null;
        List = await suppressions.ListAsync(new SuppressionFilter { Search = Q, Kind = Kind, Reason = Reason }, after, 50, cancellationToken);
        var rows = new List<(Suppression, string)>();
        foreach (var entry in List.Items) rows.Add((entry, await SourceAsync(entry.Source, cancellationToken)));
        Rows = rows;
        CanEdit = May(Permission.EditContacts);
        CanExport = May(Permission.ExportContacts);
        if (CanEdit) Channels = await channels.ListAsync();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostAddAsync(AddressKind? kind, string? value, long channel, CancellationToken cancellationToken)
    {
        if (kind is not { } known) return BadRequest();
        var (entry, isNew, result) = await suppressions.AddAsync(known, value ?? "", SuppressionReason.Manual, Visitor.Actor, channel, cancellationToken);
        return Told(result, Texts[isNew ? "Suppressions.DidAdd" : "Suppressions.WasThere", entry?.Value], Here);
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostRemoveAsync(AddressKind? kind, string? value, long channel, bool sure, string? back, CancellationToken cancellationToken)
    {
        if (kind is not { } known) return BadRequest();
        var entry = await suppressions.GetAsync(known, value ?? "", channel, cancellationToken);
        if (entry is { MayBeTheirWish: true } && !sure)
        {
            Bad(Texts["Suppressions.NotSure"]);
            return LocalRedirect(Inside(back, Here));
        }

        return Told(await suppressions.RemoveAsync(known, value ?? "", Visitor.Actor, channel, cancellationToken), Texts["Suppressions.DidRemove", entry?.Value], Inside(back, Here));
    }

    /// <summary>The file of what the list shows, with the mark by which Excel knows its accents.</summary>
    public string ExportHref => QueryHelpers.AddQueryString("/api/v1/suppressions/export", new Dictionary<string, string?>
    {
        ["bom"] = "true",
        ["search"] = Q,
        ["kind"] = Kind?.Name(),
        ["reason"] = Reason?.ToString(),
    }.Where(q => !string.IsNullOrEmpty(q.Value)));

    /// <summary>Asks for the same file as a job.</summary>
    public string ExportJobHref => QueryHelpers.AddQueryString("/contacts/act", new Dictionary<string, string?>
    {
        ["act"] = nameof(JobAct.ExportSuppressions),
        ["q"] = Q,
        ["kind"] = Kind?.ToString(),
        ["reason"] = Reason?.ToString(),
    }.Where(q => !string.IsNullOrEmpty(q.Value)));

    public string With(params (string Name, string? Value)[] changes)
    {
        var query = new Dictionary<string, string?> { ["q"] = Q, ["kind"] = Kind?.ToString(), ["reason"] = Reason?.ToString(), ["after"] = After };
        foreach (var (name, value) in changes) query[name] = value;
        return QueryHelpers.AddQueryString(Here, query.Where(q => !string.IsNullOrEmpty(q.Value)));
    }

    private async Task<string> SourceAsync(string source, CancellationToken cancellationToken)
    {
        if (source.StartsWith(OfList, StringComparison.Ordinal)) return source[OfList.Length..];
        return source.StartsWith("channel:", StringComparison.Ordinal) ? Texts["Actor.provider"] : await people.NameAsync(source, cancellationToken);
    }
}
