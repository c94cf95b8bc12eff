namespace Broadcasts.Transports.Smtp;

/// <summary>Puts one channel together out of its settings.</summary>
internal sealed class ChannelParts(ChannelContext context)
{
    private readonly SmtpSettings _settings = context.GetSettings<SmtpSettings>();

    /// <summary>With a mailbox the transport can be asked for news; without one it can't, and the host does not try.</summary>
    public ITransport Transport()
    {
        var secrets = new Secrets(_settings);
        var tokens = _settings.UsesOAuth ? new OAuthTokens(_settings, context, secrets) : null;
        var addresses = new ReturnAddresses(_settings);
        var connections = new SmtpConnections(_settings, context, tokens);
        var writer = new MailWriter(_settings, addresses, DkimSigning.Of(_settings, context.Time), context);
        var parts = new TransportParts(connections, writer, secrets, tokens);
        if (Reader(tokens) is not { } reader) return new SmtpTransport(parts, _settings, context.Time);
        var poller = new MailboxPoller(reader, new MailNews(_settings, addresses, context), _settings, secrets, context);
        return new SmtpTransportWithMailbox(parts, poller, _settings, context.Time);
    }

    private IMailboxReader? Reader(OAuthTokens? tokens) => _settings.MailboxProtocol switch
    {
        MailboxProtocol.Imap => new ImapReader(_settings, context, tokens),
        MailboxProtocol.Pop3 => new Pop3Reader(_settings, context, tokens),
        _ => null,
    };
}

/// <summary>What sending takes.</summary>
internal sealed record TransportParts(SmtpConnections Connections, MailWriter Writer, Secrets Secrets, OAuthTokens? Tokens);
