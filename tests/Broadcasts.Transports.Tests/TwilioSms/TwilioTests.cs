using System.Text;
using Broadcasts.TestKit;
using Broadcasts.Transports.TwilioSms;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>An account whose API is a server on loopback, and a clock that stands still.</summary>
public abstract class TwilioTests : IAsyncDisposable
{
    protected const string Account = "AC00000000000000000000000000000001";
    protected const string Token = "auth-token-marked-31337";
    protected const string Sid = "SM00000000000000000000000000000042";
    protected static readonly Uri Webhook = new("https://broadcasts.example/hooks/1");
    private FakeChannelContext? _context;
    private ITransport? _transport;

    internal FakeHttpServer Server { get; } = new();

    protected static DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected FakeTimeProvider Time { get; } = new(Now);

    protected string MoreSettings { get; set; } = "";

    protected string Sender { get; set; } = """ "from": "+15017122661" """;

    protected string? BaseUrl { get; set; }

    protected bool IsPublic { get; set; } = true;

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static string Created(string more = "") => FakeHttpServer.Of(201, $$"""{"sid":"{{Sid}}","status":"queued","num_segments":"1","error_code":null{{more}}}""");

    protected static string Error(int status, int code, string headers = "") =>
        FakeHttpServer.Of(status, $$"""{"code":{{code}},"message":"Twilio's words about {{Token}}","more_info":"https://www.twilio.com/docs/errors/{{code}}","status":{{status}}}""", headers);

    protected async Task<SendOutcome> SendAsync(MessageContent? content = null, DateTimeOffset? expires = null) =>
        Assert.Single(await OutcomeList.SendAsync(await OpenAsync(), TestContext.Current.CancellationToken,
            Message(content, expires)));

    protected async Task<ITransport> OpenAsync()
    {
        if (_transport is not null) return _transport;
        _context = new FakeChannelContext(Settings(Token), Time) { Webhook = IsPublic ? Webhook : null };
        return _transport = await new TwilioSmsPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
    }

    protected static OutboundMessage Message(MessageContent? content = null, DateTimeOffset? expires = null) =>
        new() { Id = "d-1", To = "+34600000001", Content = content ?? new TextContent { Text = "hola" }, ExpiresAt = expires };

    protected string Settings(string token) =>
        $$"""{"accountSid": "{{Account}}", "authToken": "{{token}}", {{Sender}}, "baseUrl": "{{BaseUrl ?? Server.Url.GetLeftPart(UriPartial.Authority)}}"{{MoreSettings}}}""";

    /// <summary>The one form that was sent.</summary>
    protected Dictionary<string, string> Form() => FormBody.Read(Assert.Single(Server.Requests).Body).ToDictionary(p => p.Key, p => p.Value);

    protected Task<WebhookResult> ReceiveAsync(string form, string query = "") =>
        ReceiveAsync(form, query, WebhookSignature.Of($"{Webhook}{query}{WebhookSignature.Joined(FormBody.Read(Encoding.UTF8.GetBytes(form)))}", Token));

    protected async Task<WebhookResult> ReceiveAsync(string body, string query, string? signature, string type = "application/x-www-form-urlencoded; charset=UTF-8")
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["content-type"] = type };
        if (signature is not null) headers["x-twilio-signature"] = signature;
        // As a proxy hands it on: another host and scheme.
        var request = new WebhookRequest { Method = "POST", Url = new Uri($"http://10.0.0.1:5080/hooks/1{query}"), Headers = headers, Body = Encoding.UTF8.GetBytes(body) };
        return await ((IWebhookReceiver)await OpenAsync()).ReceiveAsync(request, TestContext.Current.CancellationToken);
    }
}
