using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;
using NodaTime.Text;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>Keys of the API: who made them, what they may do, until when.</summary>
[Needs(Permission.ManageKeys)]
internal sealed class KeysModel(ApiKeyStore keys, People people, TimeProvider time) : ConsolePage
{
    private const string Here = "/settings/keys";

    [BindProperty]
    public string? Name { get; set; }

    /// <summary>The last day, in the visitor's zone; blank for no end.</summary>
    [BindProperty]
    public string? Until { get; set; }

    [BindProperty]
    public Permission[] Chosen { get; set; } = [];

    public IReadOnlyList<(ApiKey Key, ApiKeyState State, string By)> Keys { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    /// <summary>The key that was made just now: shown once.</summary>
    public string? Secret { get; private set; }

    public string Tomorrow => LocalDatePattern.Iso.Format(Visitor.Today.PlusDays(1));

    public Task OnGetAsync(CancellationToken cancellationToken) => LoadAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        var end = EndOf(Until, out var problem);
        if (problem is not null) Problems = [problem];
        else
        {
            var (_, secret, result) = await keys.CreateAsync(Name ?? "", PermissionSet.Of(Chosen.Where(Enum.IsDefined)), Visitor.Session!.Caller, end, cancellationToken);
            Problems = result.Problems;
            if (result.IsDone) Secret = secret;
        }

        if (Problems.Count > 0) Response.StatusCode = 422;
        await LoadAsync(cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostRevokeAsync(long id, CancellationToken cancellationToken)
    {
        // Twice is the same as once.
        await keys.RevokeAsync(id, Visitor.Actor, cancellationToken);
        Good(Texts["Keys.DidRevoke"]);
        return LocalRedirect(Here);
    }

    // It ends with the day.
    private DateTimeOffset? EndOf(string? day, out Problem? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(day)) return null;
        if (LocalDatePattern.Iso.Parse(day.Trim()) is { Success: true } parsed) return parsed.Value.PlusDays(1).AtStartOfDayInZone(Visitor.Zone).ToDateTimeOffset();
        problem = new Problem("expiresAt", "badDate", $"'{day}' is no date. Write 2027-01-31.", day);
        return null;
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        var found = new List<(ApiKey, ApiKeyState, string)>();
        // What still opens something comes first.
        foreach (var key in (await keys.ListAsync(cancellationToken)).OrderBy(k => k.StateAt(time.GetUtcNow())).ThenByDescending(k => k.Id))
            found.Add((key, key.StateAt(time.GetUtcNow()), await people.NameAsync(key.CreatedBy, cancellationToken)));
        Keys = found;
    }
}
