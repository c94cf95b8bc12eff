using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Broadcasts.Admin.Pages.Account;

/// <summary>One's second factor: set up with a picture and a first code, renewed and turned off with a code.</summary>
internal sealed class SecondFactorModel(UserManager<User> manager, SecondFactorStore factors, ConsoleSignIn signIn) : ConsolePage
{
    [BindProperty]
    public string? Code { get; set; }

    public User Me { get; private set; } = new();

    /// <summary>What goes into the authenticator; null when the second factor is on.</summary>
    public string? Secret { get; private set; }

    /// <summary>Shown on the page that made them and never again.</summary>
    public IReadOnlyList<string>? Codes { get; private set; }

    public string? Problem { get; private set; }

    /// <summary>The secret in groups of four, as people type it.</summary>
    public string Spelled => string.Join(' ', (Secret ?? "").Chunk(4).Select(four => new string(four)));

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostOnAsync(CancellationToken cancellationToken)
    {
        Codes = await factors.TurnOnAsync(Visitor.Session!.UserId, Code ?? "", Visitor.Session.Id, cancellationToken);
        return Codes is null ? await WrongAsync(cancellationToken) : await ShowAsync(cancellationToken);
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostCodesAsync(CancellationToken cancellationToken)
    {
        if (!await IsRightAsync()) return await WrongAsync(cancellationToken);
        Codes = await factors.RenewCodesAsync(Visitor.Session!.UserId, cancellationToken);
        return await ShowAsync(cancellationToken);
    }

    [Needs(Permission.Read)]
    public async Task<IActionResult> OnPostOffAsync(CancellationToken cancellationToken)
    {
        if (!await IsRightAsync()) return await WrongAsync(cancellationToken);
        await factors.TurnOffAsync(Visitor.Session!.UserId, cancellationToken);
        Good(Texts["Factor.DidTurnOff"]);
        return LocalRedirect("/account#second-factor");
    }

    // Guesses count here as they do at a sign-in: whoever took over an open browser has five.
    private async Task<bool> IsRightAsync() => await manager.GetUserAsync(User) is { } user && await signIn.CheckCodeAsync(user, Code);

    private async Task<IActionResult> WrongAsync(CancellationToken cancellationToken)
    {
        Problem = Texts["SignIn.WrongCode"];
        Response.StatusCode = 422;
        return await ShowAsync(cancellationToken);
    }

    private async Task<IActionResult> ShowAsync(CancellationToken cancellationToken)
    {
        if (await manager.GetUserAsync(User) is not { } user) return Challenge();
        Me = user;
        if (!user.HasSecondFactor) Secret = await factors.PrepareAsync(user.Id, cancellationToken);
        return Page();
    }
}
