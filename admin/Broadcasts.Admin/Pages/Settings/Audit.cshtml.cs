using System.Globalization;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using NodaTime.Text;

namespace Broadcasts.Admin.Pages.Settings;

[Needs(Permission.ReadAudit)]
internal sealed class AuditModel(AuditStore audit, AuditWatch watch, AuditLook look, UserStore users, ApiKeyStore keys, Texts texts) : ConsolePage
{
    private const string Here = "/settings/audit";
    private const int PageSize = 50;

    [BindProperty(SupportsGet = true)]
    public string? Who { get; set; }

    /// <summary>The verb, or what it is of: the part before the dot.</summary>
    [BindProperty(SupportsGet = true)]
    public string? What { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Of { get; set; }

    /// <summary>The first day, in the visitor's zone.</summary>
    [BindProperty(SupportsGet = true)]
    public string? From { get; set; }

    /// <summary>The last day, in the visitor's zone.</summary>
    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Before { get; set; }

    public IReadOnlyList<(AuditEntry Entry, string Actor)> Rows { get; private set; } = [];

    public long? Next { get; private set; }

    public AuditState? State { get; private set; }

    public IReadOnlyList<(string Actor, string Name)> Actors { get; private set; } = [];

    public bool IsFiltered => Filter != new AuditFilter() || Before is not null;

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        State = await watch.StateAsync(cancellationToken);
        Actors = await ActorsAsync(cancellationToken);
        var entries = await audit.ListAsync(Filter, Before, PageSize + 1, cancellationToken);
        Next = entries.Count > PageSize ? entries[PageSize - 1].Id : null;
        Rows = await look.NamedAsync(entries.Take(PageSize), cancellationToken);
    }

    public async Task<IActionResult> OnPostVerifyAsync(CancellationToken cancellationToken)
    {
        var state = await watch.LookAsync(cancellationToken);
        if (state.Fault is { } fault) Bad(Texts.Problem(fault.Said()));
        else Good(Texts["AuditPage.Verified", Show.Number(state.Whole?.Number ?? 0)]);
        return LocalRedirect(Here);
    }

    /// <summary>This page's address with changes; null takes a filter away.</summary>
    public string With(params (string Name, string? Value)[] changes)
    {
        var query = Asked().Where(q => !changes.Any(c => c.Name == q.Key)).Concat(changes.Select(c => KeyValuePair.Create(c.Name, c.Value)));
        return QueryHelpers.AddQueryString(Here, query.Where(q => !string.IsNullOrEmpty(q.Value)));
    }

    /// <summary>The file of what the list shows, with the mark by which Excel knows its accents.</summary>
    public string ExportHref => QueryHelpers.AddQueryString("/api/v1/audit/export", new Dictionary<string, string?>
    {
        ["bom"] = "true", ["actor"] = Filter.Actor, ["action"] = Filter.Action, ["subject"] = Filter.Subject, ["from"] = Filter.From?.ToString("O", CultureInfo.InvariantCulture), ["to"] = Filter.To?.ToString("O", CultureInfo.InvariantCulture),
    }.Where(q => !string.IsNullOrEmpty(q.Value)));

    private IEnumerable<KeyValuePair<string, string?>> Asked() => [new("who", Who), new("what", What), new("of", Of), new("from", From), new("to", To)];

    private AuditFilter Filter => new() { Actor = Text(Who), Action = Text(What), Subject = Text(Of), From = Start(From, 0), To = Start(To, 1) };

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim().Replace("\0", "", StringComparison.Ordinal);

    // A day begins and ends by the visitor's clock.
    private DateTimeOffset? Start(string? day, int later) => LocalDatePattern.Iso.Parse(day ?? "") is { Success: true, Value: var date } && date.Year is > 1970 and < 9000 ? Visitor.Zone.AtStartOfDay(date.PlusDays(later)).ToDateTimeOffset().ToUniversalTime() : null;

    private async Task<IReadOnlyList<(string, string)>> ActorsAsync(CancellationToken cancellationToken)
    {
        var people = (await users.ListAsync(cancellationToken)).Select(u => (string.Create(CultureInfo.InvariantCulture, $"user:{u.Id}"), u.Name));
        var programs = (await keys.ListAsync(cancellationToken)).Select(k => (string.Create(CultureInfo.InvariantCulture, $"key:{k.Id}"), texts["AuditPage.Key", k.Name]));
        return [.. people, .. programs, .. ((string[])["system", "cli"]).Select(a => (a, texts[$"Actor.{a}"]))];
    }
}
