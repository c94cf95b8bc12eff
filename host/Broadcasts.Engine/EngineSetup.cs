using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Broadcasts;

/// <summary>Stand-in until the engine's own.</summary>
internal static class EngineSetup
{
    public static IServiceCollection AddBroadcastsEngine(this IServiceCollection services, EngineOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton<Database>(_ => options.Database.IsPostgres ? new PostgresDatabase(options.Database.ConnectionString!) : new SqliteDatabase(Path.Combine(options.DataDirectory, "broadcasts.db")));
        return services.AddReporting().AddApiSecurity();
    }

    public static ISiloBuilder UseBroadcastsSilo(this ISiloBuilder silo, EngineOptions options)
    {
        _ = options;
        return silo.UseLocalhostClustering(0, 0);
    }
}
