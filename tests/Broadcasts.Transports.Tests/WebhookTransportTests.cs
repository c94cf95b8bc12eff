using System.Text;
using System.Text.Json;
using Broadcasts.TestKit;
using Broadcasts.Transports.Webhook;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

public sealed class WebhookTransportTests : IAsyncDisposable
{
    private const string Secret = "secret-0123456789abcdef";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly FakeHttpServer _server = new();
    private readonly FakeTimeProvider _time = new(Now);
    private FakeChannelContext? _context;
    private ITransport? _transport;

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task SendAsync_Accepted_PostsSignedJsonWithTheMessagesIdAsKey()
    {
        _server.Response = FakeHttpServer.Of(201, "{\"id\": \"p-9\"}");
        var outcome = await SendAsync();
        var request = Assert.Single(_server.Requests);
        using var body = JsonDocument.Parse(request.Body);

        Assert.Equal((SendOutcomeKind.Accepted, "p-9"), (outcome.Kind, outcome.ProviderIds[0]));
        Assert.Equal("POST /hook HTTP/1.1", request.Line);
        Assert.Equal("d-1", request.Headers["Idempotency-Key"]);
        Assert.Equal("Bearer token-value", request.Headers["Authorization"]);
        Assert.Equal("+34600000001", body.RootElement.GetProperty("to").GetString());
        Assert.Equal("hola", body.RootElement.GetProperty("content").GetProperty("text").GetString());
        Assert.Equal("text", body.RootElement.GetProperty("content").GetProperty("type").GetString());
        Assert.True(Signature.IsGenuine(request.Headers["X-Broadcasts-Signature"], request.Body, Secret, Now));
        Assert.StartsWith($"t={Now.ToUnixTimeSeconds()},v1=", request.Headers["X-Broadcasts-Signature"], StringComparison.Ordinal);
    }

