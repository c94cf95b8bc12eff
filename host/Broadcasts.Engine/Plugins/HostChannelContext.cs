using System.Net.Sockets;
using Broadcasts.Security;
using Microsoft.Extensions.Logging;

namespace Broadcasts.Plugins;

/// <summary>What the host hands to one transport.</summary>
internal sealed class HostChannelContext(HostTransportServices services, TransportInfo info, ChannelTransportSettings settings, CancellationToken stopping) : ChannelContext
{
    private readonly Lazy<string> _dataDirectory = new(() => Directory.CreateDirectory(Path.Combine(services.ChannelsDirectory, settings.ChannelId)).FullName);

    public override string ChannelId => settings.ChannelId;

    public override string ChannelName => settings.ChannelName;

    public override string SettingsJson => settings.SettingsJson;

    public override ITransportLog Log { get; } = new TransportLog(
        services.Loggers.CreateLogger("Broadcasts.Transports." + info.Id), settings.ChannelId, SettingsValidator.SecretsOf(info.Fields, settings.SettingsJson));

    public override TimeProvider Time => services.Time;

    public override Random Random => Random.Shared;

    public override string DataDirectory => _dataDirectory.Value;

    public override Uri? WebhookUrl => settings.WebhookUrl;

    public override CancellationToken Stopping => stopping;

    // The host's limits end a request by its token; a second clock inside the client would only hide which one it was.
    public override HttpClient CreateHttpClient() => new(services.Http, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

    public override async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"{host}:{port} can't be reached: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>What all transports of this process share.</summary>
/// <param name="dataDirectory">Below it are the channels' own folders.</param>
/// <param name="loggers">For what they log.</param>
/// <param name="time">Their clock.</param>
/// <param name="outside">Where their HTTP clients may go.</param>
internal sealed class HostTransportServices(string dataDirectory, ILoggerFactory loggers, TimeProvider time, OutsideAddresses outside) : IDisposable
{
    public string ChannelsDirectory { get; } = Path.Combine(Path.GetFullPath(dataDirectory), "channels");

    public ILoggerFactory Loggers { get; } = loggers;

    public TimeProvider Time { get; } = time;

    /// <summary>One pool of connections. No cookies and no redirects: an answer of one channel's provider must not reach another channel.</summary>
    public SocketsHttpHandler Http { get; } = new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        MaxConnectionsPerServer = 1024,
        ActivityHeadersPropagator = null,
        ConnectCallback = outside.ConnectAsync,
    };

    /// <summary>Deletes what a transport that was only tried kept.</summary>
    public void Forget(string channelId)
    {
        var folder = Path.Combine(ChannelsDirectory, channelId);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    public void Dispose() => Http.Dispose();
}
