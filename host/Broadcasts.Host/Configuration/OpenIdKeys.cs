using System.Net;

namespace Broadcasts.Host.Configuration;

/// <summary>Settings of the OpenID provider.</summary>
internal static class OpenIdKeys
{
    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        new("OpenId:Authority", "", "Address of an OpenID provider by which people may sign in: https://login.example.com. Its redirect address is PublicUrl and /sign-in/openid/callback.", ReadAuthority),
        new("OpenId:ClientId", "", "What the provider calls this installation.", (text, o) => ConfigKeys.Text(text, value => o.Engine.OpenId.ClientId = value)),
        new("OpenId:ClientSecret", "", "What proves to the provider that it is this installation; better in the environment or a file than here.", (text, o) => ConfigKeys.Text(text, value => o.Engine.OpenId.ClientSecret = value)),
        new("OpenId:ClientSecretFile", "", "A file whose text is the client secret.", ReadSecretFile),
        new("OpenId:Name", "OpenID", "The provider's name on the sign-in page.", (text, o) => ConfigKeys.Text(text, value => o.Engine.OpenId.Name = value)),
        new("OpenId:AllowedDomains", "", "E-mail domains, separated by semicolons, whose people are taken without an invitation. Empty: only who was invited.", (text, o) => ConfigKeys.Text(text, value =>
            o.Engine.OpenId.AllowedDomains = [.. Parts(value).Select(domain => domain.TrimStart('@').ToLowerInvariant())])),
        new("OpenId:DefaultRole", "Viewer", "Role of who comes without an invitation, by its name.", (text, o) => ConfigKeys.Text(text, value => o.Engine.OpenId.DefaultRole = value)),
        new("OpenId:RoleClaim", "", "The claim whose values give roles, at every sign-in: groups.", (text, o) => ConfigKeys.Text(text, value => o.Engine.OpenId.RoleClaim = value)),
        new("OpenId:Roles", "", "Which value gives which role, the first that fits: admins=Owner;marketing=Sender.", ReadRoles),
    ];

    private static string? ReadAuthority(string text, ServiceOptions options)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) return $"'{text}' is not an address. Write https://login.example.com.";
        if (url.Scheme == Uri.UriSchemeHttp && !IsLoopback(url)) return $"'{text}': a provider elsewhere is asked over https:// alone.";
        options.Engine.OpenId.Authority = url;
        return null;
    }

    private static string? ReadSecretFile(string text, ServiceOptions options)
    {
        var path = Path.GetFullPath(text);
        if (!File.Exists(path)) return $"There is no file '{path}'.";
        options.Engine.OpenId.ClientSecret = File.ReadAllText(path).Trim();
        return null;
    }

    private static string? ReadRoles(string text, ServiceOptions options)
    {
        var roles = new List<(string, string)>();
        foreach (var part in Parts(text))
        {
            // A value may hold an equals sign itself: cn=admins,dc=example=Owner.
            var at = part.LastIndexOf('=');
            if (at <= 0 || at == part.Length - 1) return $"'{part}' is not a value and a role. Write admins=Owner;marketing=Sender.";
            roles.Add((part[..at].Trim(), part[(at + 1)..].Trim()));
        }

        options.Engine.OpenId.Roles = roles;
        return null;
    }

    private static string[] Parts(string text) => text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsLoopback(Uri url) => url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
