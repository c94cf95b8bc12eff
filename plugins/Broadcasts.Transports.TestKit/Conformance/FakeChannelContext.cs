using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Broadcasts.TestKit;

/// <summary>A host's context for tests: real sockets, the clock you give, a log you can read.</summary>
public sealed class FakeChannelContext : ChannelContext, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lazy<string> _folder = new(() => Directory.CreateTempSubdirectory("transport-").FullName);

    /// <summary>A context with these settings.</summary>
    public FakeChannelContext(string settingsJson, TimeProvider? time = null) => (SettingsJson, Time) = (settingsJson, time ?? TimeProvider.System);

    /// <summary>Answers HTTP instead of the network, when set.</summary>
    public HttpMessageHandler? Http { get; init; }

    /// <summary>Where the channel's webhooks would arrive; null for a host without a public address.</summary>
    public Uri? Webhook { get; init; }

    /// <summary>Refuses every TCP connection, as a provider that is down does.</summary>
    public bool RefusesConnections { get; init; }

    /// <summary>What the transport wrote.</summary>
    public ConcurrentQueue<string> LogLines { get; } = new();

    /// <inheritdoc/>
    public override string ChannelId => "test-channel";

    /// <inheritdoc/>
    public override string ChannelName => "Test channel";

    /// <inheritdoc/>
    public override string SettingsJson { get; }

    /// <inheritdoc/>
    public override ITransportLog Log => new Lines(LogLines);

    /// <inheritdoc/>
    public override TimeProvider Time { get; }

    /// <inheritdoc/>
    public override Random Random { get; } = new(1);

    /// <inheritdoc/>
    public override string DataDirectory => _folder.Value;

    /// <inheritdoc/>
    public override Uri? WebhookUrl => Webhook;

    /// <inheritdoc/>
    public override CancellationToken Stopping => _stopping.Token;

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient() => Http is null ? new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) : new HttpClient(Http, disposeHandler: false);

    /// <inheritdoc/>
    public override async ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (RefusesConnections) throw new IOException($"{host}:{port} can't be reached: refused.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"{host}:{port} can't be reached: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
        if (_folder.IsValueCreated) Directory.Delete(_folder.Value, recursive: true);
    }

    private sealed class Lines(ConcurrentQueue<string> lines) : ITransportLog
    {
        public bool IsEnabled(TransportLogLevel level) => true;

        public void Write(TransportLogLevel level, string message, string? error = null) => lines.Enqueue($"{level}: {message} {error}");
    }
}

/// <summary>Collects the outcomes of a batch and fails a test that reports one twice.</summary>
public sealed class OutcomeList : IOutcomeSink
{
    private readonly ConcurrentDictionary<int, SendOutcome> _outcomes = new();

    /// <summary>The outcomes in the order of the batch.</summary>
    public IReadOnlyList<SendOutcome> All => [.. _outcomes.OrderBy(o => o.Key).Select(o => o.Value)];

    /// <inheritdoc/>
    public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome)
    {
        if (!_outcomes.TryAdd(index, outcome)) throw new InvalidOperationException($"Message {index} was reported twice.");
    }

    /// <summary>Sends messages in one batch and gives what was reported.</summary>
    public static async Task<IReadOnlyList<SendOutcome>> SendAsync(ITransport transport, CancellationToken cancellationToken, params OutboundMessage[] messages)
    {
        ArgumentNullException.ThrowIfNull(transport);
        var outcomes = new OutcomeList();
        await transport.SendAsync(new MessageBatch(messages, outcomes), cancellationToken).ConfigureAwait(false);
        return outcomes.All;
    }
}
