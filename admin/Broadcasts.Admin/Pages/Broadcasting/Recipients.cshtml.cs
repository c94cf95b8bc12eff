using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Broadcasts.Admin.Pages.Broadcasting;

internal sealed class RecipientsModel(BroadcastQueries queries, ProgressFeed progress, People people, Doubts doubts) : ConsolePage
{
    public const int Size = 50;

    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Reason { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Q { get; set; }

    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    /// <summary>Whose timeline is open.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Contact { get; set; }

    public BroadcastDrawer Broadcast { get; private set; } = null!;

    public RecipientPage List { get; private set; } = new([], null);

    public RecipientTimeline? Timeline { get; private set; }

    public DeliveryStatus? StatusValue => Enum.TryParse<DeliveryStatus>(Status, ignoreCase: true, out var status) && Enum.IsDefined(status) ? status : null;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await BroadcastDrawer.LoadAsync(Id, queries, progress, people, "/broadcasts", cancellationToken) is not { } found) return NotFound();
        Broadcast = found with { CanEdit = May(Permission.EditBroadcasts), CanSend = May(Permission.SendBroadcasts) };
        var filter = new RecipientFilter
        {
            Status = StatusValue,
            Reason = string.IsNullOrEmpty(Reason) ? null : Reasons.Parse(Reason),
            Search = string.IsNullOrWhiteSpace(Q) ? null : Q.Trim(),
        };
        List = await queries.RecipientsAsync(Id, filter, After, Size, cancellationToken);
        if (Contact is { } contact) Timeline = await queries.RecipientAsync(Id, contact, cancellationToken);
        return Page();
    }

    /// <summary>A person says what became of messages in doubt: one contact's, or all.</summary>
    [Needs(Permission.SendBroadcasts)]
    public async Task<IActionResult> OnPostSettleAsync(DoubtAnswer answer, long? person)
    {
        if (!Enum.IsDefined(answer)) return BadRequest();
        var (command, result) = await doubts.ResolveAsync(Id, answer, person is { } contact ? [contact] : null, Visitor.Actor);
        var early = result.TooEarly > 0 ? " " + Texts.Count("Did.settleEarly", result.TooEarly) : "";
        return Told(command, Texts.Count("Did.settle", result.Resolved) + early, $"/broadcasts/{Id}/recipients?status=unknown");
    }

    public string With(params (string Name, object? Value)[] changes) => Address($"/broadcasts/{Id}/recipients", changes);

    /// <summary>The same rows as a file.</summary>
    public string CsvHref => Address($"/api/v1/broadcasts/{Id}/recipients.csv", ("after", null), ("contact", null), ("q", null), ("search", Q));

    private string Address(string path, params (string Name, object? Value)[] changes)
    {
        var query = new Dictionary<string, string?>
        {
            ["status"] = Status,
            ["reason"] = Reason,
            ["q"] = Q,
            ["after"] = After?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["contact"] = Contact?.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in changes) query[name] = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);
        return QueryHelpers.AddQueryString(path, query.Where(q => !string.IsNullOrEmpty(q.Value)));
    }
}
