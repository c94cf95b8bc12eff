using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Settings;

/// <summary>One person: role, link, sessions, second factor, in or out.</summary>
[Needs(Permission.ManageUsers)]
internal sealed class UserModel(UserStore users, RoleStore roles, UserAccounts accounts, Sessions sessions, ApiKeyStore keys, EngineOptions options, TimeProvider time) : ConsolePage
{
    [BindProperty(SupportsGet = true)]
    public long Id { get; set; }

    public User Person { get; private set; } = new();

    public UserState State { get; private set; }

    public IReadOnlyList<Role> Roles { get; private set; } = [];

    public IReadOnlyList<Session> Sessions { get; private set; } = [];

    /// <summary>Keys that the person made and that still open something.</summary>
    public int Keys { get; private set; }

    /// <summary>The visitor has all that the person may do; without that nothing is changed here.</summary>
    public bool CanChange { get; private set; }

    /// <summary>Made just now: shown once.</summary>
    public string? Link { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => await LoadAsync(cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostRoleAsync(int role, CancellationToken cancellationToken) =>
        await roles.FindAsync(role, cancellationToken) is { } found
            ? Done(await accounts.SetRoleAsync(Id, found, Visitor.Session!.Caller, cancellationToken), "Users.DidRole")
            : NotFound();

    public async Task<IActionResult> OnPostLinkAsync(CancellationToken cancellationToken)
    {
        var (path, result) = await accounts.MakeLinkAsync(Id, Visitor.Session!.Caller, cancellationToken);
        if (path is null) return Done(result, "");
        Link = UserLink.Of(path, options, Request);
        return await LoadAsync(cancellationToken) ? Page() : NotFound();
    }

    public async Task<IActionResult> OnPostDisableAsync(bool keys, CancellationToken cancellationToken) =>
        Done(await accounts.DisableAsync(Id, keys, Visitor.Session!.Caller, cancellationToken), "Users.DidDisable");

    public async Task<IActionResult> OnPostEnableAsync(CancellationToken cancellationToken) =>
        Done(await accounts.EnableAsync(Id, Visitor.Session!.Caller, cancellationToken), "Users.DidEnable");

    public async Task<IActionResult> OnPostSessionsAsync(CancellationToken cancellationToken) =>
        Done(await accounts.EndSessionsAsync(Id, Visitor.Session!.Caller, cancellationToken: cancellationToken), "Users.DidEndSessions");

    public async Task<IActionResult> OnPostFactorAsync(CancellationToken cancellationToken) =>
        Done(await accounts.ResetSecondFactorAsync(Id, Visitor.Session!.Caller, cancellationToken), "Users.DidResetFactor");

    private IActionResult Done(CommandResult result, string said) => Told(result, Texts[said], $"/settings/users/{Id}");

    private async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        if (await users.FindAsync(Id, cancellationToken) is not { } person) return false;
        (Person, State) = (person, person.StateAt(time.Now()));
        Roles = await roles.ListAsync(cancellationToken);
        Sessions = await sessions.ListAsync(Id, cancellationToken);
        var actor = UserAccounts.SubjectOf(Id);
        Keys = (await keys.ListAsync(cancellationToken)).Count(k => k.CreatedBy == actor && k.StateAt(time.GetUtcNow()) == ApiKeyState.Usable);
        CanChange = Roles.FirstOrDefault(r => r.Id == person.Role) is not { } role || Visitor.Session!.May.Covers(role.Permissions);
        return true;
    }
}
