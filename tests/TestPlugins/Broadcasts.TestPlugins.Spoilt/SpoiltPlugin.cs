using Acme.Pigeon;

[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.TestPlugins.Spoilt.SpoiltPlugin))]

namespace Broadcasts.TestPlugins.Spoilt;

/// <summary>A good transport that breaks the one promise that <c>behaviour.txt</c> beside it names; whole without the file.</summary>
public sealed class SpoiltPlugin : ITransportPlugin
{
    private static readonly string File = Path.Combine(Path.GetDirectoryName(typeof(SpoiltPlugin).Assembly.Location)!, "behaviour.txt");
    private static readonly List<object> Kept = [];
    private readonly string _behaviour = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).Trim() : "";

    public SpoiltPlugin()
    {
        if (_behaviour == "throws-in-constructor") throw new InvalidOperationException("no licence");
    }

    public TransportDescriptor Descriptor => new()
    {
        Id = "spoilt",
        DisplayName = "Spoilt",
        AddressKind = AddressKinds.Phone,
        Settings = SettingsForm.For<Settings>(),
        Capabilities = new TransportCapabilities { Content = _behaviour == "carries-nothing" ? ContentKinds.None : ContentKinds.Text, SendDeadline = TimeSpan.FromSeconds(35) },
    };

    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        var settings = context.GetSettings<Settings>();
        if (settings.ApiKey.Length == 0) throw _behaviour == "bug-on-missing-settings" ? new ArgumentException("apiKey") : new TransportConfigurationException("Give the API key.");
        // Nobody stops it: the timer's queue points to this plugin for ever.
        if (_behaviour == "leaves-a-timer") Kept.Add(new Timer(_ => Kept.TrimExcess(), null, TimeSpan.FromHours(1), TimeSpan.FromHours(1)));
        return new(new SpoiltTransport(_behaviour, settings, new Transport(settings, context.CreateHttpClient(), context.Time)));
    }
}

internal sealed class SpoiltTransport(string behaviour, Settings settings, Transport inner) : ITransport, IWebhookReceiver
{
    public async Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        if (behaviour == "reports-nothing") return;
        if (behaviour == "sends-after-cancel" && cancellationToken.IsCancellationRequested)
        {
            batch.ReportRest(SendOutcome.Accepted("too late"));
            return;
        }

        var outcomes = new Sink();
        var messages = Enumerable.Range(0, batch.Count).Select(i => batch[i]).ToArray();
        await inner.SendAsync(new MessageBatch(messages, outcomes), behaviour == "ignores-cancel" ? CancellationToken.None : cancellationToken).ConfigureAwait(false);
        foreach (var (index, outcome) in outcomes.All) batch.Report(index, Spoil(outcome));
    }

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken) => behaviour switch
    {
        "believes-anybody" => new(new WebhookResult { Events = [new Receipt { Key = "k", At = DateTimeOffset.UnixEpoch, MessageId = "m", Status = ReceiptStatus.Delivered }] }),
        "throws-on-garbage" when request.Body.Length == 0 => throw new InvalidOperationException("no body"),
        _ => inner.ReceiveAsync(request, cancellationToken),
    };

    public async ValueTask DisposeAsync()
    {
        if (behaviour == "hangs-in-dispose") await new TaskCompletionSource().Task.ConfigureAwait(false);
        await inner.DisposeAsync().ConfigureAwait(false);
    }

    private SendOutcome Spoil(SendOutcome outcome) => (behaviour, outcome.Kind) switch
    {
        ("forgets-the-wait", SendOutcomeKind.Throttled) => SendOutcome.Throttled(outcome.Scope),
        ("fails-recipients-for-the-channel", SendOutcomeKind.ChannelFault) => SendOutcome.RecipientRejected(FailureReason.Unclassified, suppress: false),
        ("blames-the-address", SendOutcomeKind.ContentRejected) => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true),
        ("resends-what-may-be-sent", SendOutcomeKind.InDoubt) => SendOutcome.RetryLater(FailureReason.ProviderDown),
        ("tells-secrets", not SendOutcomeKind.Accepted) => SendOutcome.ContentRejected(FailureReason.Unclassified, $"refused with key {settings.ApiKey}"),
        _ => outcome,
    };

    private sealed class Sink : IOutcomeSink
    {
        public List<(int Index, SendOutcome Outcome)> All { get; } = [];

        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome) => All.Add((index, outcome));
    }
}
