using System.Net;
using Broadcasts.Contacts.Import;
using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Broadcasts.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Hosting.WindowsServices;
using Microsoft.Extensions.Options;

namespace Broadcasts.Host.Hosting;

/// <summary>How a process of ours is put together: engine and silo always, Kestrel with console and API when it serves.</summary>
internal static class ServiceHost
{
    /// <summary>More than the engine's grace: what it waits for must be recorded too.</summary>
    private static readonly TimeSpan AfterGrace = TimeSpan.FromSeconds(1.5);

    /// <summary>The whole service, its routes not mapped yet. The data directory is held by the caller.</summary>
    public static WebApplication Build(ServiceOptions options, IConfiguration configuration, DataDirectory directory)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            ApplicationName = typeof(ServiceHost).Assembly.GetName().Name,
            EnvironmentName = Environments.Production,
        });
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options, directory));
        builder.Services.AddRouting();
        if (SystemdHelpers.IsSystemdService()) builder.Services.AddSystemd();
        if (WindowsServiceHelpers.IsWindowsService()) builder.Services.AddWindowsService();
        AddCommon(builder, options, configuration);
        WebSetup.Add(builder, options);
        return builder.Build();
    }

    /// <summary>Without a web server, for commands that do their work themselves: the stores alone, or with silo and dispatch.</summary>
    public static IHost BuildHeadless(ServiceOptions options, IConfiguration configuration, bool withSilo)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddConfiguration(configuration);
        AddCommon(builder, options, configuration, withSilo, quiet: true);
        // The command hears the signals, from its first moment on, and stops its host itself.
        builder.Services.AddSingleton<IHostLifetime, DeafLifetime>();
        return builder.Build();
    }

    /// <summary>Creates or upgrades the tables and checks the keys: all that can refuse a start before anything runs.</summary>
    /// <exception cref="StartException">The database can't be reached or is newer; the master key is another one.</exception>
    public static async Task PrepareAsync(IServiceProvider services, bool withPlugins = true)
    {
        var database = services.GetRequiredService<Database>();
        try
        {
            // The key is checked first: the engine's own preparation already encrypts with it.
            database.Migrate();
            await AuditChain.PlaceOldAsync(database);
            if (services.GetService<WrappingKey>() is { } key) WrappedKeyRepository.CheckMasterKey(((PostgresDatabase)database).DataSource, key);
            // The directory, or the database's own locks, say that no import of an earlier process still runs.
            await services.GetRequiredService<ImportService>().MarkInterruptedAsync();
            if (withPlugins) await EngineSetup.PrepareAsync(services);
        }
        catch (SchemaException e)
        {
            throw new StartException(e.Message);
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new StartException($"The keys that encrypt the channels' secrets do not fit this database: {e.Message} Put the folder 'keys' of the same backup beside the database.");
        }
        catch (Exception e) when (e is System.Data.Common.DbException or System.Net.Sockets.SocketException or TimeoutException)
        {
            throw new StartException(database.Dialect.IsPostgres
                ? $"Broadcasts:Database:ConnectionString: the database can't be reached: {e.Message}"
                : $"The database in {services.GetRequiredService<EngineOptions>().DataDirectory} can't be opened: {e.Message}");
        }
    }

    private sealed class DeafLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static void AddCommon(IHostApplicationBuilder builder, ServiceOptions options, IConfiguration configuration, bool withSilo = true, bool quiet = false)
    {
        builder.Services.AddSingleton(options);
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = options.Engine.StopGrace + AfterGrace);
        AddLogging(builder.Logging, configuration, quiet);
        AddKeys(builder.Services, options);
        builder.Services.AddSingleton<ISecretProtector, SecretProtector>();
        if (withSilo) builder.AddBroadcastsEngine(options.Engine);
        else builder.Services.AddBroadcastsStores(options.Engine);
    }

    private static void AddLogging(ILoggingBuilder logging, IConfiguration configuration, bool quiet)
    {
        if (SystemdHelpers.IsSystemdService()) logging.AddSystemdConsole();
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-dd HH:mm:ss ";
            });
        }

        if (quiet)
        {
            // A command says itself what happens, and keeps standard output for its result.
            logging.SetMinimumLevel(LogLevel.Error);
            logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            return;
        }

        // What an operator can act on. More of it comes by Logging:LogLevel, which has the last word.
        logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Orleans.Runtime.Silo", LogLevel.Error)
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logging.AddConfiguration(configuration.GetSection("Logging"));
    }

    private static void AddKeys(IServiceCollection services, ServiceOptions options)
    {
        services.AddDataProtection().SetApplicationName("broadcasts");
        if (options.Engine.Database.IsPostgres)
        {
            services.AddSingleton(WrappingKey.Read(options.MasterKeyFile!));
            services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(provider => new ConfigureOptions<KeyManagementOptions>(keys =>
                keys.XmlRepository = new WrappedKeyRepository(((PostgresDatabase)provider.GetRequiredService<Database>()).DataSource, provider.GetRequiredService<WrappingKey>())));
        }
        else
        {
            services.Configure<KeyManagementOptions>(keys => keys.XmlRepository = new FileKeyRepository(Path.Combine(options.Engine.DataDirectory, "keys")));
        }
    }

    private static void Listen(KestrelServerOptions kestrel, ServiceOptions options, DataDirectory directory)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = WebSetup.MaxBody;
        foreach (var url in options.Urls)
        {
            if (url.Host == "localhost") kestrel.ListenLocalhost(url.Port);
            else kestrel.Listen(IPAddress.Parse(url.Host.Trim('[', ']')), url.Port);
        }

        directory.PrepareSocket();
        kestrel.ListenUnixSocket(directory.SocketPath);
    }
}
