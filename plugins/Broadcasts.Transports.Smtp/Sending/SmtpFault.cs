using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Broadcasts.Transports.Smtp;

/// <summary>What a server's refusal or silence means. The enhanced code (RFC 3463) first, the three digits second, the words never.</summary>
internal static partial class SmtpFault
{
    private static readonly TimeSpan GreylistWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan QuotaWait = TimeSpan.FromHours(1);

    public static bool IsKnown(Exception e) =>
        e is SmtpCommandException or SmtpProtocolException or IOException or SocketException or AuthenticationException or SslHandshakeException
            or SmtpRefusedException or OperationCanceledException or TimeoutException or ServiceNotConnectedException or ServiceNotAuthenticatedException or NotSupportedException;

    public static bool IsHangUp(Exception e) => e is IOException or SocketException or SmtpProtocolException or ServiceNotConnectedException
        or SmtpCommandException { StatusCode: SmtpStatusCode.ServiceNotAvailable };

    /// <summary>A refusal of a command or of the message.</summary>
    public static SendOutcome OfReply(SmtpCommandException e, Secrets secrets, TimeProvider time)
    {
        var status = (int)e.StatusCode;
        var text = secrets.Hide(e.Message);
        var enhanced = EnhancedCode().Match(e.Message) is { Success: true } m ? m.Value.Trim() : null;
        var code = enhanced is null ? status.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{status} {enhanced}");
        if (status == 421) return SendOutcome.Throttled(ThrottleScope.Channel, detail: text, code: code);
        if (status is 530 or 534 or 535 or 538) return SendOutcome.ChannelFault(FailureReason.Credentials, text, code);
        return OfEnhanced(enhanced, status, e.ErrorCode, text, code, time) ?? OfDigits(status, e.ErrorCode, text, code, time);
    }

    /// <summary>The connection, or the time, ran out in a transaction.</summary>
    public static SendOutcome OfLostConnection(Exception e, bool dataStarted, Secrets secrets, TimeProvider time) => e switch
    {
        // The server said why before it hung up.
        SmtpCommandException reply => OfReply(reply, secrets, time),
        ServiceNotAuthenticatedException => SendOutcome.ChannelFault(FailureReason.Credentials, secrets.Hide(e.Message), "530"),
        NotSupportedException => SendOutcome.ContentRejected(FailureReason.UnsupportedContent, $"The server can't take this message: {secrets.Hide(e.Message)}"),
        OperationCanceledException or TimeoutException when dataStarted => SendOutcome.InDoubt(FailureReason.TimedOut, "No answer after the message was written."),
        SmtpProtocolException when dataStarted => SendOutcome.InDoubt(FailureReason.ConnectionLost, secrets.Hide(e.Message)),
        _ when dataStarted => SendOutcome.InDoubt(FailureReason.ConnectionLost, $"The connection was lost after the message was written: {secrets.Hide(e.Message)}"),
        OperationCanceledException or TimeoutException => SendOutcome.RetryLater(FailureReason.TimedOut, "No answer before the message was written."),
        _ => SendOutcome.RetryLater(FailureReason.ProviderDown, $"The connection was lost before the message was written: {secrets.Hide(e.Message)}"),
    };

    /// <summary>No connection could be had: nothing was sent.</summary>
    public static SendOutcome OfConnection(Exception e, string server, Secrets secrets, TimeProvider time)
    {
        var text = secrets.Hide(e.Message);
        return e switch
        {
            SmtpRefusedException refused => refused.Outcome,
            OperationCanceledException or TimeoutException => SendOutcome.RetryLater(FailureReason.ProviderDown, $"{server} did not answer in time."),
            SslHandshakeException { ServerCertificate: null } => SendOutcome.ChannelFault(FailureReason.TlsRefused, $"{server} does not speak TLS from the first byte. Take security=starttls, or the port that does (465)."),
            SslHandshakeException => SendOutcome.ChannelFault(FailureReason.TlsRefused, $"The certificate of {server} was not accepted. {Cause(text)} Write the host as the certificate names it, or let this machine trust who issued it."),
            NotSupportedException => SendOutcome.ChannelFault(FailureReason.TlsRefused, $"{server} does not offer STARTTLS, and the settings allow no clear text. {text}"),
            // MailKit puts the server's reply in front: a 4yz is a fault of the moment.
            AuthenticationException when text.StartsWith("421", StringComparison.Ordinal) => SendOutcome.Throttled(ThrottleScope.Channel, detail: text, code: "421"),
            AuthenticationException when text.StartsWith('4') => SendOutcome.RetryLater(FailureReason.ProviderDown, $"{server} can't check credentials now: {text}"),
            AuthenticationException => SendOutcome.ChannelFault(FailureReason.Credentials, $"{server} refused the user name or password: {text}"),
            SmtpCommandException { StatusCode: SmtpStatusCode.ServiceNotAvailable } => SendOutcome.Throttled(ThrottleScope.Channel, detail: text, code: "421"),
            SmtpCommandException reply when (int)reply.StatusCode is 530 or 534 or 535 or 538 => OfReply(reply, secrets, time),
            SmtpCommandException reply when (int)reply.StatusCode >= 500 => SendOutcome.ChannelFault(FailureReason.Policy, $"{server} refused the connection: {text}", Digits(reply)),
            SmtpCommandException reply => SendOutcome.RetryLater(FailureReason.ProviderDown, $"{server}: {text}", Digits(reply)),
            _ => SendOutcome.RetryLater(FailureReason.ProviderDown, text.Contains(server, StringComparison.Ordinal) ? text : $"{server}: {text}"),
        };
    }