    public static TheoryData<int, SendOutcomeKind, FailureReason?> Table => new()
    {
        { 200, SendOutcomeKind.Accepted, null },
        { 204, SendOutcomeKind.Accepted, null },
        { 302, SendOutcomeKind.ChannelFault, FailureReason.Misconfigured },
        { 400, SendOutcomeKind.ContentRejected, FailureReason.Unclassified },
        { 401, SendOutcomeKind.ChannelFault, FailureReason.Credentials },
        { 402, SendOutcomeKind.ChannelFault, FailureReason.Billing },
        { 403, SendOutcomeKind.ChannelFault, FailureReason.Credentials },
        { 404, SendOutcomeKind.ChannelFault, FailureReason.Misconfigured },
        { 408, SendOutcomeKind.RetryLater, FailureReason.ProviderDown },
        { 410, SendOutcomeKind.RecipientRejected, FailureReason.InvalidAddress },
        { 413, SendOutcomeKind.ContentRejected, FailureReason.TooLarge },
        { 422, SendOutcomeKind.ContentRejected, FailureReason.ContentRefused },
        { 429, SendOutcomeKind.Throttled, FailureReason.Throttled },
        { 500, SendOutcomeKind.InDoubt, FailureReason.ProviderError },
        { 502, SendOutcomeKind.InDoubt, FailureReason.ProviderError },
        { 503, SendOutcomeKind.RetryLater, FailureReason.ProviderDown },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task SendAsync_Status_IsClassified(int status, SendOutcomeKind kind, FailureReason? reason)
    {
        _server.Response = FakeHttpServer.Of(status, status == 204 ? "" : $"why not: {Secret}");
        var outcome = await SendAsync();

        Assert.Equal((kind, reason), (outcome.Kind, outcome.Reason));
        Assert.DoesNotContain(Secret, outcome.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429, "Retry-After: 120\r\n")]
    [InlineData(503, "Retry-After: Sun, 01 Mar 2026 12:02:00 GMT\r\n")]
    public async Task SendAsync_RetryAfter_IsHonoured(int status, string header)
    {
        _server.Response = FakeHttpServer.Of(status, "", header);
        Assert.Equal(Now.AddMinutes(2), (await SendAsync()).Until);
    }

    [Fact]
    public async Task SendAsync_HangUpAfterTheRequest_IsInDoubt()
    {
        _server.Response = "HANGUP";
        Assert.Equal((SendOutcomeKind.InDoubt, FailureReason.ConnectionLost), KindOf(await SendAsync()));
    }

    [Fact]
    public async Task SendAsync_AnswerIsNotHttp_IsInDoubt()
    {
        _server.Response = "220 mail.example.org ESMTP\r\n\r\n";
        Assert.Equal(SendOutcomeKind.InDoubt, (await SendAsync()).Kind);
    }

    [Fact]
    public async Task SendAsync_NoAnswerInTime_IsInDoubt()
    {
        _server.Response = "SILENCE";
        var sending = SendAsync();
        while (_server.Requests.IsEmpty) await Task.Yield();
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((SendOutcomeKind.InDoubt, FailureReason.TimedOut), KindOf(await sending));
    }

    [Fact]
    public async Task SendAsync_TruncatedBodyOfA200_IsAccepted()
    {
        _server.Response = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"id\":";
        Assert.Equal((SendOutcomeKind.Accepted, "d-1"), await SendAsync() is var o ? (o.Kind, o.ProviderIds[0]) : default);
    }

    [Fact]
    public async Task ReceiveAsync_GenuineReceipts_BecomeEvents()
    {
        var result = await ReceiveAsync("""{"events": [{"messageId": "d-1", "status": "delivered", "at": "2026-03-01T11:59:00Z"}, {"providerId": "p-9", "status": "failed", "at": "2026-03-01T11:59:30Z", "reason": "mailboxFull", "temporary": true, "key": "e-2"}]}""");

        Assert.Equal(200, result.Status);
        var delivered = Assert.IsType<Receipt>(result.Events[0]);
        Assert.Equal(("d-1", ReceiptStatus.Delivered), (delivered.MessageId, delivered.Status));
        var failed = Assert.IsType<Receipt>(result.Events[1]);
        Assert.Equal(("p-9", "e-2", FailureReason.MailboxFull, true), (failed.ProviderId, failed.Key, failed.Reason!.Value, failed.IsTemporary));
    }

    [Theory]
    [InlineData("another-secret-0123456789", 0)]
    [InlineData(Secret, -6)]
    [InlineData(Secret, 6)]
    public async Task ReceiveAsync_WrongSecretOrOldSignature_IsUnverified(string secret, int minutes)
    {
        var result = await ReceiveAsync("""{"messageId": "d-1", "status": "read", "at": "2026-03-01T11:59:00Z"}""", secret, minutes);
        Assert.Equal(401, result.Status);
        Assert.Empty(result.Events);
    }

    [Theory]
    [InlineData("")]
    [InlineData("t=1,v1=zz")]
    [InlineData("t=99999999999999999,v1=00")]
    [InlineData("v1=" + "aa")]
    public async Task ReceiveAsync_SignatureIsNonsense_IsUnverified(string signature)
    {
        var receiver = (IWebhookReceiver)await OpenAsync();
        Assert.Equal(401, (await receiver.ReceiveAsync(Request("{}", signature), TestContext.Current.CancellationToken)).Status);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("""{"status": "read", "at": "2026-03-01T11:59:00Z"}""")]
    [InlineData("""{"messageId": "1", "status": "eaten", "at": "2026-03-01T11:59:00Z"}""")]
    [InlineData("""{"messageId": "1", "status": "read", "at": "yesterday"}""")]
    public async Task ReceiveAsync_GenuineNonsense_IsRefusedWithWords(string body)
    {
        var result = await ReceiveAsync(body);
        Assert.Equal(400, result.Status);
        Assert.NotEqual(0, result.Body.Length);
    }

    [Theory]
    [InlineData("ftp://example.org/", "url")]
    [InlineData("example.org", "url")]
    public void Validate_AddressIsNotHttp_NamesTheSetting(string url, string setting)
    {
        using var context = new FakeChannelContext($$"""{"url": "{{url}}", "secret": "{{Secret}}"}""");
        Assert.Equal(setting, Assert.Single(new WebhookPlugin().Validate(context)).Setting);
    }

    private async Task<SendOutcome> SendAsync()
    {
        var message = new OutboundMessage { Id = "d-1", To = "+34600000001", Content = new TextContent { Text = "hola" } };
        return Assert.Single(await OutcomeList.SendAsync(await OpenAsync(), TestContext.Current.CancellationToken, message));
    }

    private async Task<WebhookResult> ReceiveAsync(string body, string secret = Secret, int minutes = 0)
    {
        var receiver = (IWebhookReceiver)await OpenAsync();
        return await receiver.ReceiveAsync(Request(body, Signature.Of(Encoding.UTF8.GetBytes(body), secret, Now.AddMinutes(minutes))), TestContext.Current.CancellationToken);
    }

    private static WebhookRequest Request(string body, string signature) => new()
    {
        Method = "POST",
        Url = new Uri("https://broadcasts.example/hooks/1"),
        Headers = new Dictionary<string, string> { ["x-broadcasts-signature"] = signature },
        Body = Encoding.UTF8.GetBytes(body),
    };

    private async Task<ITransport> OpenAsync()
    {
        _context = new FakeChannelContext($$"""{"url": "{{_server.Url}}", "secret": "{{Secret}}", "headerName": "Authorization", "headerValue": "Bearer token-value"}""", _time);
        return _transport = await new WebhookPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
    }

    private static (SendOutcomeKind, FailureReason) KindOf(SendOutcome outcome) => (outcome.Kind, outcome.Reason!.Value);
}
