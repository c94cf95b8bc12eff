using System.Net;
using System.Net.Sockets;
using Broadcasts.TestKit;
using Broadcasts.Transports.WhatsAppCloud;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>What the way to Meta does, before and after a message was written.</summary>
public sealed class WhatsAppConnectionLossTests : WhatsAppTests
{
    [Fact]
    public async Task SendAsync_HangUpAfterTheRequest_IsInDoubt()
    {
        Server.Response = "HANGUP";
        Assert.Equal((SendOutcomeKind.InDoubt, FailureReason.ConnectionLost), KindOf(await SendAsync()));
    }

    [Fact]
    public async Task SendAsync_AcceptanceBreaksOff_IsInDoubt()
    {
        Server.Response = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"messages\":[{\"id\":\"wamid.1\"}]}";
        Assert.Equal((SendOutcomeKind.InDoubt, FailureReason.UnreadableAnswer), KindOf(await SendAsync()));
    }

    [Fact]
    public async Task SendAsync_AnswerIsNotHttp_IsInDoubt()
    {
        Server.Response = "220 mail.example.org ESMTP\r\n\r\n";
        Assert.Equal(SendOutcomeKind.InDoubt, (await SendAsync()).Kind);
    }

    [Theory]
    [InlineData("SILENCE")]
    [InlineData("DRIP")]
    public async Task SendAsync_NoWholeAnswerInTime_EndsInDoubtAtTheLimit(string response)
    {
        MoreSettings = """, "timeoutSeconds": 5""";
        Server.Response = response;
        var sending = SendAsync();
        while (Server.Requests.IsEmpty) await Task.Yield();
        while (!sending.IsCompleted)
        {
            Time.Advance(TimeSpan.FromSeconds(6));
            await Task.Yield();
        }

        Assert.Equal(SendOutcomeKind.InDoubt, (await sending).Kind);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://nowhere.invalid")]
    public async Task SendAsync_NobodyListensOrNoSuchName_IsRetriedLater(string? url)
    {
        BaseUrl = url ?? $"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}";
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.ProviderDown), KindOf(await SendAsync()));
    }

    [Theory]
    [InlineData(2099)]
    [InlineData(2020)]
    public async Task SendAsync_CertificateNobodyVouchesFor_IsAChannelsFaultAndSendsNothing(int until)
    {
        using var certificate = Certificates.SelfSigned(until);
        Server.Certificate = certificate;
        Assert.Equal((SendOutcomeKind.ChannelFault, FailureReason.TlsRefused), KindOf(await SendAsync()));
        Assert.Empty(Server.Requests);
    }

    /// <summary>No request is written before TLS stands.</summary>
    [Fact]
    public async Task SendAsync_TlsBreaksOff_IsRetriedLater()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var closing = CloseNextAsync(listener);
        BaseUrl = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        Assert.Equal((SendOutcomeKind.RetryLater, FailureReason.ProviderDown), KindOf(await SendAsync()));
        await closing;
    }

    /// <summary>Other recipients of a throttled pair go on.</summary>
    [Fact]
    public async Task SendAsync_OnePairIsThrottled_TheOthersAreAccepted()
    {
        Server.Respond = request => Json(request.Body).GetProperty("to").GetString() == "34600000002" ? Error(400, 131056) : Accepted();
        var transport = await OpenAsync();
        var outcomes = await OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Message(to: "34600000001"), Message(to: "34600000002"), Message(to: "34600000003"));
        Assert.Equal([SendOutcomeKind.Accepted, SendOutcomeKind.Throttled, SendOutcomeKind.Accepted], outcomes.Select(o => o.Kind));
        Assert.Equal(ThrottleScope.Recipient, outcomes[1].Scope);
    }

    /// <summary>The host makes a new transport when the settings change: the old one's messages end by the old token, the new one's go by the new.</summary>
    [Fact]
    public async Task SendAsync_TokenIsReplaced_NewTransportUsesTheNewOne()
    {
        Server.Respond = request => request.Headers["Authorization"] == "Bearer new-token" ? Accepted() : Error(401, 190, 463);
        Assert.Equal(SendOutcomeKind.ChannelFault, (await SendAsync()).Kind);

        using var context = new FakeChannelContext(Settings(Server.Url.GetLeftPart(UriPartial.Authority)).Replace(Token, "new-token", StringComparison.Ordinal), Time);
        await using var next = await new WhatsAppCloudPlugin().CreateAsync(context, TestContext.Current.CancellationToken);
        Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(await OutcomeList.SendAsync(next, TestContext.Current.CancellationToken, Message())).Kind);
    }

    private static async Task CloseNextAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await client.GetStream().ReadExactlyAsync(new byte[1]);
    }

    private static (SendOutcomeKind, FailureReason) KindOf(SendOutcome outcome) => (outcome.Kind, outcome.Reason!.Value);
}
