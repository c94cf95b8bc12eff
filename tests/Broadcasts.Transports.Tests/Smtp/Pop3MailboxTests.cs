using Xunit;
using static Broadcasts.Transports.MailSamples;

namespace Broadcasts.Transports;

public sealed class Pop3MailboxTests : MailboxTests
{
    private readonly FakePop3Server _server = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task PollAsync_NewMails_AreReadOnceAndStay()
    {
        var poller = await OpenAsync();
        Add("u1", Bounce());
        var (first, cursor) = await PollAllAsync(poller);
        Add("u2", Reply());
        var (second, after) = await PollAllAsync(poller, cursor);
        var (none, _) = await PollAllAsync(poller, after);

        Assert.IsType<Receipt>(Assert.Single(first));
        Assert.IsType<InboundMessage>(Assert.Single(second));
        Assert.Empty(none);
        Assert.Equal(2, _server.Mails.Count);
        Assert.Equal(1, _server.Commands.Count(c => c == "RETR 1"));
        Assert.DoesNotContain(_server.Commands, c => c.StartsWith("DELE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PollAsync_EmptyMailbox_SaysNothing()
    {
        var (events, cursor) = await PollAllAsync(await OpenAsync());
        Assert.Empty(events);
        Assert.Equal("pop1:", cursor);
    }

    [Fact]
    public async Task PollAsync_DeleteAfterRead_DeletesWhatIsStoredAlone()
    {
        var poller = await OpenAsync(""", "deleteAfterRead": true""");
        Add("u1", Reply(name: "r1"));
        var first = await poller.PollAsync(null, TestContext.Current.CancellationToken);
        var stillThere = _server.Mails.Count;
        Add("u2", Reply(name: "r2"));
        var second = await poller.PollAsync(first.Cursor, TestContext.Current.CancellationToken);

        Assert.Equal(1, stillThere);
        Assert.Equal("u2", Assert.Single(_server.Mails).Uidl);
        Assert.Single(second.Events);
        // What was deleted meanwhile is not remembered for ever.
        Assert.Equal(2, (await poller.PollAsync(second.Cursor, TestContext.Current.CancellationToken)).Cursor!.Length / "pop1:".Length);
    }

    [Fact]
    public async Task PollAsync_OthersDeleteAndReorder_ReadsNoMailTwiceAndLosesNone()
    {
        for (var i = 1; i <= 5; i++) Add($"u{i}", Reply(name: $"r{i}"));
        var poller = await OpenAsync();
        var (_, cursor) = await PollAllAsync(poller);
        _server.Mails.RemoveAt(4);
        _server.Mails.RemoveAt(0);
        _server.Mails.Insert(1, ("u9", Reply(name: "r9")));
        var (events, _) = await PollAllAsync(poller, cursor);

        Assert.Single(events);
    }

    [Fact]
    public async Task PollAsync_MoreMailsThanAreRemembered_ReadsEachOnce()
    {
        for (var i = 0; i < 2150; i++) Add($"u{i}", "From: spam@example.com\n\nx");
        var poller = await OpenAsync();
        var (_, cursor) = await PollAllAsync(poller);
        Add("new", Reply());
        var (events, _) = await PollAllAsync(poller, cursor);

        Assert.Single(events);
        Assert.Equal(2151, _server.Commands.Count(c => c.StartsWith("RETR", StringComparison.Ordinal)));
        Assert.InRange(cursor!.Length, 1, 16_100);
    }

    [Fact]
    public async Task PollAsync_MailOverTheLimit_IsReadByItsHeadersAlone()
    {
        Add("u1", Reply(text: new string('x', 40_000)));
        Add("u2", Bounce(name: "small"));
        var (events, _) = await PollAllAsync(await OpenAsync(""", "mailboxMaxKilobytes": 16"""));

        Assert.Equal(Id, Assert.IsType<InboundMessage>(events[0]).InReplyTo);
        Assert.IsType<Receipt>(events[1]);
        Assert.Contains("TOP 1 0", _server.Commands);
        Assert.DoesNotContain("RETR 1", _server.Commands);
    }

    [Fact]
    public async Task PollAsync_ConnectionDropsOnTheWay_KeepsWhatWasReadAndGoesOnBehindIt()
    {
        for (var i = 1; i <= 3; i++) Add($"u{i}", Reply(name: $"r{i}"));
        _server.Answer = line => line == "RETR 3" ? "HANGUP" : null;
        var poller = await OpenAsync();
        var (before, cursor) = await PollAllAsync(poller);
        _server.Answer = null;
        var (after, _) = await PollAllAsync(poller, cursor);

        Assert.Equal((2, 1), (before.Count, after.Count));
    }

    [Fact]
    public async Task PollAsync_ServerRefusesOneMail_ReadsThoseBehindIt()
    {
        for (var i = 1; i <= 3; i++) Add($"u{i}", Reply(name: $"r{i}"));
        _server.Answer = line => line == "RETR 2" ? "-ERR broken\r\n" : null;
        Assert.Equal(2, (await PollAllAsync(await OpenAsync())).Events.Count);
    }

    [Fact]
    public async Task PollAsync_SameMailsAsByImap_HaveTheSameKeys()
    {
        await using var imap = new FakeImapServer();
        imap.Add(Bounce());
        Add("u1", Bounce());
        var (byPop, _) = await PollAllAsync(await OpenAsync());
        var (byImap, _) = await PollAllAsync(await OpenAsync("imap", imap.Port));

        Assert.Equal(byImap.Select(e => e.Key), byPop.Select(e => e.Key));
    }

    [Fact]
    public async Task PollAsync_PasswordRefused_IsSaidWithoutThePassword()
    {
        _server.Answer = line => line.StartsWith("AUTH", StringComparison.Ordinal) || line.StartsWith("PASS", StringComparison.Ordinal) ? $"-ERR [AUTH] not {MailboxPassword}\r\n" : null;
        var result = await (await OpenAsync()).PollAsync(null, TestContext.Current.CancellationToken);

        Assert.DoesNotContain(MailboxPassword, Assert.IsType<ChannelNews>(Assert.Single(result.Events)).Detail, StringComparison.Ordinal);
    }

    private void Add(string uidl, string mail) => _server.Mails.Add((uidl, mail));

    private Task<IEventPoller> OpenAsync(string more = "") => OpenAsync("pop3", _server.Port, more);
}
