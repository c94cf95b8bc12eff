using System.Net.Sockets;
using MailKit;
using MailKit.Net.Imap;
using MailKit.Net.Pop3;
using MailKit.Security;

namespace Broadcasts.Transports.Smtp;

/// <summary>Reads a mailbox from where it stopped, a page at a time, without changing what others see of it.</summary>
internal interface IMailboxReader
{
    /// <summary>The next mails, oldest first.</summary>
    /// <param name="cursor">Where the last page ended; null at the first one. A cursor that can't be read is as good as none.</param>
    /// <param name="page">Takes the mails. What it has when this throws was read whole and may be used.</param>
    /// <param name="cancellationToken">Cancelled at the limit.</param>
    Task ReadAsync(string? cursor, MailPage page, CancellationToken cancellationToken);
}

/// <summary>One page while it is being read: what the mails said, and where the next one starts.</summary>
internal sealed class MailPage(Action<Stream> take, Func<bool> isTimeUp, string? cursor)
{
    public string? Cursor { get; private set; } = cursor;

    public bool HasMore { get; set; }

    /// <summary>The mail that is being fetched, while it is: what a reader dies of again and again must be known to be left out.</summary>
    public string? InHand { get; private set; }

    /// <summary>A mail that broke the connection each time is not asked for again.</summary>
    public Func<string, bool> LeavesOut { get; init; } = static _ => false;

    /// <summary>True when the rest is for the next poll.</summary>
    public bool IsTimeUp => isTimeUp();

    /// <summary>Fetches one mail and hands it on; the cursor is moved past it whatever it held.</summary>
    /// <param name="name">The mail's name in the mailbox.</param>
    /// <param name="fetch">Null when it is gone or the server won't give it.</param>
    /// <param name="cursorAfter">Where to go on behind it.</param>
    public async Task TakeAsync(string name, Func<Task<Stream?>> fetch, Func<string> cursorAfter)
    {
        if (!LeavesOut(name))
        {
            InHand = name;
            if (await fetch().ConfigureAwait(false) is { } mail)
            {
                await using (mail.ConfigureAwait(false)) take(mail);
            }

            InHand = null;
        }

        Cursor = cursorAfter();
    }

    public void MoveTo(string cursor) => Cursor = cursor;
}

/// <summary>What mailbox servers have in common.</summary>
internal static class MailboxConnection
{
    /// <summary>Mails of a page.</summary>
    public const int MostMails = 100;

    public static bool IsKnown(Exception e) => e is IOException or SocketException or ProtocolException or CommandException or AuthenticationException or SslHandshakeException
        or SmtpRefusedException or OperationCanceledException or TimeoutException or ServiceNotConnectedException or ServiceNotAuthenticatedException or NotSupportedException or FolderNotFoundException;

    /// <summary>What only a person can mend.</summary>
    public static bool NeedsAPerson(Exception e) => e is AuthenticationException or SslHandshakeException or NotSupportedException or FolderNotFoundException
        or SmtpRefusedException { Outcome.Kind: SendOutcomeKind.ChannelFault };

    /// <summary>Connects under the host's policy, as the settings demand, and signs in.</summary>
    public static async Task OpenAsync(MailService client, SmtpSettings settings, ChannelContext context, OAuthTokens? tokens, CancellationToken cancellationToken)
    {
        // Asking a certificate's issuer over the network fails closed behind most firewalls; the chain and the name are checked.
        client.CheckCertificateRevocation = false;
        var (host, port) = (settings.MailboxServer, settings.EffectiveMailboxPort);
        var stream = await context.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        try
        {
            await (client switch
            {
                ImapClient imap => imap.ConnectAsync(stream, host, port, OptionsOf(settings), cancellationToken),
                Pop3Client pop => pop.ConnectAsync(stream, host, port, OptionsOf(settings), cancellationToken),
                _ => throw new ArgumentException(client.GetType().Name, nameof(client)),
            }).ConfigureAwait(false);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        await SignIn.RunAsync(client, settings.MailboxUser, settings.MailboxSecret, tokens, cancellationToken).ConfigureAwait(false);
    }

    private static SecureSocketOptions OptionsOf(SmtpSettings settings) => settings.MailboxSecurity switch
    {
        SmtpSecurity.None => SecureSocketOptions.None,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        SmtpSecurity.Auto when settings.EffectiveMailboxPort is not (143 or 110) => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.StartTls,
    };
}
