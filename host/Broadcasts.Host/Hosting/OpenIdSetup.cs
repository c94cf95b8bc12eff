using Broadcasts.Admin.Pages;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Identity;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Broadcasts.Host.Hosting;

/// <summary>Signing in by an OpenID provider: authorization code with PKCE, by Microsoft's handler. Who that is here, the page decides (<see cref="OpenIdModel"/>).</summary>
internal static class OpenIdSetup
{
    public static void Add(IServiceCollection services, OpenIdOptions openId)
    {
        if (!openId.IsOn) return;
        services.AddAuthentication().AddOpenIdConnect(OpenIdModel.Scheme, o => Configure(o, openId));
    }

    /// <summary>Every role that the settings name is there: a name that is mistyped must not quietly mean another one.</summary>
    /// <exception cref="StartException">One is not.</exception>
    public static async Task CheckRolesAsync(IServiceProvider services)
    {
        var openId = services.GetRequiredService<EngineOptions>().OpenId;
        if (!openId.IsOn) return;
        var names = (await services.GetRequiredService<RoleStore>().ListAsync()).Select(r => r.Name).ToList();
        foreach (var (setting, role) in openId.Roles.Select(r => ("Roles", r.Role)).Prepend(("DefaultRole", openId.DefaultRole)))
        {
            if (!names.Contains(role.Trim(), StringComparer.OrdinalIgnoreCase)) throw new StartException($"Broadcasts:OpenId:{setting}: there is no role '{role}'. Roles: {string.Join(", ", names)}.");
        }
    }

    private static void Configure(OpenIdConnectOptions options, OpenIdOptions openId)
    {
        options.SignInScheme = IdentityConstants.ExternalScheme;
        options.Authority = openId.Authority!.ToString();
        options.ClientId = openId.ClientId;
        options.ClientSecret = openId.ClientSecret;
        options.RequireHttpsMetadata = openId.Authority.Scheme == Uri.UriSchemeHttps;
        options.CallbackPath = "/sign-in/openid/callback";
        // Both are GETs: the cookies that belong to it need no SameSite=None.
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.UsePkce = true;
        options.SaveTokens = false;
        options.MapInboundClaims = false;
        options.GetClaimsFromUserInfoEndpoint = true;
        options.Scope.Clear();
        foreach (var scope in (string[])["openid", "profile", "email"]) options.Scope.Add(scope);
        options.ClaimActions.MapJsonKey(OpenIdModel.EmailVerified, OpenIdModel.EmailVerified);
        if (openId.RoleClaim is { } roles) options.ClaimActions.MapJsonKey(roles, roles);
        foreach (var cookie in (CookieBuilder[])[options.CorrelationCookie, options.NonceCookie])
        {
            cookie.SameSite = SameSiteMode.Lax;
            cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        }

        options.Events.OnRemoteFailure = context =>
        {
            context.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("Broadcasts.OpenId").LogFailure(context.Failure);
            context.Response.Redirect("/sign-in?failed=openid");
            context.HandleResponse();
            return Task.CompletedTask;
        };
    }
}

internal static partial class OpenIdLog
{
    [LoggerMessage(LogLevel.Warning, "A sign-in by the OpenID provider failed.")]
    public static partial void LogFailure(this ILogger log, Exception? error);
}
