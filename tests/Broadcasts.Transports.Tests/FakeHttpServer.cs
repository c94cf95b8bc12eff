using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>A request as it came over the wire.</summary>
internal sealed record FakeRequest(string Line, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>An HTTP server on loopback that answers as a test says: a raw response, <c>HANGUP</c> after the request, <c>SILENCE</c>, or <c>DRIP</c>: headers and then a byte now and then, for ever.</summary>
internal sealed class FakeHttpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _sessions = [];

    public FakeHttpServer()
    {
        _listener.Start();
        _sessions.Add(AcceptAsync());
    }

    public Uri Url => new($"{(Certificate is null ? "http" : "https")}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/hook");

    public string Response { get; set; } = Of(200, "");

    /// <summary>With one, the server speaks TLS and nothing else.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>Answers each request on its own, when set.</summary>
    public Func<FakeRequest, string>? Respond { get; set; }

    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    public static string Of(int status, string body, string headers = "") =>
        $"HTTP/1.1 {status} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n{headers}\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                Stream stream = client.GetStream();
                if (Certificate is not null) stream = await SecureAsync(stream);
                while (await ReadAsync(stream) is { } request)
                {
                    Requests.Enqueue(request);
                    var response = Respond?.Invoke(request) ?? Response;
                    if (response == "HANGUP") return;
                    if (response == "SILENCE") await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
                    if (response == "DRIP") await DripAsync(stream);
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(response), _stop.Token);
                    if (response.Contains("Connection: close", StringComparison.Ordinal)) return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or AuthenticationException)
        {
            // The client is gone or the test is over.
        }
    }

    private async Task<Stream> SecureAsync(Stream plain)
    {
        var secure = new SslStream(plain);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
        return secure;
    }

    private async Task DripAsync(Stream stream)
    {
        await stream.WriteAsync("HTTP/1.1 200 X\r\nContent-Length: 1000000\r\nContent-Type: application/json\r\n\r\n"u8.ToArray(), _stop.Token);
        while (true)
        {
            await stream.WriteAsync(" "u8.ToArray(), _stop.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, _stop.Token);
        }
    }

    private async Task<FakeRequest?> ReadAsync(Stream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0) return null;
            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(':', 2)).ToDictionary(p => p[0], p => p[1].Trim(), StringComparer.OrdinalIgnoreCase);
        var body = new byte[headers.TryGetValue("Content-Length", out var length) ? int.Parse(length, provider: null) : 0];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return new FakeRequest(lines[0], headers, body);
    }
}
