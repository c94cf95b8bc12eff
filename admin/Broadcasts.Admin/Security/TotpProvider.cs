using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;

namespace Broadcasts.Admin.Security;

/// <summary>
/// Identity's seat for authenticators. Its own provider can't tell which step of time a code is of, and would take one twice; ours asks <see cref="SecondFactorStore"/>.
/// Because it is there, Identity does not take a right password for the end of a sign-in and leaves the count of failures alone.
/// </summary>
internal sealed class TotpProvider(SecondFactorStore factors) : IUserTwoFactorTokenProvider<User>
{
    public Task<bool> CanGenerateTwoFactorTokenAsync(UserManager<User> manager, User user) => Task.FromResult(user.HasSecondFactor);

    /// <summary>The authenticator makes the codes, not we.</summary>
    public Task<string> GenerateAsync(string purpose, UserManager<User> manager, User user) => Task.FromResult("");

    public Task<bool> ValidateAsync(string purpose, string token, UserManager<User> manager, User user) => factors.TakeAsync(user.Id, token);
}
