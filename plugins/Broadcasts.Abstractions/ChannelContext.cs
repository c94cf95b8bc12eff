namespace Broadcasts;

/// <summary>Everything that the host gives a transport for one channel. A transport reaches for nothing else of the host.</summary>
public abstract class ChannelContext
{
    /// <summary>The channel's id, for logs and references.</summary>
    public abstract string ChannelId { get; }

    /// <summary>The channel's name as its owner wrote it.</summary>
    public abstract string ChannelName { get; }

    /// <summary>The settings as JSON, secrets included, already checked against the form. Use <see cref="GetSettings{T}"/>.</summary>
    public abstract string SettingsJson { get; }

    /// <summary>Log of this channel. The host redacts the values of secret settings.</summary>
    public abstract ITransportLog Log { get; }

    /// <summary>The clock. Use it instead of the system clock and own timers so that tests can drive it.</summary>
    public abstract TimeProvider Time { get; }

    /// <summary>Random numbers; seeded in tests.</summary>
    public abstract Random Random { get; }

    /// <summary>A folder of this channel's own that exists and may be written to.</summary>
    public abstract string DataDirectory { get; }

    /// <summary>The public address under which the host receives this channel's webhooks; null when no public address is configured.</summary>
    public abstract Uri? WebhookUrl { get; }

    /// <summary>Fires when the host retires this load. Keep no registration on it beyond dispose.</summary>
    public abstract CancellationToken Stopping { get; }

    /// <summary>A client on the host's pooled connections: proxy, TLS and address policy are the host's. The caller disposes the client; the connections stay.</summary>
    public abstract HttpClient CreateHttpClient();

    /// <summary>Opens a TCP connection under the host's address policy, with Nagle's algorithm off.</summary>
    /// <exception cref="IOException">The host can't be found, refuses, or is not allowed.</exception>
    public abstract ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken);

    /// <summary>The settings as the plugin's own class; see <see cref="SettingsForm"/>.</summary>
    /// <exception cref="TransportConfigurationException">A setting is missing or has the wrong type.</exception>
    public T GetSettings<T>() where T : class, new() => SettingsForm.Bind<T>(SettingsJson);
}

/// <summary>A log without dependencies.</summary>
public interface ITransportLog
{
    /// <summary>True when messages of this level are kept.</summary>
    bool IsEnabled(TransportLogLevel level);

    /// <summary>Writes a line. Never one per message sent: the ledger records those.</summary>
    void Write(TransportLogLevel level, string message, string? error = null);
}

/// <summary>How much a log line matters.</summary>
public enum TransportLogLevel
{
    /// <summary>For the author.</summary>
    Debug = 0,

    /// <summary>For the record.</summary>
    Information = 1,

    /// <summary>Something is odd.</summary>
    Warning = 2,

    /// <summary>Something failed.</summary>
    Error = 3,
}
