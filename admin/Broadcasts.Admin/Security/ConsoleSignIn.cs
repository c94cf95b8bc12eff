using System.Security.Claims;
using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Broadcasts.Admin.Security;

/// <summary>Signs people in and out. Every sign-in is a session of its own; somebody with a second factor is asked for it in between.</summary>
internal sealed class ConsoleSignIn(SignInManager<User> manager, Sessions sessions, UserStore users, IOptions<IdentityOptions> options, IHttpContextAccessor accessor, TimeProvider time)
{
    private const string How = "how";

    private HttpContext Context => accessor.HttpContext ?? throw new InvalidOperationException("There is no request.");

    /// <summary>The first factor was right. True when the person is signed in, false when the second one is asked for on <c>/sign-in/code</c>.</summary>
    /// <param name="user">Whose.</param>
    /// <param name="how">For the audit, when it was not the password.</param>
    public async Task<bool> BeginAsync(User user, Problem? how = null)
    {
        if (!user.HasSecondFactor)
        {
            await CompleteAsync(user, how);
            return true;
        }

        var identity = new ClaimsIdentity(IdentityConstants.TwoFactorUserIdScheme);
        identity.AddClaim(new Claim(options.Value.ClaimsIdentity.UserIdClaimType, $"{user.Id}"));
        // A password that was changed meanwhile makes the half sign-in void.
        identity.AddClaim(new Claim(options.Value.ClaimsIdentity.SecurityStampClaimType, user.SecurityStamp));
        if (how is not null) identity.AddClaim(new Claim(How, JsonSerializer.Serialize(how, BroadcastJson.Options)));
        await Context.SignInAsync(IdentityConstants.TwoFactorUserIdScheme, new ClaimsPrincipal(identity));
        return false;
    }

    /// <summary>Who gave the first factor here and owes the second; null when nobody does.</summary>
    public async Task<User?> HalfwayAsync()
    {
        var half = await Context.AuthenticateAsync(IdentityConstants.TwoFactorUserIdScheme);
        var claims = options.Value.ClaimsIdentity;
        if (half.Principal?.FindFirst(claims.UserIdClaimType)?.Value is not { } id || !long.TryParse(id, out var number)) return null;
        return await users.FindAsync(number) is { IsDisabled: false, HasSecondFactor: true } user && half.Principal.FindFirst(claims.SecurityStampClaimType)?.Value == user.SecurityStamp ? user : null;
    }

    /// <summary>True when a code is right, and nothing of an account that is locked out. A wrong one counts as a wrong password does.</summary>
    public async Task<bool> CheckCodeAsync(User user, string? code)
    {
        var users = manager.UserManager;
        if (await users.IsLockedOutAsync(user)) return false;
        if (string.IsNullOrWhiteSpace(code) || !await users.VerifyTwoFactorTokenAsync(user, TokenOptions.DefaultAuthenticatorProvider, code))
        {
            await users.AccessFailedAsync(user);
            return false;
        }

        await users.ResetAccessFailedCountAsync(user);
        return true;
    }

    /// <summary>The second factor was right.</summary>
    public async Task FinishAsync(User user)
    {
        var half = await Context.AuthenticateAsync(IdentityConstants.TwoFactorUserIdScheme);
        await Context.SignOutAsync(IdentityConstants.TwoFactorUserIdScheme);
        await CompleteAsync(user, half.Principal?.FindFirst(How)?.Value is { } how ? JsonSerializer.Deserialize<Problem>(how, BroadcastJson.Options) : null);
    }

    /// <summary>Writes the cookie anew after a change of what it carries; the session stays.</summary>
    public async Task RefreshAsync(User user)
    {
        if (Context.Features.Get<ConsoleSession>() is { } session) await WriteCookieAsync(user, session.Id);
    }

    public async Task EndAsync()
    {
        if (Context.Features.Get<ConsoleSession>() is { } session) await sessions.SignOutAsync(session.Id, session.UserId);
        await manager.SignOutAsync();
    }

    private async Task CompleteAsync(User user, Problem? how)
    {
        var session = await sessions.StartAsync(user.Id, Context.Request.Headers.UserAgent.ToString(), Context.Connection.RemoteIpAddress?.ToString() ?? "", how);
        user.LastSignInAt = time.Now();
        await users.UpdateAsync(user);
        await WriteCookieAsync(user, session);
    }

    private Task WriteCookieAsync(User user, string session) =>
        manager.SignInWithClaimsAsync(user, new AuthenticationProperties { IsPersistent = true }, [new Claim(ConsoleClaims.Session, session)]);
}
