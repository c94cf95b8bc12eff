using System.Reflection;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

internal sealed class IndexModel(EngineOptions options, ILocalSiloDetails silo,
    SendingRulesStore rules, SafeHold hold, MissedSchedules missedSchedules, DispatchSignal dispatch) : ConsolePage
{
    public bool CanAdminister { get; private set; }

    public SendingRules Rules { get; private set; } = new();

    public MissedSchedule Missed { get; private set; } = new();

    public static string Version => typeof(IndexModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    public string Database => options.Database.IsPostgres ? "PostgreSQL" : "SQLite";

    public string DataDirectory => Path.GetFullPath(options.DataDirectory);

    public string Silo => silo.SiloAddress.ToString();

    public string? PublicUrl => options.PublicUrl?.ToString();

    public async Task OnGetAsync()
    {
        CanAdminister = May(Permission.ManageSettings);
        if (!CanAdminister) return;
        Rules = await rules.GetAsync();
        Missed = await missedSchedules.GetAsync();
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostRulesAsync(long? approval, int undo, long? typeAbove, int? cap, int? days)
    {
        var problems = await rules.SetAsync(new() { ApprovalAbove = approval, UndoSeconds = undo, TypeAbove = typeAbove, FrequencyCap = cap is { } count ? new(count, days ?? 7) : null }, Visitor.Actor);
        if (problems.Count == 0) Good(Texts["Did.rules"]);
        else Bad(string.Join(" ", problems.Select(Texts.Problem)));
        return LocalRedirect("/settings");
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostReleaseAsync()
    {
        await hold.ReleaseAsync(Visitor.Actor);
        dispatch.Set();
        Good(Texts["SafeHold.Released"]);
        return LocalRedirect("/broadcasts");
    }

    [Needs(Permission.ManageSettings)]
    public async Task<IActionResult> OnPostMissedAsync(int grace, MissedAction missed)
    {
        if (await missedSchedules.SetAsync(new MissedSchedule { Action = missed, GraceMinutes = grace }, Visitor.Actor) is { } problem) Bad(Texts.Problem(problem));
        else Good(Texts["Missed.Saved"]);
        return LocalRedirect("/settings");
    }
}
