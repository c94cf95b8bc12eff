using System.Net;
using Broadcasts.TestKit;
using Broadcasts.Transports.FileDrop;
using Broadcasts.Transports.Simulator;
using Broadcasts.Transports.Smtp;
using Broadcasts.Transports.Webhook;

namespace Broadcasts.Transports;

public sealed class FileDropConformanceTests : TransportConformanceTests
{
    protected override string SettingsJson => "{}";

    protected override ITransportPlugin CreatePlugin() => new FileDropPlugin();
}

public sealed class SimulatorConformanceTests : TransportConformanceTests
{
    protected override string SettingsJson => """{"latencyMs": 1, "jitterMs": 0}""";

    protected override ITransportPlugin CreatePlugin() => new SimulatorPlugin();
}

public sealed class SmtpConformanceTests : TransportConformanceTests, IAsyncDisposable
{
    private readonly FakeSmtpServer _server = new() { Extensions = ["AUTH PLAIN", "ENHANCEDSTATUSCODES", "PIPELINING"] };

    protected override string SettingsJson => Settings(_server.Port);

    protected override string UnreachableSettingsJson => Settings(FakeSmtpServer.ClosedPort());

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    protected override ITransportPlugin CreatePlugin() => new SmtpPlugin();

    private static string Settings(int port) =>
        $$"""{"host": "127.0.0.1", "port": {{port}}, "from": "news@example.org", "security": "none", "username": "me", "password": "marked-password-31337"}""";
}

public sealed class WebhookConformanceTests : TransportConformanceTests, IDisposable
{
    private readonly EchoHandler _provider = new();

    protected override string SettingsJson => Settings("https://provider.example/messages");

    protected override string UnreachableSettingsJson => Settings($"http://127.0.0.1:{FakeSmtpServer.ClosedPort()}/");

    public void Dispose() => _provider.Dispose();

    protected override ITransportPlugin CreatePlugin() => new WebhookPlugin();

    protected override FakeChannelContext CreateContext(string settingsJson) =>
        settingsJson.Contains("provider.example", StringComparison.Ordinal) ? new FakeChannelContext(settingsJson) { Http = _provider } : base.CreateContext(settingsJson);

    private static string Settings(string url) =>
        $$"""{"url": "{{url}}", "secret": "marked-secret-31337-0123456789", "headerName": "Authorization", "headerValue": "Bearer marked-token-31337"}""";

    private sealed class EchoHandler : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{\"id\": \"p1\"}") };
        }
    }
}
