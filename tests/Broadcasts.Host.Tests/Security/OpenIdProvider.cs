using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Broadcasts.Host.Tests.Security;

/// <summary>Somebody whom the provider knows, and what it says of them.</summary>
internal sealed record ProviderUser(string Subject, string Email, bool EmailVerified, string Name, params string[] Groups);

/// <summary>An OpenID provider on loopback: OpenIddict's server, which checks client, secret, redirect address and PKCE. Whoever comes is the one who is set.</summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    public const string ClientId = "broadcasts";
    public const string Secret = "the client's secret";

    private readonly WebApplication _app;

    private OpenIdProvider(WebApplication app) => _app = app;

    /// <summary>Who is signed in at the provider.</summary>
    public ProviderUser User { get; set; } = new("1", "nobody@example.org", true, "Nobody");

    /// <summary>Where the provider may send people back to.</summary>
    public string RedirectUri { get; set; } = "";

    public string Address => _app.Urls.First();

    public static async Task<OpenIdProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        OpenIdProvider? provider = null;
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token").SetUserInfoEndpointUris("connect/userinfo");
            server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
            server.EnableDegradedMode().AddEphemeralEncryptionKey().AddEphemeralSigningKey();
            server.RegisterScopes(Scopes.Email, Scopes.Profile);
            server.UseAspNetCore().DisableTransportSecurityRequirement().EnableAuthorizationEndpointPassthrough().EnableUserInfoEndpointPassthrough();
            server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId || context.RedirectUri != provider!.RedirectUri) context.Reject(Errors.InvalidClient, "Unknown client or redirect address.");
                return default;
            }));
            server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(context =>
            {
                if (context.ClientId != ClientId || context.ClientSecret != Secret) context.Reject(Errors.InvalidClient, "Wrong secret.");
                return default;
            }));
        });
        var app = builder.Build();
        provider = new OpenIdProvider(app);
        app.UseAuthentication();
        app.MapGet("connect/authorize", (Delegate)provider.SignIn);
        app.MapGet("connect/userinfo", (Delegate)provider.TellAsync);
        await app.StartAsync();
        return provider;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IResult SignIn()
    {
        var identity = new ClaimsIdentity("provider", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, User.Subject);
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(Scopes.OpenId, Scopes.Email, Scopes.Profile);
        return Results.SignIn(principal, authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    // As most providers have it: who it is stands in the token, the rest is asked for.
    private async Task<IResult> TellAsync(HttpContext http)
    {
        var known = await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        if (known.Principal is null) return Results.Unauthorized();
        return Results.Json(new Dictionary<string, object> { ["sub"] = User.Subject, ["email"] = User.Email, ["email_verified"] = User.EmailVerified, ["name"] = User.Name, ["groups"] = User.Groups });
    }
}
