namespace Broadcasts.Plugins;

/// <summary>Pins the transport of one version for the time of a batch. Dispose it exactly once; don't copy it.</summary>
internal readonly struct TransportLease(TransportInstance instance) : IDisposable
{
    public TransportInfo Info => instance.Info;

    public TransportCapabilities Capabilities => instance.Info.Capabilities;

    public string Version => instance.Info.Version;

    /// <inheritdoc cref="ChannelTransport.SendAsync"/>
    public ValueTask SendAsync(MessageBatch batch, CancellationToken cancellationToken) => instance.SendAsync(batch, releases: false, cancellationToken);

    /// <summary>The same, and the lease is given back at the end: then it must not be disposed.</summary>
    public ValueTask SendAndReleaseAsync(MessageBatch batch, CancellationToken cancellationToken) => instance.SendAsync(batch, releases: true, cancellationToken);

    public Task<AbilityResult<TResult>> AskAsync<TAbility, TResult>(string what, TimeSpan limit, Func<TAbility, CancellationToken, Task<TResult?>> ask, CancellationToken cancellationToken)
        where TAbility : class where TResult : class => instance.AskAsync(what, limit, ask, cancellationToken);

    public void Dispose() => instance.Release();
}
