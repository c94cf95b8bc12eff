using System.Net;
using Broadcasts.TestKit;
using Broadcasts.Transports.Telegram;

namespace Broadcasts.Transports;

public sealed class TelegramConformanceTests : TransportConformanceTests, IDisposable
{
    private const string Secret = "marked-webhook-secret-31337";
    private readonly AcceptingHandler _telegram = new();

    protected override string SettingsJson => Settings("https://telegram.example");

    protected override string UnreachableSettingsJson => Settings($"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}");

    public void Dispose() => _telegram.Dispose();

    protected override ITransportPlugin CreatePlugin() => new TelegramPlugin();

    protected override FakeChannelContext CreateContext(string settingsJson) =>
        settingsJson.Contains("telegram.example", StringComparison.Ordinal) ? new FakeChannelContext(settingsJson) { Http = _telegram } : base.CreateContext(settingsJson);

    // Telegram's calls are proven by a header alone: the check of changed bodies is not for it. TelegramUpdateTests has those that are.
    protected override OutboundMessage Message(int number) => new()
    {
        Id = $"conformance-{number}",
        To = $"{number + 1}",
        Content = number % 2 == 0
            ? new TextContent { Text = $"Hola {number}" }
            : new FileContent { FileName = "a.png", MediaType = "image/png", Bytes = new byte[] { 1, 2, 3 } },
    };

    private static string Settings(string url) => $$"""{"botToken": "110201543:marked-token-31337", "updates": "webhook", "webhookSecret": "{{Secret}}", "baseUrl": "{{url}}"}""";

    private sealed class AcceptingHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"ok":true,"result":{"message_id":1,"chat":{"id":7},"id":5,"photo":[{"file_id":"F"}]}}""") };
        }
    }
}
