using Microsoft.Extensions.DependencyInjection;

namespace Broadcasts.Security;

internal static class ApiSecuritySetup
{
    /// <summary>Keys of the API, people with their roles, sessions and links, the record of acts, answers by idempotency key.</summary>
    public static IServiceCollection AddApiSecurity(this IServiceCollection services) => services
        .AddSingleton<ApiKeyStore>()
        .AddSingleton<AuditStore>().AddSingleton<AuditCheck>().AddSingleton<AuditExport>()
        .AddSingleton<UserStore>()
        .AddSingleton<UserAccounts>()
        .AddSingleton<RoleStore>()
        .AddSingleton<Sessions>()
        .AddSingleton<SecondFactorStore>()
        .AddSingleton<ExternalSignIns>()
        .AddSingleton<SignInLinkStore>()
        .AddSingleton<IdempotencyStore>();
}
