using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages;

/// <summary>The first start's link: its bearer becomes the owner.</summary>
[AllowAnonymous]
internal sealed class WelcomeModel(SignInLinkStore links, UserStore users, UserManager<User> manager, ConsoleSignIn signIn, SignInLimiter limiter) : ConsolePage
{
    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    /// <summary>The browser's zone, when it says it.</summary>
    [BindProperty]
    public string? TimeZone { get; set; }

    public bool IsUsable { get; private set; }

    public List<string> Problems { get; } = [];

    public async Task<IActionResult> OnGetAsync(string token, CancellationToken cancellationToken)
    {
        await LookAsync(token, cancellationToken);
        if (!IsUsable) Response.StatusCode = 410;
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(string token, CancellationToken cancellationToken)
    {
        await LookAsync(token, cancellationToken);
        if (!IsUsable) return Page();
        var user = new User
        {
            Name = Name?.Trim() ?? "",
            Email = Email?.Trim() ?? "",
            Role = (int)UserRole.Owner,
            TimeZone = Visitor.Zones.Contains(TimeZone) ? TimeZone : null,
        };
        if (!await CheckAsync(user) || !await links.UseAsync(token, cancellationToken)) return Page();
        var created = await manager.CreateAsync(user, Password!);
        if (!created.Succeeded)
        {
            Problems.AddRange(created.Errors.Select(e => Texts[$"Identity.{e.Code}"]));
            return Page();
        }

        await signIn.BeginAsync(user);
        return LocalRedirect("/broadcasts");
    }

    private async Task LookAsync(string token, CancellationToken cancellationToken) =>
        IsUsable = limiter.TryEnter(HttpContext.Connection.RemoteIpAddress)
            && await links.FindAsync(token, cancellationToken) is { Purpose: SignInLinkPurpose.FirstOwner }
            && !await users.AnyAsync(cancellationToken);

    // Everything that can be refused is refused before the link is used up.
    private async Task<bool> CheckAsync(User user)
    {
        if (user.Name.Length is 0 or > 100) Problems.Add(Texts["User.NameMissing"]);
        if (!user.Email.Contains('@', StringComparison.Ordinal) || user.Email.Length > 254) Problems.Add(Texts["User.EmailInvalid"]);
        foreach (var validator in manager.PasswordValidators)
        {
            var result = await validator.ValidateAsync(manager, user, Password);
            Problems.AddRange(result.Errors.Select(e => Texts[$"Identity.{e.Code}"]));
        }

        return Problems.Count == 0;
    }
}
