using System.Globalization;
using MimeKit;

namespace Broadcasts.Transports.Smtp;

/// <summary>One poll of the mailbox: a page of mails becomes news. What breaks on the way never costs what was read before it.</summary>
internal sealed class MailboxPoller(IMailboxReader reader, MailNews news, SmtpSettings settings, Secrets secrets, ChannelContext context)
{
    // A mail that broke the connection this often is left out, so that those behind it are read.
    private const int MostBreaks = 3;
    private string? _breaker;
    private int _breaks;
    private bool _isDown;

    public TimeSpan Interval => TimeSpan.FromSeconds(settings.MailboxPollSeconds);

    public async ValueTask<PollResult> PollAsync(string? cursor, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.MailboxTimeoutSeconds), context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var began = context.Time.GetTimestamp();
        var events = new List<TransportEvent>();
        var page = new MailPage(mail => Take(mail, events), () => context.Time.GetElapsedTime(began).TotalSeconds > settings.MailboxTimeoutSeconds / 2.0, cursor)
        {
            LeavesOut = name => name == _breaker && _breaks >= MostBreaks,
        };
        try
        {
            await reader.ReadAsync(cursor, page, either.Token).ConfigureAwait(false);
            _isDown = false;
        }
        catch (Exception e) when (MailboxConnection.IsKnown(e) && !cancellationToken.IsCancellationRequested)
        {
            Remember(page.InHand);
            page.HasMore = false;
            if (Trouble(e) is { } trouble) events.Add(trouble);
        }

        return new PollResult { Events = [.. events], Cursor = page.Cursor, HasMore = page.HasMore };
    }

    /// <summary>Null when the mailbox can be read.</summary>
    public async ValueTask<SendOutcome?> TestAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(settings.MailboxTimeoutSeconds), context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            // Looks, and takes nothing.
            await reader.ReadAsync(null, new MailPage(static _ => { }, static () => true, null), either.Token).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (MailboxConnection.IsKnown(e))
        {
            return MailboxConnection.NeedsAPerson(e)
                ? SendOutcome.ChannelFault(e is SmtpRefusedException or MailKit.Security.AuthenticationException ? FailureReason.Credentials : FailureReason.Misconfigured, Words(e))
                : SendOutcome.RetryLater(FailureReason.ProviderDown, Words(e));
        }
    }

    private void Take(Stream mail, List<TransportEvent> events)
    {
        try
        {
            using var parsed = MimeMessage.Load(mail);
            events.AddRange(news.Of(parsed));
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException or InvalidOperationException or IOException)
        {
            // Not a mail, or one like no other: those behind it are read.
            context.Log.Write(TransportLogLevel.Warning, "A mail in the mailbox can't be read; it is left out.", secrets.Hide(e.Message));
        }
    }

    private void Remember(string? inHand)
    {
        if (inHand is null) return;
        (_breaker, _breaks) = inHand == _breaker ? (inHand, _breaks + 1) : (inHand, 1);
        if (_breaks == MostBreaks) context.Log.Write(TransportLogLevel.Warning, $"The mail {inHand} broke the connection to the mailbox {MostBreaks} times; it is left out.");
    }

    /// <summary>Said once per outage to those who run the channel when a person is needed; a server that is down for a moment is a line in the log.</summary>
    private ChannelNews? Trouble(Exception e)
    {
        context.Log.Write(TransportLogLevel.Warning, "The mailbox can't be read.", Words(e));
        if (!MailboxConnection.NeedsAPerson(e) || _isDown) return null;
        _isDown = true;
        var now = context.Time.GetUtcNow();
        return new ChannelNews { Key = string.Create(CultureInfo.InvariantCulture, $"mailbox:{now.ToUnixTimeMilliseconds()}"), At = now, Detail = Words(e) };
    }

    private string Words(Exception e)
    {
        var server = $"{settings.MailboxServer}:{settings.EffectiveMailboxPort}";
        return e switch
        {
            OperationCanceledException or TimeoutException => $"The mailbox at {server} did not answer in time.",
            MailKit.Security.AuthenticationException => $"The mailbox at {server} refused the user name or password: {secrets.Hide(e.Message)}",
            MailKit.FolderNotFoundException => $"The mailbox at {server} has no folder '{settings.MailboxFolder}'.",
            _ => $"The mailbox at {server}: {secrets.Hide(e.Message)}",
        };
    }
}
