using Broadcasts.TestKit;
using Broadcasts.Transports.Smtp;
using Xunit;
using static Broadcasts.Transports.MailSamples;

namespace Broadcasts.Transports;

public sealed class ImapMailboxTests : MailboxTests
{
    private readonly FakeImapServer _server = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task PollAsync_EmptyMailbox_SaysNothingAndKeepsItsPlace()
    {
        var (events, cursor) = await PollAllAsync(await OpenAsync());

        Assert.Empty(events);
        Assert.Equal("imap1:7:0", cursor);
    }

    [Fact]
    public async Task PollAsync_NewMails_AreReadOnceAndChangeNothing()
    {
        var poller = await OpenAsync();
        _server.Add(Bounce(name: "one"));
        var (first, cursor) = await PollAllAsync(poller);
        var (none, same) = await PollAllAsync(poller, cursor);
        _server.Add(Reply());
        var (second, _) = await PollAllAsync(poller, same);

        Assert.IsType<Receipt>(Assert.Single(first));
        Assert.Equal("imap1:7:1", cursor);
        Assert.Empty(none);
        Assert.IsType<InboundMessage>(Assert.Single(second));
        Assert.Contains(_server.Commands, c => c.Contains(" EXAMINE ", StringComparison.Ordinal));
        Assert.DoesNotContain(_server.Commands, c => c.Contains(" SELECT ", StringComparison.Ordinal) || c.Contains("STORE", StringComparison.Ordinal) || c.Contains("EXPUNGE", StringComparison.Ordinal));
        Assert.All(_server.Commands.Where(c => c.Contains("FETCH", StringComparison.Ordinal)), c => Assert.Contains("BODY.PEEK[]<0.", c, StringComparison.Ordinal));
    }

    [Fact]
    public async Task PollAsync_ManyMails_ComePageByPageInOrder()
    {
        for (var i = 0; i < 230; i++) _server.Add(Reply(name: $"r{i}", text: $"{i}"));
        var poller = await OpenAsync();
        var first = await poller.PollAsync(null, TestContext.Current.CancellationToken);
        var (rest, cursor) = await PollAllAsync(poller, first.Cursor);

        Assert.Equal((100, true), (first.Events.Length, first.HasMore));
        Assert.Equal("imap1:7:230", cursor);
        Assert.Equal(Enumerable.Range(0, 230).Select(i => $"{i}"), first.Events.Concat(rest).Cast<InboundMessage>().Select(m => m.Text!));
    }

    [Fact]
    public async Task PollAsync_WideGapBetweenUids_IsCrossedAtOnce()
    {
        _server.Mails[1] = Reply(name: "r1");
        _server.Mails[4_000_000] = Reply(name: "r2");
        var (events, cursor) = await PollAllAsync(await OpenAsync());

        Assert.Equal((2, "imap1:7:4000000"), (events.Count, cursor));
        Assert.InRange(_server.Commands.Count(c => c.Contains("SEARCH", StringComparison.Ordinal)), 1, 4);
    }

    [Fact]
    public async Task PollAsync_ServerWithoutUidNext_ReadsNoMailTwice()
    {
        _server.AnnouncesUidNext = false;
        _server.Add(Reply());
        var poller = await OpenAsync();
        var (events, cursor) = await PollAllAsync(poller);
        var (again, _) = await PollAllAsync(poller, cursor);

        Assert.Single(events);
        Assert.Empty(again);
    }

