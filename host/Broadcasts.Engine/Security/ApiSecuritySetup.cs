using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Security;

internal static class ApiSecuritySetup
{
    /// <summary>Keys of the API, people and their links, the record of acts, answers by idempotency key.</summary>
    public static IServiceCollection AddApiSecurity(this IServiceCollection services) => services
        .AddSingleton<ApiKeyStore>()
        .AddSingleton<AuditStore>().AddSingleton<AuditCheck>().AddSingleton<AuditExport>()
        .AddSingleton<UserStore>()
        .AddSingleton<SignInLinkStore>()
        .AddSingleton<IdempotencyStore>();
}
