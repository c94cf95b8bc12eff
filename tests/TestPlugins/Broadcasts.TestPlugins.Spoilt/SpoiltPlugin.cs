using Acme.Pigeon;

[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.TestPlugins.Spoilt.SpoiltPlugin))]

namespace Broadcasts.TestPlugins.Spoilt;

/// <summary>A good transport that breaks the one promise that <c>behaviour.txt</c> beside it names; whole without the file.</summary>
public sealed class SpoiltPlugin : ITransportPlugin
{
    private static readonly string File = Path.Combine(Path.GetDirectoryName(typeof(SpoiltPlugin).Assembly.Location)!, "behaviour.txt");
    private static readonly List<object> Kept = [];
    private int _read;
    private readonly string _behaviour = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File).Trim() : "";

    public SpoiltPlugin()
    {
        if (_behaviour == "throws-in-constructor") throw new InvalidOperationException("no licence");
    }

    public TransportDescriptor Descriptor => new()
    {
        Id = _behaviour == "changes-its-id" && _read++ > 0 ? "other" : "spoilt",
        DisplayName = "Spoilt",
        AddressKind = AddressKinds.Phone,
        Settings = _behaviour == "has-a-nameless-setting" ? new SettingsForm { Fields = [.. SettingsForm.For<Settings>().Fields, new SettingField { Name = "more", Type = SettingType.Text, Label = " " }] } : SettingsForm.For<Settings>(),
        Capabilities = new TransportCapabilities { Content = _behaviour == "carries-nothing" ? ContentKinds.None : ContentKinds.Text, SendDeadline = TimeSpan.FromSeconds(35) },
    };

    public SettingProblem[] Validate(ChannelContext context) => _behaviour == "refuses-good-settings" ? [new SettingProblem("apiKey", "No key is good enough.")] : [];

    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        var settings = context.GetSettings<Settings>();
        if (settings.ApiKey.Length == 0) throw _behaviour == "bug-on-missing-settings" ? new ArgumentException("apiKey") : new TransportConfigurationException("Give the API key.");
        // Nobody stops it: the timer's queue points to this plugin for ever.
        if (_behaviour == "leaves-a-timer") Kept.Add(new Timer(_ => Kept.TrimExcess(), null, TimeSpan.FromHours(1), TimeSpan.FromHours(1)));
        var http = _behaviour == "overlooks-dates" ? new HttpClient(new DeafToDates(context.CreateHttpClient())) : context.CreateHttpClient();
        return new(new SpoiltTransport(_behaviour, settings, new Transport(settings, http, context.Time)));
    }
}

internal sealed class SpoiltTransport(string behaviour, Settings settings, Transport inner) : ITransport, IWebhookReceiver
{
    private int _sent;

    public async Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        if (behaviour == "loses-what-is-too-much" && Interlocked.Increment(ref _sent) > 50) return;
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
        "believes-the-header" when request.Headers.ContainsKey("X-Signature") => new(new WebhookResult { Events = [new Receipt { Key = "k", At = DateTimeOffset.UnixEpoch, MessageId = "m", Status = ReceiptStatus.Delivered }] }),
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
        ("blames-whoever-it-was-for", SendOutcomeKind.RetryLater) => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true),
        ("fails-for-server-errors", SendOutcomeKind.InDoubt) when outcome.Code == "500" => SendOutcome.ContentRejected(FailureReason.Unclassified),
        ("repeats-what-it-cant-read", SendOutcomeKind.InDoubt) when outcome.Reason == FailureReason.UnreadableAnswer => SendOutcome.RetryLater(FailureReason.ProviderDown),
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

/// <summary>Understands a wait in seconds, and none that ends on a date.</summary>
internal sealed class DeafToDates(HttpClient http) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var same = new HttpRequestMessage(request.Method, request.RequestUri) { Content = request.Content };
        foreach (var (name, values) in request.Headers) same.Headers.TryAddWithoutValidation(name, values);
        var response = await http.SendAsync(same, cancellationToken).ConfigureAwait(false);
        if (response.Headers.RetryAfter?.Date is not null) response.Headers.RetryAfter = null;
        return response;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) http.Dispose();
        base.Dispose(disposing);
    }
}
