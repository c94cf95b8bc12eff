using System.Net;
using System.Security.Cryptography;
using System.Text;
using Broadcasts.Audiences;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Contacts.Forms;
using Broadcasts.Contacts.Jobs;
using Broadcasts.Deliveries;
using Broadcasts.Health;
using Broadcasts.Plugins;
using Broadcasts.Plugins.Health;
using Broadcasts.Reporting;
using Broadcasts.Security;
using Broadcasts.Storage;
using Broadcasts.Templates.Library;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace Broadcasts;

/// <summary>Puts the engine into a host.</summary>
internal static class EngineSetup
{
    private const string ServiceId = "broadcasts";

    /// <summary>Stores and services that need no silo: for commands that open the database alone.</summary>
    /// <remarks>The host also registers an <see cref="ISecretProtector"/>. Call <see cref="PrepareAsync"/> once before anything is used.</remarks>
    public static IServiceCollection AddBroadcastsStores(this IServiceCollection services, EngineOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<Database>(_ => options.Database.IsPostgres
            ? new PostgresDatabase(options.Database.ConnectionString!)
            : new SqliteDatabase(Path.Combine(options.DataDirectory, "broadcasts.db")));
        return services.AddContacts().AddReporting().AddApiSecurity()
            .AddSingleton<BroadcastStore>().AddSingleton<LabelStore>().AddSingleton<BroadcastChecks>().AddSingleton<BroadcastFactory>().AddSingleton<FileStore>().AddTemplates().AddSingleton<Forecasts>().AddSingleton<ForecastRuns>().AddSingleton<AudienceLooks>().AddSingleton<BroadcastPlans>()
            .AddSingleton<SingleMessageStore>().AddSingleton<SendingRulesStore>().AddSingleton<Occurrences>().AddSingleton<MissedSchedules>().AddSingleton<SafeHold>()
            .AddSingleton<ChannelStore>().AddSingleton<ContactReach>().AddSingleton<LedgerWriter>().AddSingleton<LedgerAudit>()
            .AddSingleton<MessageIds>().AddSingleton<MessageLinks>().AddSingleton(new OutsideAddresses(options.AllowedInside)).AddSingleton<InstallationChecks>().AddSingleton<ReceiptLag>().AddSingleton<HealthChecks>()
            .AddPlugins(Path.GetFullPath(options.DataDirectory), Path.Combine(AppContext.BaseDirectory, "bundled-transports"), SiloName(options), options.Database.IsPostgres, options.TrustedPluginSigners);
    }

    /// <summary>Everything: stores, silo, dispatch, schedule.</summary>
    public static void AddBroadcastsEngine(this IHostApplicationBuilder builder, EngineOptions options)
    {
        builder.Services.AddBroadcastsStores(options);
        builder.Services
            .AddSingleton<ChannelRuntimes>().AddSingleton<ChannelService>().AddSingleton<TestMessages>().AddSingleton<BroadcastTests>().AddSingleton<FinishLooks>().AddSingleton<SingleMessages>().AddSingleton<FormEntries>()
            .AddSingleton<AudienceFreezer>().AddSingleton<Exclusions>().AddSingleton<ReachAhead>().AddSingleton<BroadcastRunner>().AddSingleton<BreakerVictims>().AddSingleton<Canaries>().AddSingleton<Approvals>().AddSingleton<RemainderMove>()
            .AddSingleton<SliceStore>().AddSingleton<RecipientLoader>().AddSingleton<RecipientSpacing>().AddSingleton<RecipientLimits>().AddSingleton<Outcomes>()
            .AddSingleton<HandOverServices>().AddSingleton<DispatchMeters>().AddSingleton<DispatchSignal>()
            .AddSingleton<Receipts>().AddSingleton<HeardEvents>().AddSingleton<Answers>().AddSingleton<ProviderNews>().AddSingleton<ProviderEvents>().AddSingleton<Doubts>().AddSingleton<DispatchService>().AddSingleton<WaitingReasons>();
        builder.UseOrleans(silo => Configure(silo, options));

        // After the silo, so that they start when grains answer and stop before it does.
        builder.Services.AddHostedService(p => p.GetRequiredService<DispatchService>());
        builder.Services.AddHostedService<DueScanner>();
        builder.Services.AddHostedService<DraftEditWatch>();
        builder.Services.AddHostedService<ProcessBeat>();
        builder.Services.AddHostedService<EventPolling>();
        builder.Services.AddHostedService<IncarnationBeat>();
        builder.Services.AddHostedService<UnknownSettler>();
        builder.Services.AddHostedService<StallWatch>();
        builder.Services.AddHostedService<LedgerWatch>();
        builder.Services.AddSingleton<AuditWatch>().AddHostedService(p => p.GetRequiredService<AuditWatch>());
        builder.Services.AddHostedService<JobRunner>();
        builder.Services.AddHostedService<PluginWatch>();
        if (options.Database.IsPostgres) builder.Services.AddHostedService<DesiredPlugins>();
        if (options.PluginDropDirectory is { Length: > 0 } drop) builder.Services.AddHostedService(p => ActivatorUtilities.CreateInstance<PluginDropFolder>(p, Path.GetFullPath(drop, Path.GetFullPath(options.DataDirectory))));
    }

