using MailKit.Net.Smtp;

namespace Broadcasts.Transports.Smtp;

/// <summary>Sends the e-mails of one channel: one recipient per transaction, several connections side by side.</summary>
internal class SmtpTransport(TransportParts parts, SmtpSettings settings, TimeProvider time) : SingleMessageTransport, IConnectionTest
{
    // Within the time that a host gives a cancelled call.
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(1);
    private readonly SmtpConnections _connections = parts.Connections;
    private readonly Secrets _secrets = parts.Secrets;

    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        var (mail, fault) = parts.Writer.Write(message);
        if (mail is null) return fault!;
        using (mail.Mime)
        {
            return await WithPlaceAsync(() => SendAsync(mail, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    public virtual async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        var outcome = await WithPlaceAsync(async () =>
        {
            var connection = await _connections.OpenAsync(cancellationToken).ConfigureAwait(false);
            await connection.Client.NoOpAsync(cancellationToken).ConfigureAwait(false);
            await _connections.ReturnAsync(connection).ConfigureAwait(false);
            return SendOutcome.Accepted();
        }, cancellationToken).ConfigureAwait(false);
        return outcome.Kind == SendOutcomeKind.Accepted ? null : outcome;
    }

    public override async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync().ConfigureAwait(false);
        parts.Tokens?.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<SendOutcome> WithPlaceAsync(Func<Task<SendOutcome>> use, CancellationToken cancellationToken)
    {
        try
        {
            await _connections.WaitForPlaceAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return SendOutcome.RetryLater(FailureReason.TimedOut, "No connection became free in time.");
        }

        try
        {
            return await use().ConfigureAwait(false);
        }
        catch (Exception e) when (SmtpFault.IsKnown(e))
        {
            return SmtpFault.OfConnection(e, _connections.ServerName, _secrets, time);
        }
        finally
        {
            _connections.GivePlaceBack();
        }
    }

    private async Task<SendOutcome> SendAsync(OutgoingMail mail, CancellationToken cancellationToken)
    {
        // A server may have closed an idle connection a moment ago. That shows at the first command, when nothing was sent: a new one then.
        if (_connections.TakeIdle() is { } used && await TrySendAsync(used, mail, isFresh: false, cancellationToken).ConfigureAwait(false) is { } outcome) return outcome;
        var connection = await _connections.OpenAsync(cancellationToken).ConfigureAwait(false);
        return (await TrySendAsync(connection, mail, isFresh: true, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>What the server is reading already may finish; its answer usually is on the way.</summary>
    private static void Stop(SmtpConnection connection, CancellationTokenSource limit)
    {
        if (connection.DataStarted) limit.CancelAfter(AnswerGrace);
        else limit.Cancel();
    }

    /// <summary>Null when a used connection turned out to be gone before anything was sent.</summary>
    private async Task<SendOutcome?> TrySendAsync(SmtpConnection connection, OutgoingMail mail, bool isFresh, CancellationToken cancellationToken)
    {
        connection.BeginTransaction();
        // The client's own limit does not hold for asynchronous reads of a stream that it did not open.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.AnswerTimeoutSeconds), time);
        await using var stop = cancellationToken.Register(() => Stop(connection, limit));
        try
        {
            await connection.Client.SendAsync(mail.Mime, mail.EnvelopeSender, mail.Mime.To.Mailboxes, limit.Token).ConfigureAwait(false);
            connection.Sent++;
            await _connections.ReturnAsync(connection).ConfigureAwait(false);
            return SendOutcome.Accepted(mail.Mime.MessageId!);
        }
        catch (SmtpCommandException e) when (connection.Client.IsConnected && e.StatusCode != SmtpStatusCode.ServiceNotAvailable)
        {
            // The server answered; the connection is in order for the next message.
            connection.Sent++;
            await _connections.ReturnAsync(connection).ConfigureAwait(false);
            return SmtpFault.OfReply(e, _secrets, time);
        }
        catch (Exception e) when (SmtpFault.IsKnown(e))
        {
            var dataStarted = connection.DataStarted;
            connection.Dispose();
            if (!isFresh && !dataStarted && SmtpFault.IsHangUp(e) && !cancellationToken.IsCancellationRequested) return null;
            return SmtpFault.OfLostConnection(e, dataStarted, _secrets, time);
        }
    }
}
