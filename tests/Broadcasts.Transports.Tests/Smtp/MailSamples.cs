using Broadcasts.Transports.Smtp;

namespace Broadcasts.Transports;

/// <summary>Mails as mailboxes hold them, about the message <see cref="Id"/> to <see cref="To"/>.</summary>
internal static class MailSamples
{
    public const string Key = "marked-bounce-key-31337";
    public const string Id = "a1b2c3d4-17";
    public const string To = "ana@example.org";
    public static readonly MailTokens Tokens = new(Key);

    public static string Verp => $"bounce+{Tokens.ForBounce(Id)}@example.net";

    public static string MessageId => $"<{Tokens.ForMessageId(Id, To)}@example.net>";

    public static string Bounce(string action = "failed", string? status = "5.1.1", string? diagnostic = "smtp; 550 5.1.1 no such user", string? to = null, string? returnedId = null, string name = "dsn-1") => $"""
        Return-Path: <>
        From: MAILER-DAEMON@mx.example.org
        To: {to ?? Verp}
        Subject: Undelivered Mail
        Message-ID: <{name}@mx.example.org>
        Date: Mon, 02 Nov 2026 10:00:00 +0000
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"

        --b
        Content-Type: text/plain

        It did not work.
        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.org

        Final-Recipient: rfc822; {To}
        Action: {action}
        {(status is null ? "" : $"Status: {status}\n")}{(diagnostic is null ? "" : $"Diagnostic-Code: {diagnostic}\n")}
        --b
        Content-Type: text/rfc822-headers

        From: news@example.net
        To: {To}
        Message-ID: {returnedId ?? "<somebody@else.example>"}
        Subject: Hello

        --b--

        """;

    public static string Complaint(string type = "abuse", string? returnedId = null, string to = To, string more = "") => $"""
        From: staff@provider.example
        To: abuse@example.net
        Subject: complaint
        Message-ID: <arf-1@provider.example>
        Date: Mon, 02 Nov 2026 10:00:00 +0000
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="b"

        --b
        Content-Type: text/plain

        A complaint.
        --b
        Content-Type: message/feedback-report

        Feedback-Type: {type}
        User-Agent: Test/1
        Version: 1
        {more}
        --b
        Content-Type: message/rfc822

        From: news@example.net
        To: {to}
        Message-ID: {returnedId ?? MessageId}
        Subject: Hello

        The text.
        --b--

        """;

    public static string Reply(string text = "Thanks!", string? inReplyTo = null, string from = "Ana <ana@example.org>", string to = "news@example.net", string headers = "X-Test: 1", string name = "reply-1", string type = "text/plain; charset=utf-8") => $"""
        From: {from}
        To: {to}
        Subject: Re: Hello
        Message-ID: <{name}@example.org>
        In-Reply-To: {inReplyTo ?? MessageId}
        Date: Mon, 02 Nov 2026 10:00:00 +0000
        MIME-Version: 1.0
        {headers}
        Content-Type: {type}

        {text}

        """;
}