    /// <summary>Creates or upgrades the tables and reads what the services need before they start. Call once, before the host starts.</summary>
    /// <exception cref="SchemaException">The database was written by a newer version, or a step failed.</exception>
    public static async Task PrepareAsync(IServiceProvider services, CancellationToken cancellationToken = default)
    {
        var options = services.GetRequiredService<EngineOptions>();
        services.GetRequiredService<Database>().Migrate();
        await AuditChain.PlaceOldAsync(services.GetRequiredService<Database>(), cancellationToken);
        if (!options.Database.IsPostgres) GrainFile(options).Migrate();
        if (services.GetService<FormerLives>() is { } formerLives) await formerLives.ForgetAsync(services.GetRequiredService<Database>());
        await services.GetRequiredService<MessageIds>().InitializeAsync();
        await services.GetRequiredService<MessageLinks>().InitializeAsync();
        await services.GetRequiredService<SafeHold>().CheckAsync();
        await services.GetRequiredService<BundledTransports>().InstallAsync(cancellationToken);
    }

    private static void Configure(ISiloBuilder silo, EngineOptions options)
    {
        var address = IPAddress.Parse(options.Cluster.Address);
        var port = options.Cluster.Port > 0 ? options.Cluster.Port : ClusterPort.Choose(address, options.DataDirectory);
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.Cluster.Name, ServiceId));
        if (options.Database.IsPostgres) Cluster(silo, options, address, port);
        else Alone(silo, options, port);

        // Room for a million grains (19 MB) is taken at once by default. Ours are channels and broadcasts: some thousands.
        silo.Configure<GrainDirectoryOptions>(o => o.CacheSize = 10_000);

        // A false alarm at start: it counts from the machine's boot.
        silo.Services.AddLogging(log => log.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error));
    }

    private static void Alone(ISiloBuilder silo, EngineOptions options, int port)
    {
        silo.UseLocalhostClustering(port, gatewayPort: 0, serviceId: ServiceId, clusterId: options.Cluster.Name);
        silo.Services.AddSingleton(_ => GrainFile(options));
        silo.AddAdoNetGrainStorage(BudgetGrain.Storage, builder => builder.Configure<GatedSqliteSource>((storage, file) =>
        {
            storage.Invariant = "System.Data.SQLite";
            storage.DataSource = file;
            storage.GrainStorageSerializer = new GrainStateSerializer();
        }));
    }

    private static void Cluster(ISiloBuilder silo, EngineOptions options, IPAddress address, int port)
    {
        silo.Services.AddSingleton(new FormerLives(options.Cluster.Name, address, port));
        silo.ConfigureEndpoints(address, port, gatewayPort: 0, listenOnAnyHostAddress: false);
        silo.UseAdoNetClustering(builder => builder.Configure<Database>((clustering, database) =>
        {
            clustering.Invariant = "Npgsql";
            clustering.DataSource = ((PostgresDatabase)database).DataSource;
        }));
        silo.AddAdoNetGrainStorage(BudgetGrain.Storage, builder => builder.Configure<Database>((storage, database) =>
        {
            storage.Invariant = "Npgsql";
            storage.DataSource = ((PostgresDatabase)database).DataSource;
            storage.GrainStorageSerializer = new GrainStateSerializer();
        }));

        // A dead process is voted out in about 3 s, a hung one in 8 s, and a pause of 6 s is survived.
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            o.ProbeTimeout = TimeSpan.FromSeconds(1.5);
            o.MinProbeTimeout = TimeSpan.FromSeconds(1);
            o.MaxProbeTimeout = TimeSpan.FromSeconds(2.5);
            o.NumMissedProbesLimit = 3;
            o.TableRefreshTimeout = TimeSpan.FromSeconds(10);
            // Who starts asks everybody that wrote this within three times as long: on new machines, the dead of a moment ago too.
            o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
    }

    private static GatedSqliteSource GrainFile(EngineOptions options) => new(Path.Combine(options.DataDirectory, "grains.db"));

    // The same at every start: what this process observed of its plugins replaces what it observed before.
    private static string SiloName(EngineOptions options) =>
        $"{Environment.MachineName}:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(options.DataDirectory))))[..8]}";
}
