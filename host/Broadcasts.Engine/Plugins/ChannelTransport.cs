using System.Diagnostics.CodeAnalysis;

namespace Broadcasts.Plugins;

/// <summary>What the host knows of a channel when it opens its transport.</summary>
internal sealed record ChannelTransportSettings
{
    public required string ChannelId { get; init; }

    public required string ChannelName { get; init; }

    /// <summary>The plugin's id.</summary>
    public required string TransportId { get; init; }

    /// <summary>The settings with the secrets put in.</summary>
    public required string SettingsJson { get; init; }

    public Uri? WebhookUrl { get; init; }
}

/// <summary>The stable handle of one channel's transport, whatever version and settings are behind it. It pins nothing: keep it as long as you like.</summary>
internal sealed class ChannelTransport(ChannelTransportSettings settings, PluginLimits limits)
{
    private readonly PluginLimits _limits = limits;
    private volatile TransportInstance? _current;
    private volatile SendOutcome? _problem = SendOutcome.ChannelFault(FailureReason.Misconfigured, "The channel's transport is not opened yet.");
    private volatile Func<PluginState>? _state;
    private int _changed;

    public string ChannelId => Settings.ChannelId;

    public ChannelTransportSettings Settings { get; private set; } = settings;

    /// <summary>Null when the channel can send; otherwise a channel's fault with the reason in its detail.</summary>
    public SendOutcome? Problem => _problem;

    /// <summary>True when this process has no plugin for it: another one may.</summary>
    public bool IsMissing { get; private set; } = true;

    /// <summary>How the plugin behind it fares.</summary>
    public PluginState State => _state?.Invoke() ?? PluginState.Malfunctioned;

    /// <summary>The version in use; null while there is a <see cref="Problem"/>.</summary>
    public TransportInfo? Info => _current?.Info;

    /// <summary>The limits of the version in use; the contract's defaults while there is a <see cref="Problem"/>.</summary>
    public TransportCapabilities Capabilities => _current?.Info.Capabilities ?? new TransportCapabilities();

    /// <summary>The kind of address that this channel writes to.</summary>
    public string? AddressKind => _current is { } current ? TransportCatalogue.AddressKindOf(current.Info, Settings.SettingsJson) : null;

    /// <summary>Grows with every switch to another version or other settings.</summary>
    public int Changed => Volatile.Read(ref _changed);

    public bool CanReceive => Has(TransportAbilities.Receive);

    public bool CanPoll => Has(TransportAbilities.Poll);

    public bool CanLookup => Has(TransportAbilities.Lookup);

    public bool CanTest => Has(TransportAbilities.Test);

    public bool HasTemplates => Has(TransportAbilities.Templates);

    public TimeSpan PollInterval => _current?.PollInterval ?? TimeSpan.FromMinutes(1);

    /// <summary>Pins the transport for a batch. False when there is none: <see cref="Problem"/> says why.</summary>
    public bool TryAcquire(out TransportLease lease)
    {
        var spin = new SpinWait();
        while (_current is { } current)
        {
            if (current.TryLease())
            {
                lease = new TransportLease(current);
                return true;
            }

            // Only between a switch and the end of the last call on what was switched away.
            spin.SpinOnce();
        }

        lease = default;
        return false;
    }

    /// <summary>Hands over a batch. Never throws; ends at the latest a moment after the deadline; on return every message was reported exactly once.</summary>
    public ValueTask SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        if (TryAcquire(out var lease)) return lease.SendAndReleaseAsync(batch, cancellationToken);
        batch.ReportRest(_problem ?? SendOutcome.ChannelFault(FailureReason.TransportFault, "The channel's transport is closed."));
        return ValueTask.CompletedTask;
    }

    public Task<AbilityResult<WebhookResult>> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken) =>
        AskAsync<IWebhookReceiver, WebhookResult>("receive webhooks", _limits.Webhook, async (t, token) => Copy(await t.ReceiveAsync(request, token)), cancellationToken);

    public Task<AbilityResult<PollResult>> PollAsync(string? cursor, CancellationToken cancellationToken) =>
        AskAsync<IEventPoller, PollResult>("be polled", _limits.Poll, async (t, token) => await t.PollAsync(cursor, token), cancellationToken);

    /// <summary>A null value means that the provider can't say yet.</summary>
    public Task<AbilityResult<LookupResult>> LookupAsync(LookupRequest request, CancellationToken cancellationToken) =>
        AskAsync<IDeliveryLookup, LookupResult>("look messages up", _limits.Ask, async (t, token) => await t.LookupAsync(request, token), cancellationToken);

    /// <summary>A null value means that the channel works.</summary>
    public Task<AbilityResult<SendOutcome>> TestAsync(CancellationToken cancellationToken) =>
        AskAsync<IConnectionTest, SendOutcome>("test its connection", _limits.Ask, async (t, token) => await t.TestAsync(token), cancellationToken);

    public Task<AbilityResult<IReadOnlyList<ProviderTemplate>>> ListTemplatesAsync(CancellationToken cancellationToken) =>
        AskAsync<ITemplateCatalogue, IReadOnlyList<ProviderTemplate>>("list templates", _limits.Ask, async (t, token) =>
        {
            var all = new List<ProviderTemplate>();
            await foreach (var template in t.ListAsync(token).WithCancellation(token)) all.Add(template);
            return all;
        }, cancellationToken);

    /// <summary>Puts another transport, or none and the reason, in the place of the present one, which the caller retires.</summary>
    internal TransportInstance? Switch(TransportInstance? next, SendOutcome? problem, ChannelTransportSettings settings, Func<PluginState> state, bool isMissing)
    {
        Settings = settings;
        IsMissing = isMissing;
        _state = state;
        // Whoever finds no transport must find a problem: it comes before the transport goes, and goes after the transport has come.
        if (problem is not null) _problem = problem;
        var old = Interlocked.Exchange(ref _current, next);
        _problem = problem;
        Interlocked.Increment(ref _changed);
        return old;
    }

    /// <summary>True when a transport made from exactly these settings is in place.</summary>
    internal bool Serves(ChannelTransportSettings wanted) => _current is not null && Settings == wanted;

    internal bool HasTransport => _current is not null;

    private bool Has(TransportAbilities ability) => _current is { } current && (current.Abilities & ability) != 0;

    [SuppressMessage("Reliability", "CA2000", Justification = "Disposed by the using statement.")]
    private async Task<AbilityResult<TResult>> AskAsync<TAbility, TResult>(string what, TimeSpan limit, Func<TAbility, CancellationToken, Task<TResult?>> ask, CancellationToken cancellationToken)
        where TAbility : class where TResult : class
    {
        if (!TryAcquire(out var lease)) return new(null, _problem?.Detail ?? "The channel's transport is closed.");
        using (lease)
        {
            return await lease.AskAsync(what, limit, ask, cancellationToken);
        }
    }

    // The body may be the plugin's own memory; everything else in the contract is sealed data of shared types.
    private static WebhookResult Copy(WebhookResult result) =>
        new() { Status = result.Status, MediaType = result.MediaType, Body = result.Body.ToArray(), Events = result.Events };
}
