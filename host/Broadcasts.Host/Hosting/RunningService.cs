using Broadcasts.Host.Configuration;
using Broadcasts.Security;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Broadcasts.Host.Hosting;

/// <summary>Starts the service, says where it is, and waits until somebody stops it.</summary>
internal static class RunningService
{
    /// <param name="options">The settings.</param>
    /// <param name="configuration">Where they come from.</param>
    /// <param name="cancellationToken">A stop that came before the host could hear of it.</param>
    /// <param name="welcome">Who says how to sign in, in place of the link that creates the owner.</param>
    public static async Task<int> RunAsync(ServiceOptions options, IConfiguration configuration, CancellationToken cancellationToken, Func<WebApplication, Task>? welcome = null)
    {
        using var directory = DataDirectory.Take(options.Engine.DataDirectory);
        await using var app = ServiceHost.Build(options, configuration, directory);
        // Neither needs the other: a core each saves a fifth of the start.
        await Task.WhenAll(ServiceHost.PrepareAsync(app.Services), Task.Run(() => WebSetup.Map(app)));
        await OpenIdSetup.CheckRolesAsync(app.Services);
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new StartException($"Broadcasts:Urls: {e.Message} Another program listens there. Stop it, or set another address with --urls or Broadcasts__Urls.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Asked to stop while it was still starting.
            return ExitCodes.Done;
        }

        directory.ProtectSocket();
        await SayWhereAsync(app, options);
        try
        {
            await (welcome ?? SayOwnerLinkAsync)(app);
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Stopped before everything was said; the host ends below as at any other time.
        }

        await app.WaitForShutdownAsync();
        return HasFailed(app) ? ExitCodes.Failed : ExitCodes.Done;
    }

    // The host stops when work in the background breaks. A service manager must see that as a failure, or it would not start us again.
    private static bool HasFailed(WebApplication app) =>
        app.Services.GetServices<IHostedService>().OfType<BackgroundService>().Any(service => service.ExecuteTask is { IsFaulted: true });

    /// <summary>Addresses that people can open.</summary>
    public static string AddressOf(IHost app) =>
        ((WebApplication)app).Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .First(a => !a.Contains("unix:", StringComparison.Ordinal))
            .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);

    private static async Task SayWhereAsync(WebApplication app, ServiceOptions options)
    {
        var output = Console.Out;
        await output.WriteLineAsync($"Broadcasts {typeof(RunningService).Assembly.GetName().Version?.ToString(3)} is ready: {AddressOf(app)}");
        await output.WriteLineAsync($"Data: {options.Engine.DataDirectory} ({options.Engine.Database.Provider})");
        await output.FlushAsync();
    }

    private static async Task SayOwnerLinkAsync(WebApplication app)
    {
        if (await app.Services.GetRequiredService<UserStore>().AnyAsync()) return;
        var token = await app.Services.GetRequiredService<SignInLinkStore>().CreateAsync(SignInLinkPurpose.FirstOwner);
        await Console.Out.WriteLineAsync($"Nobody can sign in yet. This link creates the owner, once, within {SignInLinkStore.Lifetime.TotalHours:0} hours: {AddressOf(app)}/welcome/{token}");
        await Console.Out.FlushAsync();
    }
}
