using MailKit.Net.Smtp;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>Sends the e-mails of one channel: one recipient per transaction, several connections side by side.</summary>
internal sealed class SmtpTransport(SmtpConnections connections, MailWriter writer, SmtpSettings settings, TimeProvider time) : SingleMessageTransport, IConnectionTest
{
    // Within the time that a host gives a cancelled call.
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(1);
    private readonly string _password = settings.Password ?? "";

    protected override async Task<SendOutcome> SendAsync(OutboundMessage message, CancellationToken cancellationToken)
    {
        var (mail, fault) = writer.Write(message);
        if (mail is null) return fault!;
        using (mail)
        {
            return await WithPlaceAsync(() => SendAsync(mail, cancellationToken), cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        var outcome = await WithPlaceAsync(async () =>
        {
            var connection = await connections.OpenAsync(cancellationToken).ConfigureAwait(false);
            await connection.Client.NoOpAsync(cancellationToken).ConfigureAwait(false);
            await connections.ReturnAsync(connection).ConfigureAwait(false);
            return SendOutcome.Accepted();
        }, cancellationToken).ConfigureAwait(false);
        return outcome.Kind == SendOutcomeKind.Accepted ? null : outcome;
    }

    public override async ValueTask DisposeAsync()
    {
        await connections.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<SendOutcome> WithPlaceAsync(Func<Task<SendOutcome>> use, CancellationToken cancellationToken)
    {
        try
        {
            await connections.WaitForPlaceAsync(cancellationToken).ConfigureAwait(false);
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
            return SmtpFault.OfConnection(e, connections.ServerName, _password, time);
        }
        finally
        {
            connections.GivePlaceBack();
        }
    }

    private async Task<SendOutcome> SendAsync(MimeMessage mail, CancellationToken cancellationToken)
    {
        // A server may have closed an idle connection a moment ago. That shows at the first command, when nothing was sent: a new one then.
        if (connections.TakeIdle() is { } used && await TrySendAsync(used, mail, isFresh: false, cancellationToken).ConfigureAwait(false) is { } outcome) return outcome;
        var connection = await connections.OpenAsync(cancellationToken).ConfigureAwait(false);
        return (await TrySendAsync(connection, mail, isFresh: true, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>What the server is reading already may finish; its answer usually is on the way.</summary>
    private static void Stop(SmtpConnection connection, CancellationTokenSource limit)
    {
        if (connection.DataStarted) limit.CancelAfter(AnswerGrace);
        else limit.Cancel();
    }

    /// <summary>Null when a used connection turned out to be gone before anything was sent.</summary>
    private async Task<SendOutcome?> TrySendAsync(SmtpConnection connection, MimeMessage mail, bool isFresh, CancellationToken cancellationToken)
    {
        connection.BeginTransaction();
        // The client's own limit does not hold for asynchronous reads of a stream that it did not open.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.AnswerTimeoutSeconds), time);
        await using var stop = cancellationToken.Register(() => Stop(connection, limit));
        try
        {
            var sender = (MailboxAddress)mail.From[0];
            await connection.Client.SendAsync(mail, sender, mail.To.Mailboxes, limit.Token).ConfigureAwait(false);
            connection.Sent++;
            await connections.ReturnAsync(connection).ConfigureAwait(false);
            return SendOutcome.Accepted(mail.MessageId!);
        }
        catch (SmtpCommandException e) when (connection.Client.IsConnected && e.StatusCode != SmtpStatusCode.ServiceNotAvailable)
        {
            // The server answered; the connection is in order for the next message.
            connection.Sent++;
            await connections.ReturnAsync(connection).ConfigureAwait(false);
            return SmtpFault.OfReply(e, _password, time);
        }
        catch (Exception e) when (SmtpFault.IsKnown(e))
        {
            var dataStarted = connection.DataStarted;
            connection.Dispose();
            if (!isFresh && !dataStarted && SmtpFault.IsHangUp(e) && !cancellationToken.IsCancellationRequested) return null;
            return SmtpFault.OfLostConnection(e, dataStarted, _password, time);
        }
    }
}