    [Fact]
    public async Task PollAsync_UidValidityChanges_ReadsAllAgainWithTheSameKeys()
    {
        _server.Add(Bounce());
        _server.Add(Reply());
        var poller = await OpenAsync();
        var (events, cursor) = await PollAllAsync(poller);
        (_server.UidValidity, var mails) = (8, _server.Mails.Values.ToList());
        _server.Mails.Clear();
        foreach (var mail in mails) _server.Mails[(uint)(_server.Mails.Count + 50)] = mail;
        _server.Mails[99] = Reply(name: "new");
        var (again, after) = await PollAllAsync(poller, cursor);

        Assert.Equal("imap1:8:99", after);
        Assert.Equal(events.Select(e => e.Key), again.Take(2).Select(e => e.Key));
        Assert.Equal(3, again.DistinctBy(e => e.Key).Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("imap1:7")]
    [InlineData("imap1:x:y")]
    [InlineData("pop1:AAAAAAAA")]
    public async Task PollAsync_CursorOfSomethingElse_StartsFromTheBeginning(string cursor)
    {
        _server.Add(Reply());
        Assert.Single((await PollAllAsync(await OpenAsync(), cursor)).Events);
    }

    [Fact]
    public async Task PollAsync_ConnectionDropsOnTheWay_KeepsWhatWasReadAndGoesOnBehindIt()
    {
        for (var i = 1; i <= 3; i++) _server.Add(Reply(name: $"r{i}"));
        _server.Answer = line => line.Contains("FETCH 3", StringComparison.Ordinal) ? "HANGUP" : null;
        var poller = await OpenAsync();
        var (before, cursor) = await PollAllAsync(poller);
        _server.Answer = null;
        var (after, _) = await PollAllAsync(poller, cursor);

        Assert.Equal((2, "imap1:7:2", 1), (before.Count, cursor, after.Count));
        Assert.DoesNotContain(after, e => before.Any(b => b.Key == e.Key));
    }

    [Fact]
    public async Task PollAsync_OneMailBreaksTheConnectionEachTime_IsLeftOutAtLast()
    {
        for (var i = 1; i <= 3; i++) _server.Add(Reply(name: $"r{i}"));
        _server.Answer = line => line.Contains("FETCH 2", StringComparison.Ordinal) ? "HANGUP" : null;
        var poller = await OpenAsync();
        var (events, cursor) = (new List<TransportEvent>(), (string?)null);
        for (var i = 0; i < 4; i++)
        {
            var (found, next) = await PollAllAsync(poller, cursor);
            events.AddRange(found);
            cursor = next;
        }

        Assert.Equal((2, "imap1:7:3"), (events.Count, cursor));
        Assert.Contains(Context!.LogLines, l => l.Contains("left out", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PollAsync_ServerRefusesOneMail_ReadsThoseBehindIt()
    {
        for (var i = 1; i <= 3; i++) _server.Add(Reply(name: $"r{i}"));
        _server.Answer = line => line.Contains("FETCH 2", StringComparison.Ordinal) ? $"{line.Split(' ')[0]} NO broken\r\n" : null;
        var (events, cursor) = await PollAllAsync(await OpenAsync());

        Assert.Equal((2, "imap1:7:3"), (events.Count, cursor));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no mail at all")]
    [InlineData("\u0000\u0001\u0002")]
    [InlineData("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n:::\n\n::\n")]
    [InlineData("Content-Type: multipart/report; report-type=delivery-status\n\nno parts")]
    [InlineData("From: \nTo: <<<>>>\nIn-Reply-To: <<>\nContent-Type: ;;;\n\nx")]
    public async Task PollAsync_BrokenMail_DoesNotStopThoseBehindIt(string broken)
    {
        _server.Add(broken);
        _server.Add(Reply());
        var (events, cursor) = await PollAllAsync(await OpenAsync());

        Assert.Equal("imap1:7:2", cursor);
        Assert.IsType<InboundMessage>(Assert.Single(events));
    }

    [Fact]
    public async Task PollAsync_HugeMail_IsReadUpToTheLimitAlone()
    {
        _server.Add(Bounce() + new string('x', 3_000_000));
        var (events, _) = await PollAllAsync(await OpenAsync(""", "mailboxMaxKilobytes": 16"""));

        Assert.IsType<Receipt>(Assert.Single(events));
        Assert.Contains(_server.Commands, c => c.Contains("<0.16384>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PollAsync_ServerFallsSilent_EndsAtTheLimitWithWhatWasRead()
    {
        for (var i = 1; i <= 2; i++) _server.Add(Reply(name: $"r{i}"));
        _server.Answer = line => line.Contains("FETCH 2", StringComparison.Ordinal) ? "SILENCE" : null;
        var poller = await OpenAsync("imap", _server.Port, """, "mailboxTimeoutSeconds": 1""", realTime: true);
        var result = await poller.PollAsync(null, TestContext.Current.CancellationToken);

        Assert.Equal((1, "imap1:7:1", false), (result.Events.Length, result.Cursor, result.HasMore));
    }

    [Fact]
    public async Task PollAsync_PasswordRefused_IsSaidOnceWithoutThePassword()
    {
        _server.Answer = line => line.Contains("AUTHENTICATE", StringComparison.Ordinal) || line.Contains("LOGIN", StringComparison.Ordinal) ? $"{line.Split(' ')[0]} NO [AUTHENTICATIONFAILED] not {MailboxPassword}\r\n" : null;
        var poller = await OpenAsync();
        var first = await poller.PollAsync("imap1:7:5", TestContext.Current.CancellationToken);
        var second = await poller.PollAsync("imap1:7:5", TestContext.Current.CancellationToken);

        var news = Assert.IsType<ChannelNews>(Assert.Single(first.Events));
        Assert.Null(news.Fault);
        Assert.DoesNotContain(MailboxPassword, news.Detail, StringComparison.Ordinal);
        Assert.All(Context!.LogLines, l => Assert.DoesNotContain(MailboxPassword, l, StringComparison.Ordinal));
        Assert.Empty(second.Events);
        Assert.Equal("imap1:7:5", second.Cursor);
    }

    [Fact]
    public async Task PollAsync_NobodyListens_IsALineInTheLog()
    {
        var poller = await OpenAsync("imap", FakeSmtpServer.ClosedPort());
        var result = await poller.PollAsync("imap1:7:5", TestContext.Current.CancellationToken);

        Assert.Empty(result.Events);
        Assert.Equal("imap1:7:5", result.Cursor);
        Assert.Contains(Context!.LogLines, l => l.Contains("The mailbox can't be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PollAsync_FolderIsMissing_IsSaid()
    {
        var poller = await OpenAsync("imap", _server.Port, """, "mailboxFolder": "Bounces" """);
        var result = await poller.PollAsync(null, TestContext.Current.CancellationToken);

        Assert.Contains("Bounces", Assert.IsType<ChannelNews>(Assert.Single(result.Events)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PollAsync_ServerOffersNoStartTls_SendsNoPassword()
    {
        var poller = await OpenAsync("imap", _server.Port, """, "mailboxSecurity": "startTls" """);
        var result = await poller.PollAsync(null, TestContext.Current.CancellationToken);

        Assert.IsType<ChannelNews>(Assert.Single(result.Events));
        Assert.DoesNotContain(_server.Commands, c => c.Contains("AUTHENTICATE", StringComparison.Ordinal) || c.Contains("LOGIN", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TestAsync_MailboxIsTried()
    {
        await using var smtp = new FakeSmtpServer();
        var poller = await OpenAsync("imap", _server.Port, $""", "port": {smtp.Port}""");
        Assert.Null(await ((IConnectionTest)poller).TestAsync(TestContext.Current.CancellationToken));
        _server.Answer = line => line.Contains("AUTHENTICATE", StringComparison.Ordinal) || line.Contains("LOGIN", StringComparison.Ordinal) ? $"{line.Split(' ')[0]} NO [AUTHENTICATIONFAILED] no\r\n" : null;
        var outcome = await ((IConnectionTest)poller).TestAsync(TestContext.Current.CancellationToken);

        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.Credentials), (outcome!.Kind, outcome.Reason!.Value));
    }

    [Fact]
    public async Task CreateAsync_WithoutAMailbox_CanNotBePolled()
    {
        using var context = new FakeChannelContext("""{"host": "127.0.0.1", "from": "news@example.net"}""");
        await using var transport = await new SmtpPlugin().CreateAsync(context, TestContext.Current.CancellationToken);

        Assert.IsNotType<IEventPoller>(transport, exactMatch: false);
    }

    private Task<IEventPoller> OpenAsync(string more = "") => OpenAsync("imap", _server.Port, more);
}
