[assembly: Broadcasts.TransportPlugin(typeof(Broadcasts.Transports.Smtp.SmtpPlugin))]

namespace Broadcasts.Transports.Smtp;

/// <summary>E-mail over any SMTP server.</summary>
public sealed class SmtpPlugin : ITransportPlugin
{
    /// <inheritdoc/>
    public TransportDescriptor Descriptor { get; } = new()
    {
        Id = "smtp",
        DisplayName = new LocalizedText { English = "E-mail (SMTP)", Spanish = "Correo electrónico (SMTP)" },
        Description = new LocalizedText { English = "Sends e-mails over your mail server; reads bounces, complaints and replies from a mailbox.", Spanish = "Envía correos a través de tu servidor de correo; lee rebotes, quejas y respuestas de un buzón." },
        AddressKind = AddressKinds.Email,
        Settings = SettingsForm.For<SmtpSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Email,
            MaxFileBytes = 20 << 20,
            MaxInFlight = 64,
            // Waiting for a free connection, connecting, and the answer's own limit.
            SendDeadline = TimeSpan.FromMinutes(12),
            // Bounces, for a channel whose mailbox is read.
            Receipts = ReceiptKinds.Failed,
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context) => SettingsCheck.Of(context.GetSettings<SmtpSettings>());

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        return new ValueTask<ITransport>(new ChannelParts(context).Transport());
    }
}
