using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

internal static class PluginServices
{
    /// <summary>Registers the plugins of this process. Needs a <see cref="Database"/> and logging.</summary>
    /// <param name="services">The container.</param>
    /// <param name="dataDirectory">Below it are the unpacked plugins and the channels' own folders.</param>
    /// <param name="bundledDirectory">Packages that come with the host: beside the executable, never below the working directory, where a checkout has its sources.</param>
    /// <param name="siloName">This process's name among its cluster's.</param>
    /// <param name="isCluster">True when other processes may share the database.</param>
    /// <param name="trustedSigners">Whose packages are taken; empty for anyone's.</param>
    public static IServiceCollection AddPlugins(this IServiceCollection services, string dataDirectory, string bundledDirectory, string siloName, bool isCluster, IReadOnlySet<string> trustedSigners)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new PluginLimits());
        services.AddSingleton(new PluginOptions(bundledDirectory, siloName, isCluster) { TrustedSigners = trustedSigners });
        services.AddSingleton(new PluginFolder(dataDirectory));
        services.AddSingleton(provider => new HostTransportServices(dataDirectory, provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<OutsideAddresses>()));
        services.AddSingleton<PluginStore>();
        services.AddSingleton<PluginHost>();
        services.AddSingleton<TransportCatalogue>();
        services.AddSingleton<PluginInstaller>();
        services.AddSingleton<BundledTransports>();
        services.AddSingleton<PluginVersions>();
        return services;
    }
}
