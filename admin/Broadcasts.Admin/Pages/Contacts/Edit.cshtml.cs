using Broadcasts.Admin.Forms;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts.Consent;
using Broadcasts.Contacts.Merge;
using Broadcasts.Contacts;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Contacts;

internal sealed class EditModel(ContactStore contacts, FieldStore fields, ConsentStore consents, MergeStore merges, ContactReach reach, BroadcastQueries broadcasts, SegmentStore segments, SegmentQueries rules, People people) : ConsolePage
{
    // Looking through so many rules is done at once; through more only when somebody asks.
    private const int SegmentsAtOnce = 100;

    private const int MessagesAtOnce = 10;

    /// <summary>0 for a new one.</summary>
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty]
    public ContactInput Input { get; set; } = new();

    public ContactDetails? Contact { get; private set; }

    public IReadOnlyList<ContactField> Fields { get; private set; } = [];

    /// <summary>The merges that the contact was in, and the names of who did and undid them.</summary>
    public IReadOnlyList<(MergeDetails Merge, string By, string UndoneBy)> Merges { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>What the contact said about being written to, the oldest first.</summary>
    public IReadOnlyList<(ConsentEvent Said, string By)> Consents { get; private set; } = [];

    public bool CanEdit { get; private set; }

    public IReadOnlyList<ReachWay> Ways { get; private set; } = [];

    public IReadOnlyList<ContactMessage> Messages { get; private set; } = [];

    /// <summary>Where the older ones begin; null when these are all.</summary>
    public long? Older { get; private set; }

    /// <summary>Older messages than this one; from the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Before { get; set; }

    /// <summary>The segments that the contact is in; null when there are many and nobody asked.</summary>
    public IReadOnlyList<SegmentDetails>? Segments { get; private set; }

    /// <summary>Somebody wants to know them.</summary>
    [BindProperty(SupportsGet = true, Name = "segments")]
    public bool AsksSegments { get; set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync(cancellationToken)) return NotFound();
        if (Contact is not null) Input = ContactInput.Of(Contact);
        Input.Addresses.Add(new AddressInput());
        return Page();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!await LoadAsync(cancellationToken)) return NotFound();
        var (id, result) = Id == 0
            ? await contacts.CreateAsync(Input.ToEdit(), Visitor.Actor, cancellationToken)
            : (Id, await contacts.UpdateAsync(Id, Input.ToEdit(), Input.Revision, Visitor.Actor, cancellationToken));
        if (result.IsDone) return Told(result, Texts["Did.rename"], $"/contacts/{id}");
        Problems = result.Problems.Length > 0 ? result.Problems : [new Problem("", "", Texts.Refusal(result))];
        Response.StatusCode = 422;
        return Page();
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostBlockAsync(bool blocked, CancellationToken cancellationToken) =>
        Told(await contacts.BlockAsync(Id, blocked, Visitor.Actor, cancellationToken), Texts[blocked ? "Contacts.DidBlock" : "Contacts.DidUnblock"], $"/contacts/{Id}");

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostConsentAsync(long address, ConsentState state, string? source, string? detail, CancellationToken cancellationToken)
    {
        if (!await LoadAsync(cancellationToken) || Contact?.Addresses.FirstOrDefault(a => a.Id == address) is not { } meant || !Enum.IsDefined(state)) return NotFound();
        var edit = new ConsentEdit { Kind = meant.Kind, Value = meant.Value, State = state, Source = source ?? "", Detail = string.IsNullOrWhiteSpace(detail) ? null : detail };
        return Told(await consents.SayAsync(Id, edit, Visitor.Actor, cancellationToken), Texts["Consent.DidAdd"], $"/contacts/{Id}#consent");
    }

    [Needs(Permission.EraseContacts)]
    public async Task<IActionResult> OnPostDeleteAsync(CancellationToken cancellationToken)
    {
        var result = await contacts.DeleteAsync(Id, Visitor.Actor, cancellationToken);
        return Told(result, Texts["Did.delete"], result.IsDone ? "/contacts" : $"/contacts/{Id}");
    }

    [Needs(Permission.EditContacts)]
    public async Task<IActionResult> OnPostUndoAsync(long mergeId)
    {
        var undone = await merges.UndoAsync(mergeId, Visitor.Actor);
        var said = string.Join(" ", undone.Kept.Select(Texts.Problem).Prepend(Texts["Merges.DidUndo"]));
        return Told(undone.Result, said, $"/contacts/{Id}");
    }

    private async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        Fields = await fields.ListAsync(cancellationToken);
        CanEdit = May(Permission.EditContacts);
        if (Id == 0) return true;
        Contact = await contacts.GetAsync(Id, cancellationToken);
        if (Contact is null) return false;
        var said = new List<(ConsentEvent, string)>();
        foreach (var consent in await consents.OfContactAsync(Id, cancellationToken))
            said.Add((consent, consent.Actor == ConsentLog.Contact ? Texts["Consent.Themselves"] : await people.NameAsync(consent.Actor, cancellationToken)));
        Consents = said;
        var done = new List<(MergeDetails, string, string)>();
        foreach (var merge in await merges.ListAsync(Id, cancellationToken))
            done.Add((merge, await people.NameAsync(merge.Actor, cancellationToken), await people.NameAsync(merge.UndoneBy, cancellationToken)));
        Merges = done;
        Ways = await reach.OfAsync(Id, cancellationToken);
        (Messages, Older) = await broadcasts.MessagesOfAsync(Id, Before, MessagesAtOnce, cancellationToken);
        var all = await segments.ListAsync(cancellationToken);
        if (AsksSegments || all.Count <= SegmentsAtOnce) Segments = await rules.OfContactAsync(Id, all, cancellationToken);
        return true;
    }
}
