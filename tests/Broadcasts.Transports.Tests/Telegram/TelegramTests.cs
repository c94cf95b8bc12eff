using System.Text;
using System.Text.Json;
using Broadcasts.TestKit;
using Broadcasts.Transports.Telegram;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>A bot whose API is a server on loopback, and a clock that stands still.</summary>
public abstract class TelegramTests : IAsyncDisposable
{
    protected const string Token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
    protected const string Secret = "webhook-secret-31337";
    private FakeChannelContext? _context;
    private ITransport? _transport;

    internal FakeHttpServer Server { get; } = new();

    protected static DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    protected FakeTimeProvider Time { get; } = new(Now);

    protected string Log => string.Join('\n', _context?.LogLines ?? []);

    protected string? BaseUrl { get; set; }

    protected string MoreSettings { get; set; } = "";

    /// <summary>Methods that were called, in order.</summary>
    internal IEnumerable<string> Methods => Server.Requests.Select(r => r.Line.Split(' ')[1].Split('/')[^1]);

    public async ValueTask DisposeAsync()
    {
        if (_transport is not null) await _transport.DisposeAsync();
        _context?.Dispose();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected static string Ok(string result) => FakeHttpServer.Of(200, $$"""{"ok":true,"result":{{result}}}""");

    protected static string Sent(int id = 41, string more = "") => Ok($$"""{"message_id":{{id}},"date":1772366400,"chat":{"id":7}{{more}}}""");

    protected static string Error(int code, string words, string parameters = "{}", string headers = "") =>
        FakeHttpServer.Of(code, $$"""{"ok":false,"error_code":{{code}},"description":{{JsonSerializer.Serialize(words)}},"parameters":{{parameters}}}""", headers);

    protected async Task<SendOutcome> SendAsync(MessageContent? content = null, string to = "7", int attempt = 1) =>
        Assert.Single(await OutcomeList.SendAsync(await OpenAsync(), TestContext.Current.CancellationToken, Message(content, to, attempt)));

    protected async Task<ITransport> OpenAsync(string updates = "none")
    {
        if (_transport is not null) return _transport;
        _context = new FakeChannelContext(Settings(Token, updates), Time);
        return _transport = await new TelegramPlugin().CreateAsync(_context, TestContext.Current.CancellationToken);
    }

    protected static OutboundMessage Message(MessageContent? content = null, string to = "7", int attempt = 1) =>
        new() { Id = "d-1", To = to, Content = content ?? new TextContent { Text = "hola" }, Attempt = attempt };

    protected string Settings(string token, string updates = "none") =>
        $$"""{"botToken": "{{token}}", "webhookSecret": "{{Secret}}", "updates": "{{updates}}", "baseUrl": "{{BaseUrl ?? Server.Url.GetLeftPart(UriPartial.Authority)}}"{{MoreSettings}}}""";

    protected static JsonElement Json(byte[] bytes)
    {
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.Clone();
    }

    protected static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
