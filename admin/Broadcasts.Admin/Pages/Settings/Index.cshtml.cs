using System.Reflection;
using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

internal sealed class IndexModel(UserStore users, UserManager<User> manager, SignInManager<User> signIn, ApiKeyStore keys, EngineOptions options, ILocalSiloDetails silo, AuditStore audit,
    SendingRulesStore rules, SafeHold hold, MissedSchedules missedSchedules, DispatchSignal dispatch) : ConsolePage
{
    public User Me { get; private set; } = new();

    public IReadOnlyList<User> Users { get; private set; } = [];

    public IReadOnlyList<ApiKey> Keys { get; private set; } = [];

    public bool CanAdminister { get; private set; }

    public SendingRules Rules { get; private set; } = new();

    public MissedSchedule Missed { get; private set; } = new();

    public static string Version => typeof(IndexModel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    public string Database => options.Database.IsPostgres ? "PostgreSQL" : "SQLite";

    public string DataDirectory => Path.GetFullPath(options.DataDirectory);

    public string Silo => silo.SiloAddress.ToString();

    public string? PublicUrl => options.PublicUrl?.ToString();

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Me = await manager.GetUserAsync(User) ?? new();
        CanAdminister = await Visitor.CanAdministerAsync();
        if (!CanAdminister) return;
        Rules = await rules.GetAsync();
        Missed = await missedSchedules.GetAsync();
        Users = await users.ListAsync(cancellationToken);
        Keys = await keys.ListAsync(cancellationToken);
    }

    public async Task<IActionResult> OnPostAsync(string? name, string? zone)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        if (string.IsNullOrWhiteSpace(name) || name.Length > 100)
        {
            Bad(Texts["User.NameMissing"]);
            return LocalRedirect("/settings");
        }

        user.Name = name.Trim();
        user.TimeZone = Visitor.Zones.Contains(zone) ? zone : null;
        await users.UpdateAsync(user);
        await signIn.RefreshSignInAsync(user);
        Good(Texts["Did.rename"]);
        return LocalRedirect("/settings");
    }

    public async Task<IActionResult> OnPostRulesAsync(long? approval, int undo, int? cap, int? days)
    {
        if (!await MayAsync(Policies.CanAdminister)) return Forbid();
        var problems = await rules.SetAsync(new() { ApprovalAbove = approval, UndoSeconds = undo, FrequencyCap = cap is { } count ? new(count, days ?? 7) : null }, Visitor.Actor);
        if (problems.Count == 0) Good(Texts["Did.rules"]);
        else Bad(string.Join(" ", problems.Select(Texts.Problem)));
        return LocalRedirect("/settings");
    }

    public async Task<IActionResult> OnPostReleaseAsync()
    {
        if (!await MayAsync(Policies.CanAdminister)) return Forbid();
        await hold.ReleaseAsync(Visitor.Actor);
        dispatch.Set();
        Good(Texts["SafeHold.Released"]);
        return LocalRedirect("/broadcasts");
    }

    public async Task<IActionResult> OnPostMissedAsync(int grace, MissedAction missed)
    {
        if (!await MayAsync(Policies.CanAdminister)) return Forbid();
        if (await missedSchedules.SetAsync(new MissedSchedule { Action = missed, GraceMinutes = grace }, Visitor.Actor) is { } problem) Bad(Texts.Problem(problem));
        else Good(Texts["Missed.Saved"]);
        return LocalRedirect("/settings");
    }

    public async Task<IActionResult> OnPostPasswordAsync(string? present, string? next)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        // Somebody who came by a one-time link has no password yet and sets the first one.
        var result = user.PasswordHash is null ? await manager.AddPasswordAsync(user, next ?? "") : await manager.ChangePasswordAsync(user, present ?? "", next ?? "");
        if (result.Succeeded)
        {
            await audit.AppendAsync(Visitor.Actor, "user.password", Visitor.Actor, null, [new AuditChange("password")], CancellationToken.None);
            await signIn.RefreshSignInAsync(user);
            Good(Texts["Settings.PasswordChanged"]);
        }
        else Bad(string.Join(" ", result.Errors.Select(e => Texts[$"Identity.{e.Code}"])));
        return LocalRedirect("/settings");
    }
}
