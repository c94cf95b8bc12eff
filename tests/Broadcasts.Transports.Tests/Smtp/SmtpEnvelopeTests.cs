using System.Security.Cryptography;
using System.Text;
using Broadcasts.TestKit;
using Broadcasts.Transports.Smtp;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Security;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What goes out around a mail's text so that what comes back can be understood, and believed by others.</summary>
public sealed class SmtpEnvelopeTests : IAsyncDisposable
{
    private const string Bounces = $""", "bounceAddress": "bounce@example.net", "bounceKey": "{MailSamples.Key}" """;

    private readonly FakeSmtpServer _server = new();
    private FakeChannelContext? _context;
    private ITransport? _transport;

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task SendAsync_WithAnAddressForBounces_EachMailHasASignedReturnPath()
    {
        await SendAsync(Bounces);

        Assert.Equal(MailSamples.Id, MailSamples.Tokens.Read(TokenUse.Bounce, Command("MAIL").Split("bounce+")[1].Split('@')[0])!.Id);
        var mail = Mail();
        Assert.Equal(MailSamples.Id, MailSamples.Tokens.Read(TokenUse.MessageId, mail.MessageId!.Split('@')[0])!.Id);
        Assert.Equal("<https://example.org/o/1>", mail.Headers["List-Unsubscribe"]);
        Assert.Equal("List-Unsubscribe=One-Click", mail.Headers["List-Unsubscribe-Post"]);
    }

    [Fact]
    public async Task SendAsync_MailboxIsRead_OptingOutByMailIsOfferedToo()
    {
        await SendAsync(Bounces + """, "mailboxProtocol": "imap", "mailboxSecurity": "none", "mailboxUsername": "u", "mailboxPassword": "p" """);

        var ways = Mail().Headers["List-Unsubscribe"]!;
        Assert.StartsWith("<https://example.org/o/1>, <mailto:bounce%2B", ways, StringComparison.Ordinal);
        Assert.Equal(MailSamples.Id, MailSamples.Tokens.Read(TokenUse.Unsubscribe, ways.Split("bounce%2B")[1].Split('@')[0])!.Id);
    }

    [Theory]
    [InlineData(true, Bounces, "NOTIFY=FAILURE")]
    [InlineData(true, Bounces + """, "askForDelivery": true""", "NOTIFY=SUCCESS,FAILURE")]
    [InlineData(true, "", null)]
    [InlineData(false, Bounces, null)]
    public async Task SendAsync_ServerOffersReports_TheyAreAskedForWhenSomebodyReadsThem(bool offers, string more, string? notify)
    {
        if (offers) _server.Extensions = [.. _server.Extensions, "DSN"];
        await SendAsync(more);

        Assert.Equal(notify is not null, Command("RCPT").Contains("NOTIFY", StringComparison.Ordinal));
        Assert.Equal(notify is not null, Command("MAIL").Contains("ENVID", StringComparison.Ordinal));
        if (notify is null) return;
        Assert.Contains(notify, Command("RCPT"), StringComparison.Ordinal);
        Assert.Contains("RET=HDRS", Command("MAIL"), StringComparison.Ordinal);
        Assert.Equal(MailSamples.Id, MailSamples.Tokens.Read(TokenUse.MessageId, Command("MAIL").Split("ENVID=")[1].Split(' ')[0])!.Id);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public async Task SendAsync_ServerPipelines_TheEnvelopeGoesInOnePiece(bool pipelines, int pieces)
    {
        if (!pipelines) _server.Extensions = [.. _server.Extensions.Where(e => e != "PIPELINING")];
        await SendAsync("");

        Assert.Equal(pieces, _server.Pieces.Count(p => p.Contains("MAIL FROM", StringComparison.Ordinal) || p.Contains("RCPT TO", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("PRIVATE KEY")]
    [InlineData("RSA PRIVATE KEY")]
    public async Task SendAsync_WithADkimKey_TheSignatureHoldsAndCoversTheOptOut(string kind)
    {
        using var rsa = RSA.Create(2048);
        var pem = kind == "PRIVATE KEY" ? rsa.ExportPkcs8PrivateKeyPem() : rsa.ExportRSAPrivateKeyPem();
        await SendAsync($$""", "dkimDomain": "example.net", "dkimSelector": "s1", "dkimPrivateKey": {{System.Text.Json.JsonSerializer.Serialize(pem)}}""");

        var mail = Mail();
        var signature = mail.Headers["DKIM-Signature"]!;
        var covered = signature.Split("h=")[1].Split(';')[0].ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal).Split(':');
        Assert.Superset(new HashSet<string> { "from", "to", "subject", "list-unsubscribe", "list-unsubscribe-post" }, covered.ToHashSet());
        var verifier = new DkimVerifier(new KeyOf(PublicKeyFactory.CreateKey(rsa.ExportSubjectPublicKeyInfo())));
        var header = mail.Headers.First(h => h.Id == HeaderId.DkimSignature);
        Assert.True(await verifier.VerifyAsync(mail, header, TestContext.Current.CancellationToken));
        mail.Subject = "Something else";
        Assert.False(await verifier.VerifyAsync(mail, header, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(""", "dkimDomain": "example.net", "dkimSelector": "s1", "dkimPrivateKey": "no key" """, "dkimPrivateKey")]
    [InlineData(""", "dkimPrivateKey": "no key", "dkimDomain": "example.net" """, "dkimSelector")]
    [InlineData(""", "bounceAddress": "bounce@example.net" """, "bounceKey")]
    [InlineData(""", "bounceAddress": "a-very-long-name-for-bounces@example.net", "bounceKey": "0123456789abcdef" """, "bounceAddress")]
    [InlineData(""", "mailboxProtocol": "imap", "bounceKey": "0123456789abcdef" """, "mailboxUsername")]
    [InlineData(""", "oauthTokenUrl": "http://example.org/token", "oauthClientId": "i", "oauthClientSecret": "s", "username": "u" """, "oauthTokenUrl")]
    public void Validate_SettingsThatNeedEachOther_AreNamed(string more, string setting)
    {
        using var context = new FakeChannelContext($$"""{"host": "127.0.0.1", "from": "news@example.net"{{more}}}""");
        var problems = new SmtpPlugin().Validate(context);
        Assert.Contains(setting, problems.Select(p => p.Setting));
        Assert.All(problems, p => Assert.False(string.IsNullOrEmpty(p.MessageEs)));
    }

    private string Command(string verb) => _server.Commands.Single(c => c.StartsWith(verb + " ", StringComparison.Ordinal));

    private MimeMessage Mail()
    {
        using var stream = new MemoryStream(Encoding.ASCII.GetBytes(Assert.Single(_server.Mails).ReplaceLineEndings("\r\n")));
        return MimeMessage.Load(stream);
    }

    private async Task SendAsync(string more)
    {
        _context = new FakeChannelContext($$"""{"host": "127.0.0.1", "port": {{_server.Port}}, "from": "News <news@example.net>"{{more}}}""");
        _transport = await new SmtpPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
        var message = new OutboundMessage
        {
            Id = MailSamples.Id,
            To = MailSamples.To,
            Content = new EmailContent { Subject = "Hello", Text = "Grüße an alle\nvon uns", Html = "<p>Grüße</p>" },
            BroadcastId = "7",
            UnsubscribeUrl = "https://example.org/o/1",
        };
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await OutcomeList.SendAsync(_transport, TestContext.Current.CancellationToken, message)).Kind);
    }

    private sealed class KeyOf(AsymmetricKeyParameter key) : IDkimPublicKeyLocator
    {
        public AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) => key;

        public Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default) => Task.FromResult(key);
    }
}
