using Broadcasts.Admin.Security;
using Broadcasts.Admin.Web;
using Broadcasts.Security;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Admin;

/// <summary>What the host calls to have the console: services, pipeline, pages.</summary>
public static class AdminSetup
{
    /// <summary>The console's sign-in cookie; the API accepts it too, so that a page's script can follow a broadcast.</summary>
    public static string CookieScheme => IdentityConstants.ApplicationScheme;

    /// <summary>Services. Needs the engine's stores in the container.</summary>
    public static IServiceCollection AddBroadcastsConsole(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddHttpContextAccessor();
        services.AddSingleton<ConsoleAssets>().AddSingleton<Texts>().AddSingleton<SignInLimiter>().AddSingleton<FormLimiter>();
        services.AddScoped<Visitor>().AddScoped<Show>().AddScoped<People>().AddScoped<BroadcastActions>().AddScoped<RuleChoices>().AddScoped<JobLook>().AddScoped<AuditLook>().AddScoped<ContentPreviews>();
        services.AddRazorPages(pages => pages.Conventions.AuthorizeFolder("/")).AddApplicationPart(typeof(AdminSetup).Assembly).AddMvcOptions(o => o.Filters.Add<PermissionFilter>());
        services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "broadcasts.form";
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        AddSignIn(services);
        return services;
    }

    /// <summary>Pipeline. Before any <c>Map…</c> of the host; sets security headers, errors, sign-in and language for every page.</summary>
    public static IApplicationBuilder UseBroadcastsConsole(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseWhen(IsConsole, console =>
        {
            console.Use(next => context => SecurityHeaders.ApplyAsync(context, next));
            console.UseExceptionHandler("/error");
            console.UseStatusCodePagesWithReExecute("/error", "?status={0}");
        });
        app.UseRouting();
        app.UseAuthentication();
        app.Use(next => context => VisitorCulture.ApplyAsync(context, next));
        app.UseAuthorization();
        return app;
    }

    /// <summary>Pages and files.</summary>
    public static void MapBroadcastsConsole(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var assets = endpoints.ServiceProvider.GetRequiredService<ConsoleAssets>();
        endpoints.MapMethods("/assets/{version}/{name}", ["GET", "HEAD"], assets.ServeAsync).AllowAnonymous().ExcludeFromDescription();
        endpoints.MapRazorPages();
    }

    // What machines call keeps its own answers: problem documents instead of pages, no redirects.
    private static bool IsConsole(HttpContext context) => !IsForMachines(context.Request.Path);

    private static bool IsForMachines(PathString path) =>
        path.StartsWithSegments("/api") || path.StartsWithSegments("/hooks") || path.StartsWithSegments("/health") || path.StartsWithSegments("/metrics");

    private static void AddSignIn(IServiceCollection services)
    {
        services.AddIdentityCore<User>(o =>
            {
                o.User.RequireUniqueEmail = true;
                o.User.AllowedUserNameCharacters = "";
                // Length is what counts; classes of characters make people write passwords down.
                o.Password.RequiredLength = 10;
                o.Password.RequireDigit = false;
                o.Password.RequireLowercase = false;
                o.Password.RequireUppercase = false;
                o.Password.RequireNonAlphanumeric = false;
                o.Password.RequiredUniqueChars = 4;
                o.Lockout.MaxFailedAccessAttempts = 5;
                o.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
            })
            .AddUserStore<ConsoleUserStore>()
            .AddClaimsPrincipalFactory<ConsoleClaims>()
            .AddTokenProvider<TotpProvider>(TokenOptions.DefaultAuthenticatorProvider)
            .AddSignInManager();
        services.AddAuthentication(IdentityConstants.ApplicationScheme).AddIdentityCookies(o =>
        {
            o.ApplicationCookie!.Configure(ConfigureCookie);
            o.TwoFactorUserIdCookie!.Configure(cookie =>
            {
                cookie.Cookie.Name = "broadcasts.halfway";
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            });
        });
        services.AddScoped<ConsoleSignIn>();
        services.AddAuthorization();
    }

    private static void ConfigureCookie(CookieAuthenticationOptions options)
    {
        options.LoginPath = "/sign-in";
        options.LogoutPath = "/sign-out";
        options.AccessDeniedPath = "/error";
        options.ReturnUrlParameter = "to";
        options.ExpireTimeSpan = Sessions.Lifetime;
        options.SlidingExpiration = true;
        options.Cookie.Name = "broadcasts.session";
        options.Cookie.HttpOnly = true;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        var signIn = options.Events.OnRedirectToLogin;
        options.Events.OnRedirectToLogin = context =>
            IsForMachines(context.Request.Path) ? AnswerAsync(context.Response, StatusCodes.Status401Unauthorized) : signIn(context);
        options.Events.OnValidatePrincipal = ConsoleSession.ValidateAsync;
        options.Events.OnRedirectToAccessDenied = context => AnswerAsync(context.Response, StatusCodes.Status403Forbidden);
    }

    private static Task AnswerAsync(HttpResponse response, int status)
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    }
}
