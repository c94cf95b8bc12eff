using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary>A command that sends by itself: the data directory held, a host without web server started, and stopped whatever happens.</summary>
internal static class OwnHost
{
    /// <exception cref="OperationCanceledException">It was asked to stop, perhaps before the host had started.</exception>
    public static async Task<int> RunAsync(ServiceOptions options, IConfiguration configuration, Func<IServiceProvider, CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        using var directory = DataDirectory.Take(options.Engine.DataDirectory);
        using var host = ServiceHost.BuildHeadless(options, configuration, withSilo: true);
        using var ending = Cli.EndingOf(host, cancellationToken);
        await ServiceHost.PrepareAsync(host.Services);
        ending.Token.ThrowIfCancellationRequested();
        // Not cancelled halfway: a silo that has not quite started can't be stopped either.
        await host.StartAsync(CancellationToken.None);
        try
        {
            ending.Token.ThrowIfCancellationRequested();
            return await work(host.Services, ending.Token);
        }
        finally
        {
            // What is in flight finishes and is recorded before the process ends.
            await host.StopAsync(CancellationToken.None);
        }
    }
}
