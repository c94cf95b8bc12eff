using Broadcasts;

[assembly: TransportPlugin(typeof(Acme.Pigeon.Plugin))]

namespace Acme.Pigeon;

/// <summary>What the host loads. Keep the constructor trivial: no I/O, no threads.</summary>
public sealed class Plugin : ITransportPlugin
{
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "acme-pigeon-id",
        DisplayName = "Acme.Pigeon",
        Description = new LocalizedText { English = "Sends over Acme.Pigeon.", Spanish = "Envía por Acme.Pigeon." },
        AddressKind = AddressKinds.ADDRESS_KIND,
        Settings = SettingsForm.For<Settings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices,
            MaxTextLength = 1600,
            DefaultRatePerSecond = 30,
            SendDeadline = TimeSpan.FromSeconds(35),
            Receipts = ReceiptKinds.Delivered | ReceiptKinds.Failed,
            // Only when the provider drops a repeat of the same Idempotency-Key: then the host repeats what is in doubt.
            IdempotencyWindow = null,
        },
    };

    /// <summary>Checks what the form can't express; without network.</summary>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<Settings>();
        return Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? []
            : [new SettingProblem("url", $"'{settings.Url}' is not an http or https address.") { MessageEs = $"«{settings.Url}» no es una dirección http o https." }];
    }

    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        return new(new Transport(context.GetSettings<Settings>(), context.CreateHttpClient(), context.Time));
    }
}
