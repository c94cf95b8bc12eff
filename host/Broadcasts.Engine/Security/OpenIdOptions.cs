namespace Broadcasts.Security;

/// <summary>An OpenID provider by which people may sign in.</summary>
public sealed class OpenIdOptions
{
    /// <summary>Address of the provider, below which <c>.well-known/openid-configuration</c> is. Default: none, and nobody signs in that way.</summary>
    public Uri? Authority { get; set; }

    /// <summary>What the provider calls this installation. Default: none.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>What proves to the provider that it is this installation. Default: none.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>The provider's name on the sign-in page. Default: <c>OpenID</c>.</summary>
    public string Name { get; set; } = "OpenID";

    /// <summary>Domains whose people are taken without an invitation, in lower case. Default: none.</summary>
    public IReadOnlyList<string> AllowedDomains { get; set; } = [];

    /// <summary>Role of people who come without an invitation and whose claims name none. Default: <c>Viewer</c>.</summary>
    public string DefaultRole { get; set; } = nameof(UserRole.Viewer);

    /// <summary>The claim whose values give roles, at every sign-in. Default: none.</summary>
    public string? RoleClaim { get; set; }

    /// <summary>Which value of the claim gives which role, the first that fits. Default: none.</summary>
    public IReadOnlyList<(string Value, string Role)> Roles { get; set; } = [];

    public bool IsOn => Authority is not null;
}
