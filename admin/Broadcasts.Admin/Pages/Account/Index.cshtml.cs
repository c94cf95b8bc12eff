using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Account;

/// <summary>What is one's own: name, password, second factor, where one is signed in.</summary>
internal sealed class IndexModel(UserStore users, UserManager<User> manager, ConsoleSignIn signIn, Sessions sessions, RoleStore roles, SecondFactorStore factors, UserAccounts accounts) : ConsolePage
{
    private const string Here = "/account";

    public User Me { get; private set; } = new();

    public Role? Role { get; private set; }

    public IReadOnlyList<Session> Sessions { get; private set; } = [];

    public int CodesLeft { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        Me = user;
        Role = await roles.FindAsync(user.Role, cancellationToken);
        Sessions = await sessions.ListAsync(user.Id, cancellationToken);
        if (user.HasSecondFactor) CodesLeft = await factors.CodesLeftAsync(user.Id, cancellationToken);
        return Page();
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostAsync(string? name, string? zone)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        if (string.IsNullOrWhiteSpace(name) || name.Length > 100)
        {
            Bad(Texts["User.NameMissing"]);
            return LocalRedirect(Here);
        }

        user.Name = name.Trim();
        user.TimeZone = Visitor.Zones.Contains(zone) ? zone : null;
        await users.UpdateAsync(user);
        await signIn.RefreshAsync(user);
        Good(Texts["Did.rename"]);
        return LocalRedirect(Here);
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostPasswordAsync(string? present, string? next)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        // Somebody who came by a one-time link has no password yet and sets the first one.
        var result = user.PasswordHash is null ? await manager.AddPasswordAsync(user, next ?? "") : await manager.ChangePasswordAsync(user, present ?? "", next ?? "");
        if (result.Succeeded)
        {
            await accounts.EndSessionsAsync(user.Id, Visitor.Session!.Caller, except: Visitor.Session.Id);
            Good(Texts["Settings.PasswordChanged"]);
        }
        else Bad(string.Join(" ", result.Errors.Select(e => Texts[$"Identity.{e.Code}"])));
        return LocalRedirect(Here);
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostEndAsync(string? id, CancellationToken cancellationToken)
    {
        // The present one ends by signing out, which takes its cookie, too.
        if (id is not null && id != Visitor.Session!.Id && (await accounts.EndSessionAsync(Visitor.Session.UserId, id, Visitor.Session.Caller, cancellationToken)).IsDone) Good(Texts["Sessions.Ended"]);
        return LocalRedirect($"{Here}#sessions");
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostEndOthersAsync(CancellationToken cancellationToken)
    {
        await accounts.EndSessionsAsync(Visitor.Session!.UserId, Visitor.Session.Caller, except: Visitor.Session.Id, cancellationToken);
        Good(Texts["Sessions.OthersEnded"]);
        return LocalRedirect($"{Here}#sessions");
    }
}
