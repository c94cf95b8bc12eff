using System.Collections.Concurrent;
using System.Globalization;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;

namespace Broadcasts.Channels;

/// <summary>A channel as this process uses it: its transport, its budget, its room for messages in flight.</summary>
internal sealed class ChannelRuntime(long id, IBudgetGrain budget)
{
    private volatile Channel? _channel;
    private long _downSince;
    private int _downs;

    public long Id { get; } = id;

    public IBudgetGrain Budget { get; } = budget;

    public InFlightGate InFlight { get; } = new();

    public UnusedPermits Unused { get; } = new();

    public ClaimNotice Notice { get; } = new();

    public Channel Channel => _channel!;

    public ChannelTransport Transport { get; private set; } = null!;

    public RetryLimits Limits => new(Channel.MaxAttempts, TimeSpan.FromMilliseconds(Channel.RetryForMs));

    public void Use(Channel channel, ChannelTransport transport)
    {
        (_channel, Transport) = (channel, transport);
        InFlight.Limit = Math.Clamp(transport.Capabilities.MaxInFlight, 1, 4096);
    }

    /// <summary>The provider answered: it is not down.</summary>
    public void Answered() => Volatile.Write(ref _downs, 0);

    /// <summary>The provider could not be reached.</summary>
    /// <returns>How long it has been so, and how many times in a row.</returns>
    public (TimeSpan For, int Times) Down(long now)
    {
        var times = Interlocked.Increment(ref _downs);
        if (times == 1) Volatile.Write(ref _downSince, now);
        return (TimeSpan.FromMilliseconds(now - Volatile.Read(ref _downSince)), times);
    }
}

/// <summary>The channels that this process has opened.</summary>
internal sealed class ChannelRuntimes(ChannelStore channels, PluginHost plugins, IGrainFactory grains, EngineOptions options)
{
    private readonly ConcurrentDictionary<long, ChannelRuntime> _open = new();

    /// <summary>The channel with its settings of now; null when it does not exist. Its transport may have a problem: look at it.</summary>
    public async Task<ChannelRuntime?> OpenAsync(long id, CancellationToken cancellationToken)
    {
        if (await channels.GetAsync(id) is not { } channel) return null;
        var transport = await plugins.OpenAsync(SettingsOf(channel, await channels.ReadSettingsAsync(id)), cancellationToken);
        if (!_open.TryGetValue(id, out var runtime))
        {
            // Whole before others can see it: pollers and dispatchers walk over the open channels at any time.
            runtime = new ChannelRuntime(id, grains.GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(id)));
            runtime.Use(channel, transport);
            runtime.InFlight.StartCold();
            runtime = _open.GetOrAdd(id, runtime);
        }

        runtime.Use(channel, transport);
        return runtime;
    }

    /// <summary>Opens those again that were changed since, by whatever process.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (_open.IsEmpty) return;
        foreach (var (id, version) in await channels.VersionsAsync())
        {
            if (_open.TryGetValue(id, out var runtime) && runtime.Channel.Version != version) await OpenAsync(id, cancellationToken);
        }
    }

    /// <summary>A channel that was opened before.</summary>
    public ChannelRuntime? Find(long id) => _open.GetValueOrDefault(id);

    public IEnumerable<ChannelRuntime> All => _open.Values;

    public ChannelTransportSettings SettingsOf(Channel channel, string settingsJson) => new()
    {
        ChannelId = channel.Id.ToString(CultureInfo.InvariantCulture),
        ChannelName = channel.Name,
        TransportId = channel.Transport,
        SettingsJson = settingsJson,
        WebhookUrl = options.PublicUrl is { } url ? new Uri(url, $"hooks/{channel.Id}") : null,
    };
}
