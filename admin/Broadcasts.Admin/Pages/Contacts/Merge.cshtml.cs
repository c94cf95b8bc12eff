using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts.Merge;
using Broadcasts.Contacts;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

/// <summary>A field of both contacts, by the name that a choice has and as people read it.</summary>
internal sealed record MergeRow(string Name, string Label, string? Primary, string? Secondary);

internal sealed class MergeModel(MergeStore merges, ContactQueries contacts, FieldStore fields) : ConsolePage
{
    private static readonly Dictionary<string, string> Labels = new()
    {
        ["firstName"] = "Subject.first_name", ["lastName"] = "Subject.last_name", ["language"] = "Subject.language", ["country"] = "Subject.country", ["timeZone"] = "Settings.Zone",
    };

    /// <summary>Who stays.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    /// <summary>Who goes into them; 0 until somebody is picked.</summary>
    [BindProperty(SupportsGet = true)]
    public long With { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty]
    public Dictionary<string, string> Choices { get; set; } = [];

    [BindProperty]
    public int? PrimaryRevision { get; set; }

    [BindProperty]
    public int? SecondaryRevision { get; set; }

    public ContactDetails Primary { get; private set; } = null!;

    public ContactDetails? Secondary { get; private set; }

    public IReadOnlyList<MergeRow> Rows { get; private set; } = [];

    public IReadOnlyList<ContactDetails> Found { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync(cancellationToken)) return NotFound();
        if (With == 0 && !string.IsNullOrWhiteSpace(Q))
            Found = [.. (await contacts.ListAsync(new ContactFilter { Search = Q.Trim() }, null, 20, cancellationToken)).Items.Where(c => c.Id != Id)];
        return Page();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync(cancellationToken) || Secondary is null) return NotFound();
        var request = new MergeRequest { PrimaryId = Id, SecondaryId = With, Choices = Choices, PrimaryRevision = PrimaryRevision, SecondaryRevision = SecondaryRevision };
        var (_, result) = await merges.MergeAsync(request, Visitor.Actor, cancellationToken);
        if (result.IsDone) return Told(result, Texts["Merge.Did", NameOf(Secondary, Texts)], $"/contacts/{Id}");
        Problems = result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))];
        Response.StatusCode = 422;
        return Page();
    }

    public static string NameOf(ContactDetails contact, Texts texts) => contact.Name ?? texts["Recipients.NoName", contact.Id];

    private async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        if (await contacts.GetAsync(Id, cancellationToken) is not { } primary) return false;
        Primary = primary;
        if (With == 0) return true;
        Secondary = With == Id ? null : await contacts.GetAsync(With, cancellationToken);
        if (Secondary is null) return false;
        var names = (await fields.ListAsync(cancellationToken)).ToDictionary(f => "fields." + f.Slug, f => f.Name);
        Rows = [.. MergeChoice.Fields(primary, Secondary).Select(f => new MergeRow(f.Name, Labels.TryGetValue(f.Name, out var label) ? Texts[label] : names.GetValueOrDefault(f.Name, f.Name), f.Primary, f.Secondary))];
        return true;
    }
}
