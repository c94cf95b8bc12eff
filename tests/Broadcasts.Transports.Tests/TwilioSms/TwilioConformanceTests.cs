using System.Net;
using System.Text;
using Broadcasts.TestKit;
using Broadcasts.Transports.TwilioSms;

namespace Broadcasts.Transports;

public sealed class TwilioConformanceTests : TransportConformanceTests, IDisposable
{
    private const string Token = "marked-auth-token-31337";
    private readonly AcceptingHandler _twilio = new();

    protected override string SettingsJson => Settings("https://twilio.example");

    protected override string UnreachableSettingsJson => Settings($"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}");

    public void Dispose() => _twilio.Dispose();

    protected override ITransportPlugin CreatePlugin() => new TwilioSmsPlugin();

    protected override FakeChannelContext CreateContext(string settingsJson) =>
        settingsJson.Contains("twilio.example", StringComparison.Ordinal) ? new FakeChannelContext(settingsJson) { Http = _twilio } : base.CreateContext(settingsJson);

    protected override WebhookRequest GenuineWebhook(ChannelContext context)
    {
        const string Body = "MessageSid=SM1&MessageStatus=delivered";
        const string Url = "https://broadcasts.example/hooks/1?m=1";
        return new WebhookRequest
        {
            Method = "POST",
            Url = new Uri(Url),
            Headers = new Dictionary<string, string> { [WebhookSignature.Header] = WebhookSignature.Of(Url + "MessageSidSM1MessageStatusdelivered", Token), ["Content-Type"] = "application/x-www-form-urlencoded" },
            Body = Encoding.UTF8.GetBytes(Body),
        };
    }

    protected override OutboundMessage Message(int number) => new() { Id = $"conformance-{number}", To = $"+3460000000{number % 10}", Content = new TextContent { Text = $"Hola {number}" } };

    private static string Settings(string url) => $$"""{"accountSid": "AC00000000000000000000000000000001", "authToken": "{{Token}}", "from": "+15017122661", "baseUrl": "{{url}}"}""";

    private sealed class AcceptingHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            return new HttpResponseMessage(HttpStatusCode.Created) { Content = new StringContent("""{"sid":"SM1","status":"queued"}""") };
        }
    }
}
