using System.Diagnostics.CodeAnalysis;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>One connection. Knows whether the server has asked for the message's text: from then on a lost connection leaves it in doubt.</summary>
internal sealed class SmtpConnection : IDisposable
{
    private readonly StageLog _stage = new();

    public SmtpConnection(SmtpSettings settings)
    {
        Client = new ReportingClient(_stage, settings)
        {
            LocalDomain = string.IsNullOrWhiteSpace(settings.HeloName) ? System.Net.Dns.GetHostName() : settings.HeloName,
            // Asking a certificate's issuer over the network fails closed behind most firewalls; the chain and the name are checked.
            CheckCertificateRevocation = false,
        };
    }

    public SmtpClient Client { get; }

    /// <summary>Messages handed over so far.</summary>
    public int Sent { get; set; }

    public long LastUsed { get; set; }

    /// <summary>The server said 354 in the present transaction.</summary>
    public bool DataStarted => _stage.DataStarted;

    public void BeginTransaction() => _stage.DataStarted = false;

    public void Dispose() => Client.Dispose();

    /// <summary>MailKit's protocol log, used to see one reply. It keeps nothing, credentials least of all.</summary>
    private sealed class StageLog : IProtocolLogger
    {
        public bool DataStarted { get; set; }

        [AllowNull]
        public IAuthenticationSecretDetector AuthenticationSecretDetector { get; set; } = null!;

        public void LogConnect(Uri uri)
        {
        }

        public void LogClient(byte[] buffer, int offset, int count)
        {
        }

        public void LogServer(byte[] buffer, int offset, int count)
        {
            if (buffer.AsSpan(offset, count).StartsWith("354"u8)) DataStarted = true;
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>
/// Asks servers that offer it for delivery status notifications (RFC 3461): of failures always, of deliveries when the settings say so. The envelope id is the signed name of the message, so that a
/// report names it even where addresses were rewritten on the way. Of the message only the headers come back.
/// </summary>
internal sealed class ReportingClient : SmtpClient
{
    private readonly DeliveryStatusNotification? _asked;

    public ReportingClient(IProtocolLogger log, SmtpSettings settings)
        : base(log)
    {
        // Without an address for them nobody reads the reports: the server's own default holds.
        if (!string.IsNullOrWhiteSpace(settings.BounceAddress)) _asked = DeliveryStatusNotification.Failure | (settings.AskForDelivery ? DeliveryStatusNotification.Success : 0);
        DeliveryStatusNotificationType = DeliveryStatusNotificationType.HeadersOnly;
    }

    protected override string? GetEnvelopeId(MimeMessage message) => _asked is null ? null : message.MessageId?.Split('@')[0];

    protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox) => _asked;
}

/// <summary>The server can't be used as the settings demand.</summary>
internal sealed class SmtpRefusedException(SendOutcome outcome) : Exception(outcome.Detail)
{
    public SendOutcome Outcome { get; } = outcome;
}

/// <summary>Opens connections as the settings demand, and never weaker.</summary>
internal static class SmtpConnector
{
    public static async Task<SmtpConnection> ConnectAsync(SmtpSettings settings, ChannelContext context, OAuthTokens? tokens, CancellationToken cancellationToken)
    {
        var connection = new SmtpConnection(settings);
        Stream? stream = null;
        try
        {
            stream = await context.ConnectAsync(settings.Host, settings.EffectivePort, cancellationToken).ConfigureAwait(false);
            await connection.Client.ConnectAsync(stream, settings.Host, settings.EffectivePort, OptionsOf(settings), cancellationToken).ConfigureAwait(false);
            // One way to write a message's text, whose stages can be told apart.
            connection.Client.Capabilities &= ~(SmtpCapabilities.Chunking | SmtpCapabilities.BinaryMime);
            if (settings.HasCredentials) await SignInAsync(connection.Client, settings, tokens, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            connection.Dispose();
            if (stream is not null) await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static SecureSocketOptions OptionsOf(SmtpSettings settings) => settings.Security switch
    {
        SmtpSecurity.None => SecureSocketOptions.None,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.Auto when !settings.HasCredentials && SettingsCheck.IsThisMachine(settings.Host) => SecureSocketOptions.None,
        SmtpSecurity.Auto when settings.EffectivePort == 465 => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.StartTls,
    };

    private static Task SignInAsync(SmtpClient client, SmtpSettings settings, OAuthTokens? tokens, CancellationToken cancellationToken)
    {
        return client.Capabilities.HasFlag(SmtpCapabilities.Authentication)
            ? SignIn.RunAsync(client, settings.Username!, settings.Password ?? "", tokens, cancellationToken)
            : throw new SmtpRefusedException(SendOutcome.ChannelFault(FailureReason.Credentials, $"{settings.Host} takes no user name. Leave it empty, or use the port for submission (587 or 465)."));
    }
}
