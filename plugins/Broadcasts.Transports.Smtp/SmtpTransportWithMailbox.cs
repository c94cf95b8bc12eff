namespace Broadcasts.Transports.Smtp;

/// <summary>Sends, and reads what comes back.</summary>
internal sealed class SmtpTransportWithMailbox(TransportParts parts, MailboxPoller poller, SmtpSettings settings, TimeProvider time) : SmtpTransport(parts, settings, time), IEventPoller
{
    public TimeSpan PollInterval => poller.Interval;

    public ValueTask<PollResult> PollAsync(string? cursor, CancellationToken cancellationToken) => poller.PollAsync(cursor, cancellationToken);

    public override async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken) =>
        await base.TestAsync(cancellationToken).ConfigureAwait(false) ?? await poller.TestAsync(cancellationToken).ConfigureAwait(false);
}
