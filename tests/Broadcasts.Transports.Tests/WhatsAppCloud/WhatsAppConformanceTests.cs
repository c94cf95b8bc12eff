using System.Net;
using Broadcasts.TestKit;
using Broadcasts.Transports.WhatsAppCloud;

namespace Broadcasts.Transports;

public sealed class WhatsAppCloudConformanceTests : TransportConformanceTests, IDisposable
{
    private readonly AcceptingHandler _meta = new();

    protected override string SettingsJson => Settings("https://graph.example");

    protected override string UnreachableSettingsJson => Settings($"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}");

    public void Dispose() => _meta.Dispose();

    protected override ITransportPlugin CreatePlugin() => new WhatsAppCloudPlugin();

    protected override FakeChannelContext CreateContext(string settingsJson) =>
        settingsJson.Contains("graph.example", StringComparison.Ordinal) ? new FakeChannelContext(settingsJson) { Http = _meta } : base.CreateContext(settingsJson);

    protected override OutboundMessage Message(int number) => new()
    {
        Id = $"conformance-{number}",
        To = $"3460000000{number % 10}",
        Content = number % 2 == 0
            ? new TextContent { Text = $"Hola {number}" }
            : new FileContent { FileName = "a.png", MediaType = "image/png", Bytes = new byte[] { 1, 2, 3 } },
    };

    private static string Settings(string url) => $$"""
        {"phoneNumberId": "106540352242922", "wabaId": "102290129340398", "accessToken": "EAAG-marked-token-31337", "appSecret": "marked-app-secret-31337",
         "verifyToken": "marked-verify-token-31337", "appSecretProof": true, "baseUrl": "{{url}}"}
        """;

    private sealed class AcceptingHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            var isUpload = request.RequestUri!.AbsolutePath.EndsWith("/media", StringComparison.Ordinal);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(isUpload ? """{"id": "m-1"}""" : """{"messages": [{"id": "wamid.1"}]}""") };
        }
    }
}
