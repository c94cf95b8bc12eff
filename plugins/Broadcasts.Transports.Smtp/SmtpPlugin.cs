using System.Net;
using MimeKit;

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
        Description = new LocalizedText { English = "Sends e-mails over your mail server.", Spanish = "Envía correos a través de tu servidor de correo." },
        AddressKind = AddressKinds.Email,
        Settings = SettingsForm.For<SmtpSettings>(),
        Capabilities = new TransportCapabilities
        {
            Content = ContentKinds.Text | ContentKinds.Choices | ContentKinds.File | ContentKinds.Email,
            MaxFileBytes = 20 << 20,
            MaxInFlight = 64,
            // Waiting for a free connection, connecting, and the answer's own limit.
            SendDeadline = TimeSpan.FromMinutes(12),
        },
    };

    /// <inheritdoc/>
    public SettingProblem[] Validate(ChannelContext context)
    {
        var settings = context.GetSettings<SmtpSettings>();
        var problems = new List<SettingProblem>();
        if (!MailboxAddress.TryParse(settings.From, out var from) || !from.Address.Contains('@')) problems.Add(new SettingProblem("from", $"'{settings.From}' is not a sender. Write news@example.org or News <news@example.org>.") { MessageEs = $"«{settings.From}» no es un remitente. Escribe noticias@example.org o Noticias <noticias@example.org>." });
        if (!string.IsNullOrWhiteSpace(settings.ReplyTo) && !MailboxAddress.TryParse(settings.ReplyTo, out _)) problems.Add(new SettingProblem("replyTo", $"'{settings.ReplyTo}' is not an e-mail address.") { MessageEs = $"«{settings.ReplyTo}» no es una dirección de correo." });
        if (settings.HasCredentials && string.IsNullOrEmpty(settings.Password)) problems.Add(new SettingProblem("password", "A user name needs its password.") { MessageEs = "Un usuario necesita su contraseña." });
        if (!settings.HasCredentials && !string.IsNullOrEmpty(settings.Password)) problems.Add(new SettingProblem("username", "A password needs its user name.") { MessageEs = "Una contraseña necesita su usuario." });
        if (settings is { Security: SmtpSecurity.None, HasCredentials: true } && !IsThisMachine(settings.Host))
        {
            problems.Add(new SettingProblem("security", "Credentials would cross the network in clear text. Choose startTls, tls or auto.") { MessageEs = "Las credenciales cruzarían la red sin cifrar. Elige startTls, tls o auto." });
        }

        return [.. problems];
    }

    /// <inheritdoc/>
    public ValueTask<ITransport> CreateAsync(ChannelContext context, CancellationToken cancellationToken)
    {
        if (Validate(context) is [var problem, ..]) throw new TransportConfigurationException(problem.Message);
        var settings = context.GetSettings<SmtpSettings>();
        var connections = new SmtpConnections(settings, context);
        return new ValueTask<ITransport>(new SmtpTransport(connections, new MailWriter(settings, context), settings, context.Time));
    }

    internal static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
