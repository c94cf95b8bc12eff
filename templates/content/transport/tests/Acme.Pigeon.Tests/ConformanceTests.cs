using System.Net;
using System.Text;
using Broadcasts;
using Broadcasts.TestKit;

namespace Acme.Pigeon.Tests;

/// <summary>Inherits every check that a host relies on.</summary>
public sealed class ConformanceTests : TransportConformanceTests, IDisposable
{
    private const string WebhookSecret = "marked-webhook-secret-31337";
    private readonly Accepting _provider = new();

    protected override string SettingsJson => $$"""{"url": "https://api.example.com/v1/", "apiKey": "marked-api-key-31337", "webhookSecret": "{{WebhookSecret}}", "sender": "ACME"}""";

    public void Dispose() => _provider.Dispose();

    protected override ITransportPlugin CreatePlugin() => new Plugin();

    protected override FakeChannelContext CreateContext(string settingsJson) => new(settingsJson) { Http = _provider };

    protected override WebhookRequest? GenuineWebhook(ChannelContext context)
    {
        var body = Encoding.UTF8.GetBytes("""{"id": "p1", "reference": "m1", "status": "delivered", "at": "2026-01-01T00:00:00Z"}""");
        return new WebhookRequest
        {
            Method = "POST",
            Url = new Uri("https://broadcasts.example.com/hooks/1"),
            Headers = new Dictionary<string, string> { [Webhooks.SignatureHeader] = Webhooks.Sign(body, WebhookSecret) },
            Body = body,
        };
    }

    /// <summary>The provider as it is on a good day.</summary>
    private sealed class Accepting : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("""{"id": "p1"}""") });
        }
    }
}
