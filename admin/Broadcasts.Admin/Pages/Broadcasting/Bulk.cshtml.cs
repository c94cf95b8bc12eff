using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Broadcasting;

/// <summary>One act on the broadcasts that were ticked: asked with their names first, done for those that it is legal for, the others told with their reasons.</summary>
internal sealed class BulkModel(BroadcastQueries queries, BroadcastActions actions, IdempotencyStore repeats, IGrainFactory grains) : ConsolePage
{
    private const int Named = 5;

    public static IReadOnlyList<string> Acts { get; } = ["label", "unlabel", "archive", "cancel", "delete"];

    [BindProperty(SupportsGet = true)]
    public string What { get; set; } = "";

    [BindProperty(SupportsGet = true, Name = "id")]
    public long[] Ids { get; set; } = [];

    [BindProperty(SupportsGet = true)]
    public string? To { get; set; }

    [BindProperty]
    public string? Label { get; set; }

    /// <summary>Names the form: a second click on it is told what the first one did.</summary>
    [BindProperty]
    public string? Token { get; set; }

    public IReadOnlyList<BroadcastRow> Legal { get; private set; } = [];

    public IReadOnlyList<(string Name, string Why)> Skipped { get; private set; } = [];

    /// <summary>Labels to choose from: all there are to add one, those of the ticked ones to take one off.</summary>
    public IReadOnlyList<string> Labels { get; private set; } = [];

    public string Back => Inside(To);

    public static Permission NeededFor(string act) => act == "cancel" ? Permission.SendBroadcasts : Permission.EditBroadcasts;

    public static string IconOf(string act) => act switch { "label" => "tag", "unlabel" => "close", "archive" => "archive", "cancel" => "ban", _ => "trash" };

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Wrong() is { } wrong) return wrong;
        await LoadAsync(cancellationToken);
        Labels = What == "unlabel" ? [.. Legal.SelectMany(r => r.Labels).Distinct().Order(StringComparer.CurrentCultureIgnoreCase)] : await queries.LabelsAsync(cancellationToken);
        Token = Guid.NewGuid().ToString("N");
        return Page();
    }

    [Needs(Permission.EditBroadcasts, Permission.SendBroadcasts)]
    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (Wrong() is { } wrong) return wrong;
        Label = Label?.Trim();
        if (What is "label" or "unlabel" && BroadcastChecks.CheckName("-", [Label ?? ""]) is [var problem, ..]) return Failed(Texts.Problem(problem));

        var (caller, key) = (-Visitor.Session!.UserId, $"bulk:{(Guid.TryParseExact(Token, "N", out var token) ? token : Guid.NewGuid()):N}");
        var begun = await repeats.BeginAsync(caller, key, $"{What} {string.Join(',', Ids)} {Label}", cancellationToken);
        if (begun.State == IdempotencyState.Fresh)
        {
            await LoadAsync(cancellationToken);
            var (isGood, text) = await DoAllAsync();
            await repeats.CompleteAsync(caller, key, isGood ? 200 : 409, text);
            return isGood ? Done(text) : Failed(text);
        }

        return begun is { State: IdempotencyState.Done, Response: { } said } ? begun.StatusCode == 200 ? Done(said) : Failed(said) : Failed(Texts["Bulk.Running"]);
    }

    private IActionResult? Wrong()
    {
        if (!Acts.Contains(What)) return NotFound();
        if (!May(NeededFor(What))) return Refused(NeededFor(What));
        Ids = [.. Ids.Distinct()];
        return Ids.Length == 0 ? Failed(Texts["Bulk.Nobody"]) : Ids.Length > Reporting.Page.Most ? Failed(Texts["Bulk.TooMany", Reporting.Page.Most]) : null;
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var rows = await queries.ListAsync(Ids, cancellationToken);
        var judged = rows.Select(row => (Row: row, Why: actions.WhyNot(What, row))).ToList();
        Legal = [.. judged.Where(j => j.Why is null).Select(j => j.Row)];
        Skipped = [.. judged.Where(j => j.Why is not null).Select(j => (j.Row.Name, j.Why!)), .. Ids.Except(rows.Select(r => r.Id)).Select(id => ($"{id}", Texts["Command.NotFound"]))];
    }

    private async Task<(bool IsGood, string Text)> DoAllAsync()
    {
        var (done, skipped) = (0, Skipped.ToList());
        foreach (var row in Legal)
        {
            var result = await DoAsync(row);
            if (result.IsDone) done++;
            else skipped.Add((row.Name, Texts.Refusal(result)));
        }

        var text = done > 0 ? Texts.Count($"Bulk.Done.{What}", done) : "";
        if (skipped.Count == 0) return (true, text);
        var reasons = string.Join("; ", skipped.Take(Named).Select(s => $"{s.Name} – {s.Why.TrimEnd('.')}")) + (skipped.Count > Named ? $" … +{Show.Number(skipped.Count - Named)}" : "");
        return (done > 0, $"{text} {Texts.Count("Bulk.Not", skipped.Count, reasons)}".Trim());
    }

    // Each in its own broadcast's grain, the single writer: whatever happened since the question is judged there again.
    private Task<CommandResult> DoAsync(BroadcastRow row)
    {
        var (grain, actor) = (grains.GetGrain<IBroadcastGrain>(row.Id), Visitor.Actor);
        return What switch
        {
            "label" => grain.LabelAsync(Label!, true, actor),
            "unlabel" => grain.LabelAsync(Label!, false, actor),
            "archive" => grain.ArchiveAsync(actor),
            "cancel" => row.Status == BroadcastStatus.Scheduled ? grain.UnscheduleAsync(actor) : grain.CancelAsync(actor),
            _ => grain.DeleteAsync(actor),
        };
    }

    private LocalRedirectResult Done(string text)
    {
        Good(text);
        return LocalRedirect(Back);
    }

    private LocalRedirectResult Failed(string text)
    {
        Bad(text);
        return LocalRedirect(Back);
    }
}
