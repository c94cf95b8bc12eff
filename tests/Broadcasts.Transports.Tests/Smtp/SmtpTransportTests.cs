using Broadcasts.TestKit;
using Broadcasts.Transports.Smtp;
using Xunit;

namespace Broadcasts.Transports;

public sealed class SmtpTransportTests : IAsyncDisposable
{
    private const string Password = "pass-7f31c0d9e5";
    private readonly FakeSmtpServer _server = new();
    private FakeChannelContext? _context;
    private ITransport? _transport;

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await _server.DisposeAsync();
    }

    public static TheoryData<string, string, SendOutcomeKind, FailureReason?, bool> Table => new()
    {
        { "RCPT", "550 5.1.1 no such user", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { "RCPT", "553 5.1.3 bad syntax", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { "RCPT", "550 5.1.10 null MX", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { "RCPT", "550 5.2.1 mailbox disabled", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, true },
        { "RCPT", "551 user not local", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, false },
        { "RCPT", "550 5.1.8 access denied, bad outbound sender", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "RCPT", "553 5.1.7 bad sender address syntax", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "RCPT", "450 4.1.8 sender's domain not found now", SendOutcomeKind.RetryLater, FailureReason.Unreachable, false },
        { "RCPT", "550 no such user", SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress, false },
        { "RCPT", "450 4.7.1 greylisted", SendOutcomeKind.RetryLater, FailureReason.Greylisted, false },
        { "RCPT", "450 try later", SendOutcomeKind.RetryLater, FailureReason.Greylisted, false },
        { "RCPT", "452 4.2.2 mailbox full", SendOutcomeKind.RetryLater, FailureReason.MailboxFull, false },
        { "RCPT", "552 5.2.2 mailbox full", SendOutcomeKind.RetryLater, FailureReason.MailboxFull, false },
        { "RCPT", "451 4.3.0 try later", SendOutcomeKind.RetryLater, FailureReason.Unreachable, false },
        { "RCPT", "554 5.7.1 relay access denied", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "RCPT", "550 5.7.1 recipient's policy", SendOutcomeKind.ContentRejected, FailureReason.Policy, false },
        { "RCPT", "550 5.4.5 daily limit", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { "RCPT", "452 4.5.3 too many recipients", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "RCPT", "421 4.7.0 slow down", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { "RCPT", "HANGUP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "MAIL", "530 5.7.0 sign in first", SendOutcomeKind.ChannelFault, FailureReason.Credentials, false },
        { "MAIL", "550 5.7.1 not your address", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "MAIL", "552 5.3.4 too big", SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false },
        { "MAIL", "421 closing", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { "MAIL", "HANGUP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "DATA", "451 4.3.2 not now", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "DATA", "HANGUP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "DOT", "554 5.7.1 looks like spam", SendOutcomeKind.ContentRejected, FailureReason.Policy, false },
        { "DOT", "550 5.7.26 unauthenticated", SendOutcomeKind.ContentRejected, FailureReason.Policy, false },
        { "DOT", "550 5.1.8 access denied, bad outbound sender", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "DOT", "554 refused", SendOutcomeKind.ContentRejected, FailureReason.ContentRefused, false },
        { "DOT", "552 too big", SendOutcomeKind.ContentRejected, FailureReason.TooLarge, false },
        { "DOT", "451 4.7.1 greylisted", SendOutcomeKind.RetryLater, FailureReason.Greylisted, false },
        { "DOT", "452 4.3.1 disk full", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "DOT", "421 4.3.2 shutting down", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { "DOT", "503 bad sequence", SendOutcomeKind.ContentRejected, FailureReason.Unclassified, false },
        { "DOT", "HANGUP", SendOutcomeKind.InDoubt, FailureReason.ConnectionLost, false },
        { "DOT", "SILENCE", SendOutcomeKind.InDoubt, FailureReason.TimedOut, false },
        { "DOT", "DRIP", SendOutcomeKind.InDoubt, FailureReason.TimedOut, false },
        { "DOT", "what?", SendOutcomeKind.InDoubt, FailureReason.ConnectionLost, false },
        { "GREET", "554 5.7.1 you are blocked", SendOutcomeKind.ChannelFault, FailureReason.Policy, false },
        { "GREET", "421 too many connections", SendOutcomeKind.Throttled, FailureReason.Throttled, false },
        { "GREET", "HTTP/1.1 400 Bad Request", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "GREET", "HANGUP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "GREET", "SILENCE", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
        { "GREET", "DRIP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown, false },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task SendAsync_ServerReplies_IsClassified(string stage, string reply, SendOutcomeKind kind, FailureReason? reason, bool suppress)
    {
        _server.Replies[stage] = reply;
        var outcome = await SendAsync(Mail(), """, "connectTimeoutSeconds": 1, "answerTimeoutSeconds": 1""");

        Assert.Equal((kind, reason, suppress), (outcome.Kind, outcome.Reason, outcome.Suppress));
    }

    [Theory]
    [InlineData("535 5.7.8 wrong password", SendOutcomeKind.ChannelFault, FailureReason.Credentials)]
    [InlineData("534 5.7.9 use another mechanism", SendOutcomeKind.ChannelFault, FailureReason.Credentials)]
    [InlineData("454 4.7.0 not now", SendOutcomeKind.RetryLater, FailureReason.ProviderDown)]
    [InlineData("HANGUP", SendOutcomeKind.RetryLater, FailureReason.ProviderDown)]
    public async Task SendAsync_SignInRefused_IsClassified(string reply, SendOutcomeKind kind, FailureReason reason)
    {
        _server.Extensions = ["AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"];
        _server.Replies["AUTH"] = reply;
        var outcome = await SendAsync(Mail(), SignIn(Password));

        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain(Password, outcome.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The host makes a new transport when the settings change: the old one's connections end with it, the new one signs in by the new password.</summary>
    [Fact]
    public async Task SendAsync_PasswordIsReplaced_NewTransportUsesTheNewOne()
    {
        _server.Extensions = ["AUTH PLAIN"];
        _server.Password = "new-password";
        Assert.Equal(SendOutcomeKind.ChannelFault, (await SendAsync(Mail(), SignIn(Password))).Kind);

        using var context = new FakeChannelContext(Settings(SignIn("new-password")));
        await using var next = await new SmtpPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await OutcomeList.SendAsync(next, TestContext.Current.CancellationToken, Mail())).Kind);
        Assert.Single(_server.Mails);
    }

    [Theory]
    [InlineData("""{"security": "startTls"}""")]
    [InlineData("""{"security": "auto", "username": "me", "password": "secret-password"}""")]
    public async Task SendAsync_ServerOffersNoStartTls_IsAChannelsFaultAndSendsNothing(string more)
    {
        var outcome = await SendAsync(Mail(), ", " + more.Trim('{', '}'));

        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TlsRefused), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain(_server.Commands, c => c.StartsWith("AUTH", StringComparison.Ordinal) || c.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("startTls", false, 2099)]
    [InlineData("tls", true, 2099)]
    [InlineData("tls", true, 2020)]
    public async Task SendAsync_CertificateNobodyVouchesFor_IsAChannelsFaultAndSendsNothing(string security, bool tlsFromTheStart, int until)
    {
        using var certificate = Certificates.SelfSigned(until);
        (_server.Certificate, _server.TlsFromTheStart) = (certificate, tlsFromTheStart);
        var outcome = await SendAsync(Mail(), $""", "security": "{security}", "username": "me", "password": "{Password}" """);

        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TlsRefused), (outcome.Kind, outcome.Reason!.Value));
        Assert.DoesNotContain(_server.Commands, c => c.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("mail.invalid")]
    public async Task SendAsync_NobodyListensOrNoSuchName_IsLater(string host)
    {
        using var context = new FakeChannelContext($$"""{"host": "{{host}}", "port": {{FakeSmtpServer.ClosedPort()}}, "from": "news@example.org"}""");
        await using var transport = await new SmtpPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        var outcome = Assert.Single(await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Mail()));
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.ProviderDown), (outcome.Kind, outcome.Reason!.Value));
    }

    [Fact]
    public async Task SendAsync_HostStopsWhileTheAnswerTravels_LetsTheMessageFinish()
    {
        await OpenAsync();
        using var stop = new CancellationTokenSource();
        _server.OnDot = () => stop.Cancel();
        var outcome = Assert.Single(await OutcomeList.SendAsync(_transport!, stop.Token, Mail()));

        Assert.Equal(SendOutcomeKind.Accepted, outcome.Kind);
    }

    [Fact]
    public async Task SendAsync_ServerSpeaksNoTls_IsAChannelsFault()
    {
        var outcome = await SendAsync(Mail(), """, "security": "tls" """);
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TlsRefused), (outcome.Kind, outcome.Reason!.Value));
        Assert.Contains("security=starttls", outcome.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_Email_HasTheHeadersOfAGoodSender()
    {
        var outcome = await SendAsync(Mail());
        var mail = Assert.Single(_server.Mails);

        Assert.Equal(SendOutcomeKind.Accepted, outcome.Kind);
        Assert.Equal(["d-17@example.org"], outcome.ProviderIds);
        Assert.Contains("Message-Id: <d-17@example.org>", mail, StringComparison.Ordinal);
        Assert.Contains("From: News <news@example.org>", mail, StringComparison.Ordinal);
        Assert.Contains("To: Ana =?utf-8?", mail, StringComparison.Ordinal);
        Assert.Contains("Subject: Hello Bcc: victim@example.org", mail, StringComparison.Ordinal);
        Assert.DoesNotContain("\nBcc:", mail, StringComparison.Ordinal);
        Assert.Contains("List-Unsubscribe: <https://example.org/o/1>", mail, StringComparison.Ordinal);
        Assert.Contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click", mail, StringComparison.Ordinal);
        Assert.Contains("Feedback-ID: b-1:test-channel:broadcasts", mail, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Precedence: bulk", mail, StringComparison.Ordinal);
        Assert.Contains("multipart/alternative", mail, StringComparison.Ordinal);
        Assert.Contains("<b>hola</b>", mail, StringComparison.Ordinal);
        Assert.DoesNotContain(mail.Split('\n'), line => line.Length > 998 || line.Any(c => c > 127));
        Assert.Contains("MAIL FROM:<news@example.org>", _server.Commands.Single(c => c.StartsWith("MAIL", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_OtherKinds_BecomeMails()
    {
        await OpenAsync();
        await SendAsync(new OutboundMessage { Id = "1", To = "a@example.org", Content = new ChoicesContent { Prompt = "Which?", Options = ["red", "blue"] } });
        await SendAsync(new OutboundMessage { Id = "2", To = "a@example.org", Content = new FileContent { FileName = "a.txt", MediaType = "text/plain", Bytes = "hello"u8.ToArray(), Caption = "see" } });

        Assert.Contains("2. blue", _server.Mails.First(), StringComparison.Ordinal);
        Assert.Contains("filename=a.txt", _server.Mails.Last(), StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String("hello"u8), _server.Mails.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SendAsync_AddressWithAHeaderInIt_IsRefusedUnsent()
    {
        var outcome = await SendAsync(new OutboundMessage { Id = "1", To = "a@example.org\r\nRCPT TO:<victim@example.org>", Content = new TextContent { Text = "x" } });

        Assert.Equal((SendOutcomeKind.RecipientRejected, false), (outcome.Kind, outcome.Suppress));
        Assert.Empty(_server.Commands);
    }

    [Fact]
    public async Task SendAsync_ManyMessages_ReusesConnectionsAndRenewsThem()
    {
        await OpenAsync(""", "maxConnections": 3, "messagesPerConnection": 20""");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 120).Select(i => SendAsync(Mail($"m{i}"))));

        Assert.All(outcomes, o => Assert.Equal(SendOutcomeKind.Accepted, o.Kind));
        Assert.Equal(120, _server.Mails.Count);
        Assert.InRange(_server.Connections, 6, 8);
    }

    [Fact]
    public async Task SendAsync_IdleConnectionWasClosed_UsesANewOneUnseen()
    {
        await OpenAsync();
        await SendAsync(Mail("m1"));
        _server.Replies["QUIT"] = "HANGUP";
        // The next MAIL on the old connection is met with a hang-up; a new connection's is not.
        _server.Replies["MAIL"] = "HANGUP";
        var first = SendAsync(Mail("m2"));
        while (_server.Connections < 2) await Task.Yield();
        _server.Replies.TryRemove("MAIL", out _);

        Assert.Contains((await first).Kind, new[] { SendOutcomeKind.Accepted, SendOutcomeKind.RetryLater });
        Assert.Equal(SendOutcomeKind.Accepted, (await SendAsync(Mail("m3"))).Kind);
        Assert.DoesNotContain(_server.Mails.GroupBy(m => m), g => g.Count() > 1);
    }

    [Fact]
    public async Task TestAsync_GoodAndBadServer_SaysSo()
    {
        await OpenAsync();
        Assert.Null(await ((IConnectionTest)_transport!).TestAsync(TestContext.Current.CancellationToken));
        Assert.Empty(_server.Mails);
        await _transport.DisposeAsync();
        _server.Replies["GREET"] = "554 go away";
        await OpenAsync();
        Assert.Equal(SendOutcomeKind.ChannelFault, (await ((IConnectionTest)_transport!).TestAsync(TestContext.Current.CancellationToken))!.Kind);
    }

    [Theory]
    [InlineData("""{"host": "h", "from": "nobody"}""", "from")]
    [InlineData("""{"host": "h", "from": "a@b.org", "username": "u"}""", "password")]
    [InlineData("""{"host": "mail.example.org", "from": "a@b.org", "username": "u", "password": "p", "security": "none"}""", "security")]
    public void Validate_SettingsThatCantWork_NamesTheSetting(string json, string setting)
    {
        using var context = new FakeChannelContext(json);
        Assert.Equal(setting, Assert.Single(new SmtpPlugin().Validate(context)).Setting);
    }

    private async Task<SendOutcome> SendAsync(OutboundMessage message, string more = "")
    {
        if (_transport is null) await OpenAsync(more);
        return Assert.Single(await OutcomeList.SendAsync(_transport!, TestContext.Current.CancellationToken, message));
    }

    private async Task OpenAsync(string more = "")
    {
        _context?.Dispose();
        _context = new FakeChannelContext(Settings(more));
        _transport = await new SmtpPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
    }

    private string Settings(string more) => $$"""{"host": "127.0.0.1", "port": {{_server.Port}}, "from": "News <news@example.org>"{{more}}}""";

    private static string SignIn(string password) => $""", "security": "none", "username": "me", "password": "{password}" """;

    private static OutboundMessage Mail(string id = "d-17") => new()
    {
        Id = id,
        To = "ana@example.org",
        ToName = "Ana Íñiguez",
        BroadcastId = "b-1",
        UnsubscribeUrl = "https://example.org/o/1",
        Content = new EmailContent { Subject = "Hello\r\nBcc: victim@example.org", Text = "hola señor\n" + new string('x', 2000), Html = "<b>hola</b> señor" },
    };
}
