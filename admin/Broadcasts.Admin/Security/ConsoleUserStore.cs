using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;

namespace Broadcasts.Admin.Security;

/// <summary>ASP.NET Core Identity's view of <see cref="UserStore"/>: hashing, lock-out and stamps are Identity's, the rows are ours.</summary>
internal sealed class ConsoleUserStore(UserStore users) :
    IUserPasswordStore<User>, IUserEmailStore<User>, IUserSecurityStampStore<User>, IUserLockoutStore<User>, IUserTwoFactorStore<User>
{
    public async Task<IdentityResult> CreateAsync(User user, CancellationToken cancellationToken) =>
        await users.CreateAsync(user, new Problem("", "firstOwner", "The first owner, by the link of the first start"), cancellationToken) ? IdentityResult.Success : Taken;

    public async Task<IdentityResult> UpdateAsync(User user, CancellationToken cancellationToken) =>
        await users.UpdateAsync(user, cancellationToken) ? IdentityResult.Success : Taken;

    /// <summary>People are disabled, never deleted: the audit names them.</summary>
    public Task<IdentityResult> DeleteAsync(User user, CancellationToken cancellationToken) =>
        throw new NotSupportedException("Users are disabled, not deleted.");

    public Task<User?> FindByIdAsync(string userId, CancellationToken cancellationToken) =>
        long.TryParse(userId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? users.FindAsync(id, cancellationToken) : Task.FromResult<User?>(null);

    // The address is the name, so both lookups are the same.
    public Task<User?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => users.FindByEmailAsync(normalizedUserName, cancellationToken);

    public Task<User?> FindByEmailAsync(string normalizedEmail, CancellationToken cancellationToken) => users.FindByEmailAsync(normalizedEmail, cancellationToken);

    public Task<string> GetUserIdAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.Id.ToString(CultureInfo.InvariantCulture));

    public Task<string?> GetUserNameAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task SetUserNameAsync(User user, string? userName, CancellationToken cancellationToken) => SetEmailAsync(user, userName, cancellationToken);

    public Task<string?> GetNormalizedUserNameAsync(User user, CancellationToken cancellationToken) => GetNormalizedEmailAsync(user, cancellationToken);

    public Task SetNormalizedUserNameAsync(User user, string? normalizedName, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetEmailAsync(User user, string? email, CancellationToken cancellationToken)
    {
        user.Email = email ?? "";
        return Task.CompletedTask;
    }

    public Task<string?> GetEmailAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task<bool> GetEmailConfirmedAsync(User user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetEmailConfirmedAsync(User user, bool confirmed, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<string?> GetNormalizedEmailAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email.ToUpperInvariant());

    public Task SetNormalizedEmailAsync(User user, string? normalizedEmail, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetPasswordHashAsync(User user, string? passwordHash, CancellationToken cancellationToken)
    {
        user.PasswordHash = passwordHash;
        return Task.CompletedTask;
    }

    public Task<string?> GetPasswordHashAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash);

    public Task<bool> HasPasswordAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.PasswordHash is not null);

    public Task SetSecurityStampAsync(User user, string stamp, CancellationToken cancellationToken)
    {
        user.SecurityStamp = stamp;
        return Task.CompletedTask;
    }

    public Task<string?> GetSecurityStampAsync(User user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.SecurityStamp);

    public Task<DateTimeOffset?> GetLockoutEndDateAsync(User user, CancellationToken cancellationToken) =>
        Task.FromResult(user.LockedUntil is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : (DateTimeOffset?)null);

    public Task SetLockoutEndDateAsync(User user, DateTimeOffset? lockoutEnd, CancellationToken cancellationToken)
    {
        user.LockedUntil = lockoutEnd?.ToUnixTimeMilliseconds();
        return Task.CompletedTask;
    }

    public async Task<int> IncrementAccessFailedCountAsync(User user, CancellationToken cancellationToken) =>
        user.FailedSignIns = await users.CountFailedSignInAsync(user.Id, cancellationToken);

    public Task ResetAccessFailedCountAsync(User user, CancellationToken cancellationToken)
    {
        user.FailedSignIns = 0;
        return Task.CompletedTask;
    }

    public Task<int> GetAccessFailedCountAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.FailedSignIns);

    public Task<bool> GetLockoutEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task SetLockoutEnabledAsync(User user, bool enabled, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool> GetTwoFactorEnabledAsync(User user, CancellationToken cancellationToken) => Task.FromResult(user.HasSecondFactor);

    /// <summary>It is turned on with its secret and recovery codes, by <see cref="SecondFactorStore"/>.</summary>
    public Task SetTwoFactorEnabledAsync(User user, bool enabled, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A second factor is turned on and off by SecondFactorStore.");

    public void Dispose()
    {
    }

    private static IdentityResult Taken { get; } = IdentityResult.Failed(new IdentityError { Code = "DuplicateEmail", Description = "The e-mail address is taken." });
}
