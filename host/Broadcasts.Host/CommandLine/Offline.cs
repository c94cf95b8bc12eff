using Broadcasts.Host.Configuration;
using Broadcasts.Host.Hosting;

namespace Broadcasts.Host.CommandLine;

/// <summary>A command's own look at the database while no service runs: the directory is held, the stores are ready.</summary>
internal sealed class Offline : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly IHost _host;

    private Offline(DataDirectory directory, IHost host) => (_directory, _host) = (directory, host);

    public IServiceProvider Services => _host.Services;

    public static async Task<Offline> OpenAsync(ServiceOptions options, IConfiguration configuration, bool withPlugins = false)
    {
        var directory = DataDirectory.Take(options.Engine.DataDirectory);
        try
        {
            var host = ServiceHost.BuildHeadless(options, configuration, withSilo: false);
            await ServiceHost.PrepareAsync(host.Services, withPlugins);
            return new Offline(directory, host);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        _directory.Dispose();
    }
}
