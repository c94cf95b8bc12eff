using Xunit;
using static Broadcasts.Transports.MailSamples;

namespace Broadcasts.Transports;

/// <summary>What each kind of mail in the mailbox means.</summary>
public sealed class ReturnedMailTests : MailboxTests
{
    private const string Forged = "bounce+a1b2c3d4-17-aaaaaaaaaaaaaaaa@example.net";
    private readonly FakeImapServer _server = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("5.1.1", null, FailureReason.InvalidAddress, true, false, "5.1.1")]
    [InlineData("5.1.2", null, FailureReason.InvalidAddress, true, false, "5.1.2")]
    [InlineData("5.1.3", null, FailureReason.InvalidAddress, true, false, "5.1.3")]
    [InlineData("5.1.6", null, FailureReason.InvalidAddress, true, false, "5.1.6")]
    [InlineData("5.1.10", null, FailureReason.InvalidAddress, true, false, "5.1.10")]
    [InlineData("5.1.8", null, FailureReason.Unclassified, false, false, "5.1.8")]
    [InlineData("5.2.1", null, FailureReason.Unreachable, false, false, "5.2.1")]
    [InlineData("5.2.2", null, FailureReason.MailboxFull, false, false, "5.2.2")]
    [InlineData("4.2.2", null, FailureReason.MailboxFull, false, true, "4.2.2")]
    [InlineData("5.2.3", null, FailureReason.TooLarge, false, false, "5.2.3")]
    [InlineData("5.3.4", null, FailureReason.TooLarge, false, false, "5.3.4")]
    [InlineData("4.4.7", "smtp; 451 4.4.1 no answer", FailureReason.Unreachable, false, true, "4.4.7")]
    [InlineData("5.4.4", null, FailureReason.Unreachable, false, false, "5.4.4")]
    [InlineData("5.6.1", null, FailureReason.ContentRefused, false, false, "5.6.1")]
    [InlineData("5.7.1", "smtp; 554 5.7.1 spam", FailureReason.Policy, false, false, "5.7.1")]
    [InlineData("5.7.26", null, FailureReason.Policy, false, false, "5.7.26")]
    [InlineData("5.0.0", "smtp; 550 5.1.1 no such user", FailureReason.InvalidAddress, true, false, "5.1.1")]
    [InlineData("5.5.0", "smtp; 550-5.1.1 no such user", FailureReason.InvalidAddress, true, false, "5.1.1")]
    [InlineData("5.0.0", "smtp; 550 who? 10.5.1.1", FailureReason.Unclassified, false, false, "5.0.0")]
    [InlineData("5.1.1 (bad destination mailbox address)", null, FailureReason.InvalidAddress, true, false, "5.1.1")]
    [InlineData("9.9.9", null, FailureReason.Unclassified, false, false, null)]
    [InlineData(null, null, FailureReason.Unclassified, false, false, null)]
    public async Task PollAsync_Failed_HasReasonAndSuppressesDeadAddressesAlone(string? status, string? diagnostic, FailureReason reason, bool suppress, bool isTemporary, string? code)
    {
        var receipt = Assert.IsType<Receipt>(Assert.Single(await ReadAsync(Bounce(status: status, diagnostic: diagnostic))));

        Assert.Equal((Id, ReceiptStatus.Failed, reason, suppress, isTemporary, code), (receipt.MessageId, receipt.Status, receipt.Reason!.Value, receipt.Suppress, receipt.IsTemporary, receipt.Code));
        Assert.Equal(diagnostic, receipt.Detail);
        Assert.Equal(new DateTimeOffset(2026, 11, 2, 10, 0, 0, TimeSpan.Zero), receipt.At);
    }

    [Theory]
    [InlineData("delayed", null)]
    [InlineData("expanded", null)]
    [InlineData("something-new", null)]
    [InlineData("delivered", ReceiptStatus.Delivered)]
    [InlineData("relayed", null)]
    [InlineData("FAILED (user unknown)", ReceiptStatus.Failed)]
    public async Task PollAsync_Action_IsTheReceiptsStatus(string action, ReceiptStatus? status) =>
        Assert.Equal(status, (Receipt?)(await ReadAsync(Bounce(action))).SingleOrDefault() is { } receipt ? receipt.Status : null);

    [Fact]
    public async Task PollAsync_DelayedThenFailed_FailsOnce()
    {
        var events = await ReadAsync(Bounce("delayed", "4.4.1", name: "d"), Bounce(name: "f"), Bounce(name: "f"));
        Assert.Equal(ReceiptStatus.Failed, Assert.IsType<Receipt>(Assert.Single(events.DistinctBy(e => e.Key))).Status);
    }

    [Fact]
    public async Task PollAsync_AliasWasExpanded_OneDeliveryIsADelivery()
    {
        var mail = Bounce().Replace("Final-Recipient", "Final-Recipient: rfc822; other@example.org\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient", StringComparison.Ordinal);
        Assert.Equal(ReceiptStatus.Delivered, Assert.IsType<Receipt>(Assert.Single(await ReadAsync(mail))).Status);
    }

    [Fact]
    public async Task PollAsync_BounceWithoutOurAddress_IsFoundByTheReturnedMessageId() =>
        Assert.Equal(Id, Assert.IsType<Receipt>(Assert.Single(await ReadAsync(Bounce(to: "news@example.net", returnedId: MessageId)))).MessageId);

    [Fact]
    public async Task PollAsync_BounceThatNamesTheEnvelopeAlone_IsFound() =>
        Assert.Equal(Id, Assert.IsType<Receipt>(Assert.Single(await ReadAsync(Bounce(to: "bounce@example.net").Replace("Reporting-MTA:", $"Original-Envelope-Id: {MessageId.Trim('<').Split('@')[0]}\nReporting-MTA:", StringComparison.Ordinal)))).MessageId);

    [Theory]
    [InlineData("BOUNCE+{0}@EXAMPLE.NET")]
    [InlineData("Bounces <bounce+{0}@example.net>")]
    public async Task PollAsync_AddressInAnotherForm_IsFound(string form) =>
        Assert.Single(await ReadAsync(Bounce(to: string.Format(System.Globalization.CultureInfo.InvariantCulture, form, Tokens.ForBounce(Id).ToUpperInvariant()))));

    [Fact]
    public async Task PollAsync_AddressInTheEnvelopeAlone_IsFound() =>
        Assert.Single(await ReadAsync($"Delivered-To: {Verp}\n" + Bounce(to: "news@example.net")));

    [Theory]
    [InlineData(Forged, "<a1b2c3d4-17@example.net>")]
    [InlineData("bounce@example.net", "<a1b2c3d4-17-aaaaaaaaaaaaaaaaaaaaaaaa@example.net>")]
    [InlineData("bounce+@example.net", null)]
    public async Task PollAsync_ForgedBounce_DoesNothing(string to, string? returnedId) =>
        Assert.Empty(await ReadAsync(Bounce(to: to, returnedId: returnedId), Complaint(returnedId: returnedId ?? "<x@y>")));

    [Fact]
    public async Task PollAsync_TokenOfAnotherDomainOrKey_DoesNothing() =>
        Assert.Empty(await ReadAsync(Bounce(to: Verp.Replace("example.net", "example.com", StringComparison.Ordinal)), Bounce(to: $"bounce+{new Smtp.MailTokens("another key of theirs").ForBounce(Id)}@example.net")));

    [Theory]
    [InlineData("abuse")]
    [InlineData("fraud")]
    [InlineData("Abuse")]
    public async Task PollAsync_Complaint_OptsTheAddressOut(string type)
    {
        var change = Assert.IsType<ConsentChange>(Assert.Single(await ReadAsync(Complaint(type))));
        Assert.Equal((To, true), (change.Address, change.IsOptedOut));
    }

    [Theory]
    [InlineData("not-spam")]
    [InlineData("auth-failure")]
    [InlineData("something-new")]
    public async Task PollAsync_ReportThatIsNoComplaint_DoesNothing(string type) => Assert.Empty(await ReadAsync(Complaint(type)));

    [Theory]
    [InlineData("redacted@provider.example")]
    [InlineData("third-person@example.org")]
    public async Task PollAsync_ComplaintNamesNobodyOrSomebodyElse_SuppressesTheMessagesRecipient(string to)
    {
        var receipt = Assert.IsType<Receipt>(Assert.Single(await ReadAsync(Complaint(to: to, more: $"Original-Rcpt-To: {to}"))));
        Assert.Equal((Id, ReceiptStatus.Failed, FailureReason.OptedOut, true), (receipt.MessageId, receipt.Status, receipt.Reason!.Value, receipt.Suppress));
    }

    [Fact]
    public async Task PollAsync_ComplaintNamesTheEnvelopeSenderAlone_IsFound() =>
        Assert.Equal(Id, Assert.IsType<Receipt>(Assert.Single(await ReadAsync(Complaint(returnedId: "<gone@example.com>", more: $"Original-Mail-From: <{Verp}>")))).MessageId);

    [Theory]
    [InlineData("Auto-Submitted: auto-replied")]
    [InlineData("Auto-Submitted: auto-generated (rejected)")]
    [InlineData("X-Autoreply: yes")]
    [InlineData("X-Autorespond: yes")]
    [InlineData("Precedence: auto_reply")]
    [InlineData("Precedence: bulk")]
    [InlineData("Return-Path: <>")]
    public async Task PollAsync_AutomaticAnswer_IsNeitherBounceNorReply(string header) => Assert.Empty(await ReadAsync(Reply(headers: header)));

    [Fact]
    public async Task PollAsync_ReadReceipt_DoesNothing() =>
        Assert.Empty(await ReadAsync(Bounce().Replace("report-type=delivery-status", "report-type=disposition-notification", StringComparison.Ordinal)));

    [Theory]
    [InlineData("X-Test: 1")]
    [InlineData("Auto-Submitted: no")]
    public async Task PollAsync_Reply_IsAMessageThatNamesOurs(string header)
    {
        var message = Assert.IsType<InboundMessage>(Assert.Single(await ReadAsync(Reply("Gracias, señora\n\n> Hello", headers: header))));
        Assert.Equal((To, "Ana", Id, "Gracias, señora\n\n> Hello"), (message.From, message.FromName, message.InReplyTo, message.Text?.ReplaceLineEndings("\n")));
    }

    [Fact]
    public async Task PollAsync_ReplyByReferencesOrAddress_IsFound()
    {
        var events = await ReadAsync(
            Reply(inReplyTo: "<x@y>", headers: $"References: <first@example.org> {MessageId}", name: "a"),
            Reply(inReplyTo: "<x@y>", to: Verp, name: "b"));
        Assert.All(events, e => Assert.Equal(Id, Assert.IsType<InboundMessage>(e).InReplyTo));
        Assert.Equal(2, events.Count);
    }

    [Fact]
    public async Task PollAsync_ReplyInHtmlAlone_IsReadAsText()
    {
        var message = Assert.IsType<InboundMessage>(Assert.Single(await ReadAsync(Reply("<html><style>p{color:red}</style><p>Hi &amp; thanks</p><p>Ana</p></html>", type: "text/html"))));
        Assert.Equal("Hi & thanks\nAna", message.Text);
    }

    [Fact]
    public async Task PollAsync_MailAboutNothingOfOurs_DoesNothing() =>
        Assert.Empty(await ReadAsync(Reply(inReplyTo: "<spam@example.com>"), Reply(inReplyTo: "<a1b2c3d4-17@example.net>", name: "r2")));

    [Theory]
    [InlineData("STOP", true)]
    [InlineData("  stop. \n\nOn Monday you wrote\n> Hello", true)]
    [InlineData("Baja", true)]
    [InlineData("\n\nUnsubscribe!", true)]
    [InlineData("Please do not stop", false)]
    [InlineData("> STOP\nWhat is this?", false)]
    [InlineData("", false)]
    public async Task PollAsync_ReplyWithAWordThatOptsOut_OptsOut(string text, bool optsOut)
    {
        var events = await ReadAsync(Reply(text));
        Assert.IsType<InboundMessage>(events[0]);
        Assert.Equal(optsOut, events.OfType<ConsentChange>().Any(c => c is { Address: To, IsOptedOut: true }));
    }

    [Fact]
    public async Task PollAsync_StopFromAnotherAddress_SuppressesTheMessagesRecipientAlone()
    {
        var events = await ReadAsync(Reply("STOP", from: "third-person@example.org"));
        Assert.Empty(events.OfType<ConsentChange>());
        Assert.Equal((Id, true), (Assert.Single(events.OfType<Receipt>()).MessageId, events.OfType<Receipt>().Single().Suppress));
    }

    [Theory]
    [InlineData(To, true)]
    [InlineData("alias@example.com", false)]
    public async Task PollAsync_MailToTheUnsubscribeAddress_OptsOutWhateverItSays(string from, bool isTheAddress)
    {
        var events = await ReadAsync(Reply("", inReplyTo: "<x@y>", from: from, to: $"bounce+{Tokens.ForUnsubscribe(Id, To)}@example.net", headers: "Auto-Submitted: auto-generated"));
        Assert.Equal(isTheAddress ? typeof(ConsentChange) : typeof(Receipt), Assert.Single(events).GetType());
    }

    [Fact]
    public async Task PollAsync_DateInTheFutureOrMissing_IsNow()
    {
        var events = await ReadAsync(Reply().Replace("2026", "2036", StringComparison.Ordinal), Reply(name: "r2").Replace("Date: ", "X-Date: ", StringComparison.Ordinal));
        Assert.Equal(2, events.Count);
        Assert.All(events, e => Assert.Equal(Time.GetUtcNow(), e.At));
    }

    private async Task<List<TransportEvent>> ReadAsync(params string[] mails)
    {
        foreach (var mail in mails) _server.Add(mail);
        return (await PollAllAsync(await OpenAsync("imap", _server.Port))).Events;
    }
}