    private static SendOutcome? OfEnhanced(string? enhanced, int status, SmtpErrorCode stage, string text, string code, TimeProvider time) => enhanced switch
    {
        null => null,
        "5.1.1" or "5.1.2" or "5.1.3" or "5.1.6" or "5.1.10" when stage != SmtpErrorCode.SenderNotAccepted => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, text, code),
        "5.2.1" when stage != SmtpErrorCode.SenderNotAccepted => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: true, text, code),
        // Of the sender, though servers such as Postfix say it at RCPT: the same for every recipient.
        "5.1.7" or "5.1.8" => SendOutcome.ChannelFault(FailureReason.Policy, text, code),
        "5.2.2" or "4.2.2" => SendOutcome.RetryLater(FailureReason.MailboxFull, text, code),
        "4.2.1" => SendOutcome.RetryLater(FailureReason.Unreachable, text, code),
        "5.2.3" or "5.3.4" => SendOutcome.ContentRejected(FailureReason.TooLarge, text, code),
        // A day's quota; whether it is over is asked again every hour.
        "5.4.5" => SendOutcome.Throttled(ThrottleScope.Account, time.GetUtcNow() + QuotaWait, text, code),
        "4.5.3" => SendOutcome.RetryLater(FailureReason.ProviderDown, text, code),
        "4.7.28" => SendOutcome.Throttled(ThrottleScope.Channel, detail: text, code: code),
        "4.7.1" when status is 450 or 451 => SendOutcome.RetryLater(FailureReason.Greylisted, text, code, time.GetUtcNow() + GreylistWait),
        _ when enhanced.StartsWith("5.7.", StringComparison.Ordinal) => OfPolicy(enhanced, status, stage, text, code),
        _ when enhanced.StartsWith("4.", StringComparison.Ordinal) => SendOutcome.RetryLater(stage == SmtpErrorCode.RecipientNotAccepted ? FailureReason.Unreachable : FailureReason.ProviderDown, text, code),
        _ => null,
    };

    /// <summary>Policy speaks about the sender or the content; it never makes an address invalid.</summary>
    private static SendOutcome OfPolicy(string enhanced, int status, SmtpErrorCode stage, string text, string code) => stage switch
    {
        SmtpErrorCode.SenderNotAccepted => SendOutcome.ChannelFault(FailureReason.Policy, text, code),
        // Relaying denied, or this host is blocked: the same for every recipient.
        SmtpErrorCode.RecipientNotAccepted when status == 554 && enhanced == "5.7.1" => SendOutcome.ChannelFault(FailureReason.Policy, text, code),
        _ => SendOutcome.ContentRejected(FailureReason.Policy, text, code),
    };

    private static SendOutcome OfDigits(int status, SmtpErrorCode stage, string text, string code, TimeProvider time) => (status, stage) switch
    {
        (450, SmtpErrorCode.RecipientNotAccepted) => SendOutcome.RetryLater(FailureReason.Greylisted, text, code, time.GetUtcNow() + GreylistWait),
        (452, SmtpErrorCode.RecipientNotAccepted) or (552, SmtpErrorCode.RecipientNotAccepted) => SendOutcome.RetryLater(FailureReason.MailboxFull, text, code),
        ( >= 400 and < 500, _) => SendOutcome.RetryLater(FailureReason.ProviderDown, text, code),
        (552, _) => SendOutcome.ContentRejected(FailureReason.TooLarge, text, code),
        (550 or 551 or 553, SmtpErrorCode.RecipientNotAccepted) => SendOutcome.RecipientRejected(FailureReason.InvalidAddress, suppress: false, text, code),
        (550 or 551 or 553 or 554, SmtpErrorCode.SenderNotAccepted) => SendOutcome.ChannelFault(FailureReason.Policy, text, code),
        (554 or 550, _) => SendOutcome.ContentRejected(FailureReason.ContentRefused, text, code),
        _ => SendOutcome.ContentRejected(FailureReason.Unclassified, text, code),
    };

    // MailKit's first sentence says only that there was an error; the cause follows.
    private static string Cause(string text) => text[(text.IndexOf(".  ", StringComparison.Ordinal) is var at and >= 0 ? at + 3 : 0)..].Trim();

    private static string Digits(SmtpCommandException e) => ((int)e.StatusCode).ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")]
    private static partial Regex EnhancedCode();
}
