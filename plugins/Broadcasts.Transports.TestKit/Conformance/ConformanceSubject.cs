namespace Broadcasts.TestKit;

/// <summary>A transport to be checked, and what the checks need to know of it.</summary>
internal sealed class ConformanceSubject
{
    private volatile bool _hangs;

    /// <summary>A fresh instance of the plugin.</summary>
    public required Func<ITransportPlugin> CreatePlugin { get; init; }

    /// <summary>The built assembly, for the check of its unloading.</summary>
    public required string AssemblyPath { get; init; }

    /// <summary>Settings that pass the form and the plugin's own check.</summary>
    public required string SettingsJson { get; init; }

    /// <summary>Settings whose provider can't be reached; null when unknown.</summary>
    public string? UnreachableSettingsJson { get; init; }

    /// <summary>A context; the handler stands for the provider when it is given.</summary>
    public required Func<string, HttpMessageHandler?, FakeChannelContext> CreateContext { get; init; }

    /// <summary>A message that the transport can carry.</summary>
    public required Func<int, OutboundMessage> Message { get; init; }

    /// <summary>A webhook request that is genuine for these settings; null when it can't be made here.</summary>
    public Func<ChannelContext, WebhookRequest?> GenuineWebhook { get; init; } = _ => null;

    /// <summary>True when a provider answers who takes everything: then messages must be accepted.</summary>
    public bool ProviderAccepts { get; init; }

    /// <summary>Makes a transport, uses it and takes it down.</summary>
    public async Task<T> WithTransportAsync<T>(string settings, HttpMessageHandler? http, Func<ITransport, FakeChannelContext, Task<T>> use, CancellationToken cancellationToken)
    {
        await using var plugin = CreatePlugin();
        using var context = CreateContext(settings, http);
        var transport = await plugin.CreateAsync(context, cancellationToken).ConfigureAwait(false);
        try
        {
            return await use(transport, context).ConfigureAwait(false);
        }
        finally
        {
            await TakeDownAsync(transport).ConfigureAwait(false);
        }
    }

    /// <summary>Disposes a transport. One check is about that; a transport that hangs in it is not waited for in every other one.</summary>
    public async Task TakeDownAsync(ITransport transport)
    {
        var disposing = Task.Run(() => transport.DisposeAsync().AsTask(), CancellationToken.None);
        if (_hangs) return;
        try
        {
            await disposing.WaitAsync(TimeSpan.FromSeconds(5), TimeProvider.System).ConfigureAwait(false);
        }
        catch (TimeoutException) when (!disposing.IsCompleted)
        {
            _hangs = true;
        }
    }

    /// <summary>Sends one message to a scripted provider; null when the transport never asked for an HTTP client.</summary>
    public async Task<(SendOutcome? Outcome, FakeChannelContext Context)?> SendToAsync(ScriptedProvider provider, CancellationToken cancellationToken) =>
        await WithTransportAsync<(SendOutcome?, FakeChannelContext)?>(SettingsJson, provider, async (transport, context) =>
        {
            var outcomes = await OutcomeList.SendAsync(transport, cancellationToken, Message(0)).ConfigureAwait(false);
            return provider.Requests == 0 ? null : (outcomes.Count == 1 ? outcomes[0] : null, context);
        }, cancellationToken).ConfigureAwait(false);
}
