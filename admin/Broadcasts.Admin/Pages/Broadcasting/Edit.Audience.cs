using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Import;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

// Who gets it: people picked out of a search, the list of an import, and how many of them are reached.
internal sealed partial class EditModel
{
    private const int MostFound = 20;
    private const int MostListed = 100;
    private const int LongestSearch = 200;

    /// <summary>The page comes without the count of whom it reaches, which takes its time, unless it is asked for.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Count { get; set; }

    /// <summary>Whose contacts are to be picked: words of a name or an address. Empty: the newest.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Find { get; set; }

    /// <summary>Whether the step says whom the draft reaches: those that change it do.</summary>
    public bool HasReach => Step is "audience" or "channel";

    /// <summary>Where the count is asked for, another address for each audience; null while there is none to count.</summary>
    public string? CountAt { get; private set; }

    /// <summary>Whom the saved audience reaches; null when it was not asked for.</summary>
    public AudienceLook? Reach { get; private set; }

    /// <summary>What the search found, whether picked or not.</summary>
    public IReadOnlyList<ContactDetails> Found { get; private set; } = [];

    /// <summary>Those that are picked and not among the found: the first ones.</summary>
    public IReadOnlyList<ContactDetails> Picked { get; private set; } = [];

    /// <summary>Finished imports whose people can be written to, newest first.</summary>
    public IReadOnlyList<ImportDetails> Imports { get; private set; } = [];

    public bool CanImport => May(Permission.EditContacts);

    /// <summary>A new list was imported for this draft: it goes to that one from now on.</summary>
    public async Task<IActionResult> OnPostImportAsync(long import, CancellationToken cancellationToken)
    {
        if (await queries.GetAsync(Id, cancellationToken) is not { } details || await broadcasts.GetAsync(Id) is not { } broadcast || await imports.GetAsync(import, cancellationToken) is null) return NotFound();
        var audience = new BroadcastAudience { ImportId = import, ExcludeSegmentIds = details.Audience?.ExcludeSegmentIds, InteractedOnly = details.Audience?.InteractedOnly == true };
        var result = await grains.GetGrain<IBroadcastGrain>(Id).SaveAsync(broadcast.ToDraft() with { AudienceJson = JsonSerializer.Serialize(audience, BroadcastJson.Options) }, details.Row.Version, Visitor.Actor);
        if (!result.IsDone) Bad(Texts.Refusal(result));
        return LocalRedirect(BroadcastSteps.AddressOf(Id, "audience"));
    }

    // A search is a part of the address: the page comes back to what it found.
    private string Search => Step == "audience" && Input.Audience == "picked" ? "?find=" + Uri.EscapeDataString((Find ?? "")[..Math.Min(LongestSearch, Find?.Length ?? 0)]) : "";

    private async Task LoadAudienceAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        if (Step != "audience") return;
        var isPicking = Input.Audience == "picked" || Input.Audience is null && Request.Query.ContainsKey("find");
        if (isPicking) Input.Audience = "picked";
        var picked = Input.PickedIds();
        if (isPicking && (picked.Count == 0 || !string.IsNullOrWhiteSpace(Find))) Found = (await contacts.ListAsync(new ContactFilter { Search = Find }, null, MostFound, cancellationToken)).Items;
        Picked = await contacts.OfAsync([.. picked.Except(Found.Select(c => c.Id)).Take(MostListed)], cancellationToken);
        Imports = await imports.WithContactsAsync(broadcast.ReadAudience()?.ImportId ?? 0, cancellationToken);
    }

    // What it takes to say whom it reaches, and by when.
    private bool IsWhole => Steps.All.Where(s => s.Key is "audience" or "channel").All(s => s.State != StepState.Faulty);

    private async Task CountReachAsync(Broadcast broadcast, CancellationToken cancellationToken)
    {
        if (HasReach && IsWhole && broadcast.ReadAudience() is { RetryOf: null }) CountAt = $"{Steps.Here}?count=true&of={KeyOf(broadcast)}";
        if (Count && CountAt is not null) Reach = await looks.LookAsync(broadcast, cancellationToken);
    }

    private static string KeyOf(Broadcast broadcast) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{broadcast.Audience} {string.Join(' ', broadcast.ChannelIds)}")).AsSpan(0, 6));
}
