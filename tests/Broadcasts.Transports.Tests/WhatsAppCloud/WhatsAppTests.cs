using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Broadcasts.TestKit;
using Broadcasts.Transports.WhatsAppCloud;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>A channel whose Graph API is a server on loopback, and a clock that stands still.</summary>
public abstract class WhatsAppTests : IAsyncDisposable
{
    protected const string Token = "EAAG-token-marked-31337";
    protected const string Secret = "app-secret-marked-31337";
    protected const string Number = "106540352242922";
    protected const string Account = "102290129340398";
    protected const string Wamid = "wamid.HBgLNTIxNTUxMjM0NTY3OA";

    private FakeChannelContext? _context;
    private ITransport? _transport;

    internal FakeHttpServer Server { get; } = new();

    protected static DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected FakeTimeProvider Time { get; } = new(Now);

    protected string MoreSettings { get; set; } = "";

    protected string? BaseUrl { get; set; }

    protected string Log => string.Join('\n', _context?.LogLines ?? []);

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static string Accepted(string number = "34600000001", string status = "accepted") =>
        FakeHttpServer.Of(200, $$"""{"messaging_product":"whatsapp","contacts":[{"input":"34600000001","wa_id":"{{number}}"}],"messages":[{"id":"{{Wamid}}","message_status":"{{status}}"}]}""");

    protected static string Error(int status, int code, int? subcode = null, string details = "Meta's details", string headers = "") =>
        FakeHttpServer.Of(status, $$$"""{"error":{"message":"(#{{{code}}}) title","type":"OAuthException","code":{{{code}}}{{{(subcode is null ? "" : $",\"error_subcode\":{subcode}")}}},"error_data":{"messaging_product":"whatsapp","details":"{{{details}}}"},"fbtrace_id":"A1"}}""", headers);

    protected static OutboundMessage Message(MessageContent? content = null, string to = "34600000001", int attempt = 1) =>
        new() { Id = "d-1", To = to, Content = content ?? new TextContent { Text = "hola" }, Attempt = attempt };

    protected static TemplateContent Template(params TemplateParameter[] parameters) => new() { Name = "order_ready", Language = "es-MX", Parameters = parameters };

    protected static FileContent File(string type = "image/png", string? caption = null, int size = 3, string name = "menú.png") =>
        new() { FileName = name, MediaType = type, Bytes = new byte[size], Caption = caption };

    protected async Task<SendOutcome> SendAsync(MessageContent? content = null, string to = "34600000001", int attempt = 1) =>
        Assert.Single(await OutcomeList.SendAsync(await OpenAsync(), TestContext.Current.CancellationToken, Message(content, to, attempt)));

    protected async Task<ITransport> OpenAsync()
    {
        if (_transport is not null) return _transport;
        _context = new FakeChannelContext(Settings(BaseUrl ?? Server.Url.GetLeftPart(UriPartial.Authority), MoreSettings), Time);
        return _transport = await new WhatsAppCloudPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
    }

    protected async Task<WebhookResult> ReceiveAsync(string body, string secret = Secret)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return await ReceiveAsync(bytes, "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), bytes)));
    }

    protected async Task<WebhookResult> ReceiveAsync(byte[] body, string? signature)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        if (signature is not null) headers["x-hub-signature-256"] = signature;
        return await ((IWebhookReceiver)await OpenAsync()).ReceiveAsync(
            new WebhookRequest { Method = "POST", Url = new Uri("https://broadcasts.example/hooks/1"), Headers = headers, Body = body }, TestContext.Current.CancellationToken);
    }

    /// <summary>The events of one change of a field of our number and account.</summary>
    protected async Task<TransportEvent[]> EventsAsync(string field, string value)
    {
        var result = await ReceiveAsync(Hook(field, value));
        Assert.Equal(200, result.Status);
        return result.Events;
    }

    protected static string Hook(string field, string value, string account = Account) =>
        $$"""{"object":"whatsapp_business_account","entry":[{"id":"{{account}}","time":1772366400,"changes":[{"field":"{{field}}","value":{{value}}}]}]}""";

    protected static string OfNumber(string rest, string number = Number) =>
        $$"""{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"{{number}}"},{{rest}}}""";

    /// <summary>The one request that was sent.</summary>
    protected JsonElement Body() => Json(Assert.Single(Server.Requests).Body);

    protected static JsonElement Json(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.Clone();
    }

    protected static string Settings(string url, string more = "") =>
        $$"""{"phoneNumberId": "{{Number}}", "wabaId": "{{Account}}", "accessToken": "{{Token}}", "appSecret": "{{Secret}}", "verifyToken": "verify-marked-31337", "baseUrl": "{{url}}"{{more}}}""";
}
