using System.Globalization;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Contacts;

/// <summary>One act on many contacts, asked with their number before it becomes a job.</summary>
internal sealed class ActModel(JobService jobs, TagStore tags, FieldStore fields) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public JobAct Act { get; set; }

    /// <summary>Whom: <c>picked</c>, <c>page</c> for all that the page showed, <c>all</c> for all that the filters find.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Whom { get; set; }

    [BindProperty(SupportsGet = true)]
    public long[] Contact { get; set; } = [];

    /// <summary>Everybody on the page.</summary>
    [BindProperty(SupportsGet = true)]
    public long[] Shown { get; set; } = [];

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Tag { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? Segment { get; set; }

    /// <summary>Of the suppression list.</summary>
    [BindProperty(SupportsGet = true)]
    public AddressKind? Kind { get; set; }

    [BindProperty(SupportsGet = true)]
    public SuppressionReason? Reason { get; set; }

    [BindProperty]
    public string? NewTag { get; set; }

    [BindProperty]
    public string? Field { get; set; }

    [BindProperty]
    public string? Value { get; set; }

    /// <summary>The number, typed by whoever deletes.</summary>
    [BindProperty]
    public string? Confirm { get; set; }

    /// <summary>Made with the form: sent twice it is one job.</summary>
    [BindProperty]
    public string? Once { get; set; }

    public long Total { get; private set; }

    public IReadOnlyList<long> Picked => Whom == "page" ? Shown : Contact;

    public bool IsAll => Whom == "all" || Act == JobAct.ExportSuppressions;

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public IReadOnlyList<string> Tags { get; private set; } = [];

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    /// <summary>The list as it was.</summary>
    public string Back => Act == JobAct.ExportSuppressions
        ? Filtered("/suppressions", ("q", Q), ("kind", Kind?.ToString()), ("reason", Reason?.ToString()))
        : Filtered("/contacts", ("q", Q), ("tag", Tag), ("segment", Segment?.ToString(CultureInfo.InvariantCulture)));

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!Enum.IsDefined(Act)) return NotFound();
        if (!May(Act.Needs())) return Refused(Act.Needs());
        Once = Guid.NewGuid().ToString("N");
        await LoadAsync(cancellationToken);
        if (Total > 0 && Problems.Count == 0) return Page();
        Bad(Problems.Count > 0 ? Texts.Problem(Problems[0]) : Texts[IsAll ? "Recipients.None" : "Jobs.NobodyPicked"]);
        return LocalRedirect(Back);
    }

    [Needs(Permission.EditContacts, Permission.EraseContacts, Permission.ExportContacts)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!Enum.IsDefined(Act)) return NotFound();
        if (!May(Act.Needs())) return Refused(Act.Needs());
        long? typed = long.TryParse(string.Concat((Confirm ?? "").Where(char.IsAsciiDigit)), CultureInfo.InvariantCulture, out var number) ? number : null;
        if (Act == JobAct.Delete && typed is null) Problems = [new Problem("confirm", "confirmMissing", Texts["Problem.confirmMissing"])];
        else
        {
            var (id, result) = await jobs.StartAsync(Asked() with { Expected = Act == JobAct.Delete ? typed : null }, Visitor.Actor, cancellationToken);
            if (result.IsDone) return LocalRedirect($"/contacts/jobs/{id}");
            Problems = result.Problems;
        }

        Response.StatusCode = 422;
        var wrong = Problems;
        await LoadAsync(cancellationToken);
        Problems = wrong;
        return Page();
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        (Total, Problems) = await jobs.CountAsync(Asked(), cancellationToken);
        if (Act is JobAct.AddTag or JobAct.RemoveTag) Tags = await tags.NamesAsync(cancellationToken);
        if (Act == JobAct.SetField) Fields = await fields.ListAsync(cancellationToken);
    }

    private JobRequest Asked() => new()
    {
        Act = Act,
        Tag = NewTag,
        Field = Field,
        Value = Value,
        Contacts = IsAll ? null : Picked,
        Search = IsAll ? Q : null,
        WithTag = IsAll ? Tag : null,
        SegmentId = IsAll ? Segment : null,
        Suppressions = Act == JobAct.ExportSuppressions ? new SuppressionFilter { Kind = Kind, Reason = Reason, Search = string.IsNullOrWhiteSpace(Q) ? null : Q } : new SuppressionFilter(),
        Once = Once,
    };

    private static string Filtered(string path, params (string Name, string? Value)[] filters) =>
        QueryHelpers.AddQueryString(path, filters.Where(f => !string.IsNullOrEmpty(f.Value)).ToDictionary(f => f.Name, f => f.Value));
}
