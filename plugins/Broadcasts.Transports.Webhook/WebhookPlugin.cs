[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.Webhook.WebhookPlugin))]

namespace Broadcasts.Transports.Webhook;

/// <summary>A signed HTTP POST per message, and signed receipts back.</summary>
public sealed class WebhookPlugin : ITransportPlugin
{
    private static readonly string[] Ours = ["host", "connection", "transfer-encoding", "idempotency-key", "x-broadcasts-signature", "x-broadcasts-event"];

    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "webhook",
        DisplayName = "Webhook",
        Description = new LocalizedText
        {
            English = "Posts each message, signed, to an address of yours.",
            Spanish = "Envía cada mensaje, firmado, a una dirección tuya.",
        },
        AddressKind = AddressKinds.ChosenByChannel,
        Settings = SettingsForm.For<WebhookSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Template | ContentKinds.Email,
            MaxChoices = 100,
            MaxFileBytes = 25 << 20,
            MaxInFlight = 256,
            SendDeadline = TimeSpan.FromSeconds(65),
            Receipts = ReceiptKinds.Delivered | ReceiptKinds.Read | ReceiptKinds.Failed,
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<WebhookSettings>();
        var problems = new List<SettingProblem>();
        if (!Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps))
        {
            problems.Add(new SettingProblem("url", $"'{settings.Url}' is not an http or https address.") { MessageEs = $"«{settings.Url}» no es una dirección http o https." });
        }

        if (settings.HeaderName is { Length: > 0 } name)
        {
            if (Ours.Contains(name, StringComparer.OrdinalIgnoreCase) || name.StartsWith("content-", StringComparison.OrdinalIgnoreCase)) problems.Add(new SettingProblem("headerName", $"The header {name} is set by the transport itself.") { MessageEs = $"El propio transporte escribe la cabecera {name}." });
            if (string.IsNullOrEmpty(settings.HeaderValue)) problems.Add(new SettingProblem("headerValue", $"Give the value of the header {name}, or leave out its name.") { MessageEs = $"Da el valor de la cabecera {name} o quita su nombre." });
        }

        return [.. problems];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        return new ValueTask<ITransport>(new WebhookTransport(context.GetSettings<WebhookSettings>(), context.CreateHttpClient(), context.Time));
    }
}
