using System.Globalization;
using System.Security.Claims;
using Broadcasts.Security;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Broadcasts.Admin.Security;

/// <summary>What the sign-in cookie says of its user; what he may do it does not say, that is read at every request. A change of settings signs in anew, so that the cookie is never behind.</summary>
internal sealed class ConsoleClaims(IOptions<IdentityOptions> options) : IUserClaimsPrincipalFactory<User>
{
    /// <summary>The session's id.</summary>
    public const string Session = "session";

    public const string Language = "language";
    public const string TimeZone = "timeZone";
    public const string Theme = "theme";
    public const string DisplayName = "displayName";

    public Task<ClaimsPrincipal> CreateAsync(User user)
    {
        var names = options.Value.ClaimsIdentity;
        var identity = new ClaimsIdentity(IdentityConstants.ApplicationScheme, names.UserNameClaimType, names.RoleClaimType);
        identity.AddClaim(new(names.UserIdClaimType, user.Id.ToString(CultureInfo.InvariantCulture)));
        identity.AddClaim(new(names.UserNameClaimType, user.Email));
        identity.AddClaim(new(DisplayName, user.Name));
        Add(identity, Language, user.Language);
        Add(identity, TimeZone, user.TimeZone);
        Add(identity, Theme, user.Theme);
        return Task.FromResult(new ClaimsPrincipal(identity));
    }

    private static void Add(ClaimsIdentity identity, string type, string? value)
    {
        if (value is not null) identity.AddClaim(new(type, value));
    }
}
