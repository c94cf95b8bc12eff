using System.ComponentModel.DataAnnotations;
using System.Text.Json;

[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.TestPlugins.Lab.LabPlugin))]

namespace Broadcasts.TestPlugins.Lab;

/// <summary>What a channel of the lab does with a message.</summary>
public enum LabMode
{
    Accept,
    Throw,
    Silent,
    HangPolitely,
    HangForGood,
    Block,
    ReflectionJson,

    /// <summary>Accepts without waiting or making anything: what a call costs by itself.</summary>
    Instant,
}

/// <summary>Settings of the lab.</summary>
public sealed class LabSettings
{
    [Setting("Mode")]
    public LabMode Mode { get; set; }

    [Setting("Token"), Secret, Required]
    public string Token { get; set; } = "";

    [Setting("Reason why it can't be made")]
    public string? Broken { get; set; }
}

/// <summary>A transport for tests. A file <c>behaviour.txt</c> beside its assembly makes the whole plugin misbehave; its version is the package's.</summary>
public sealed class LabPlugin : ITransportPlugin
{
    private static readonly string Folder = Path.GetDirectoryName(typeof(LabPlugin).Assembly.Location)!;
    private static readonly string Behaviour = Read("behaviour.txt");
    private static Timer? _leak;
    private static readonly string Version = Manifest("version");

    /// <summary>The package's, so that a version of the lab can be put in for another transport; it then takes that one's settings as they are.</summary>
    private static readonly string Id = Manifest("id");

    public LabPlugin()
    {
        if (Behaviour == "throw-in-constructor") throw new InvalidOperationException("no licence");
        if (Behaviour == "hang-in-constructor") Hang.ForGood();
        if (Behaviour == "leave-a-timer") Leak();
    }

    /// <summary>Nobody stops it: the timer's queue points to this plugin for ever.</summary>
    internal static void Leak() => _leak ??= new Timer(_ => _leak?.Change(0, 0), null, TimeSpan.FromHours(1), TimeSpan.FromHours(1));

    /// <inheritdoc/>
    public TransportDescriptor Descriptor => new()
    {
        Id = Behaviour == "wrong-id" ? "other" : Id,
        DisplayName = "Lab",
        AddressKind = AddressKinds.Email,
        Settings = SettingsForm.For<LabSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text,
            MaxBatchSize = Behaviour == "no-batches" ? 0 : 100,
            SendDeadline = TimeSpan.FromSeconds(1),
            MessagingWindow = Behaviour == "messaging-window" ? TimeSpan.FromHours(24) : null,
        },
    };

    /// <inheritdoc/>
    public async ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Behaviour == "hang-in-create") await new TaskCompletionSource().Task.ConfigureAwait(false);
        if (Behaviour == "throw-in-create") throw new NotSupportedException("not today");
        var settings = Id == "lab" ? context.GetSettings<LabSettings>() : new LabSettings();
        if (settings.Broken is { Length: > 0 } why || (Behaviour == "refuse-settings" && (why = "v2 wants more") is not null)) throw new TransportConfigurationException(why);
        context.Log.Write(TransportLogLevel.Information, $"made with {settings.Token}");
        return new LabTransport(settings, Version, Behaviour);
    }

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context) =>
        context.GetSettings<LabSettings>().Token == "bad" ? [new SettingProblem("token", "'bad' is never a token.")] : [];

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Behaviour == "hang-in-plugin-dispose") Hang.ForGood();
        return default;
    }

    private static string Manifest(string name) => JsonDocument.Parse(Read("transport.json")).RootElement.GetProperty(name).GetString()!;

    private static string Read(string name) => File.Exists(Path.Combine(Folder, name)) ? File.ReadAllText(Path.Combine(Folder, name)).Trim() : "";
}

internal sealed class LabTransport(LabSettings settings, string version, string behaviour) : ITransport, IConnectionTest, IWebhookReceiver
{
    private static readonly SendOutcome Taken = SendOutcome.Accepted("1");

    public async Task SendAsync(MessageBatch batch, CancellationToken cancellationToken)
    {
        if (behaviour == "send-cancelled") batch.ReportRest(Taken);
        cancellationToken.ThrowIfCancellationRequested();
        if (settings.Mode == LabMode.Instant)
        {
            for (var i = 0; i < batch.Count; i++) batch.Report(i, Taken);
            return;
        }

        if (behaviour == "leave-a-timer-at-work") LabPlugin.Leak();
        if (behaviour == "throw-in-send") throw new InvalidOperationException("boom");
        if (behaviour == "refuse-all") batch.ReportRest(SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: false, "nobody is good enough"));
        if (behaviour == "fault-channel") batch.ReportRest(SendOutcome.ChannelFault(FailureReason.Credentials, "the token is not understood"));
        for (var i = 0; i < batch.Count; i++)
        {
            if (settings.Mode == LabMode.Throw) throw new InvalidOperationException("boom");
            if (settings.Mode == LabMode.Silent) return;
            if (settings.Mode == LabMode.HangPolitely) await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            if (settings.Mode == LabMode.HangForGood) await new TaskCompletionSource().Task.ConfigureAwait(false);
            if (settings.Mode == LabMode.Block) Hang.ForGood();
            if (settings.Mode == LabMode.ReflectionJson) JsonSerializer.Serialize(new LabSettings());
            await Task.Yield();
            batch.Report(i, SendOutcome.Accepted($"{version}/{batch[i].Id}"));
        }
    }

    public ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken) =>
        settings.Mode == LabMode.Throw ? throw new InvalidOperationException("boom")
        : new(behaviour == "fail-connection" ? SendOutcome.ChannelFault(FailureReason.Credentials, "the token is not understood") : null);

    public ValueTask<WebhookResult> ReceiveAsync(WebhookRequest request, CancellationToken cancellationToken) =>
        new(new WebhookResult
        {
            Status = 202,
            Body = request.Body,
            Events = [new Receipt { Key = "k", At = DateTimeOffset.UnixEpoch, MessageId = "m1", Status = ReceiptStatus.Delivered }],
        });

    public ValueTask DisposeAsync()
    {
        if (behaviour == "hang-in-dispose") Hang.ForGood();
        return default;
    }
}

internal static class Hang
{
    /// <summary>Holds the caller's thread, as code that was never meant to be asynchronous does.</summary>
    public static void ForGood()
    {
        using var never = new ManualResetEventSlim();
        never.Wait(CancellationToken.None);
    }
}
