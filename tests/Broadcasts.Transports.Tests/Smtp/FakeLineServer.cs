using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>A server on loopback that speaks in lines.</summary>
internal abstract class FakeLineServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _sessions = [];

    protected FakeLineServer()
    {
        _listener.Start();
        _sessions.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>Answers a command otherwise than usual: a reply, <c>HANGUP</c> or <c>SILENCE</c>; null for the usual one.</summary>
    public Func<string, string?>? Answer { get; set; }

    protected abstract string Greeting { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    /// <summary>A session's answers, one after the other.</summary>
    protected abstract Func<string, byte[]> NewSession();

    /// <summary>True for a command that ends the session.</summary>
    protected abstract bool IsFarewell(string line);

    protected static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

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
                var stream = client.GetStream();
                using var reader = new StreamReader(stream, Encoding.Latin1);
                var session = NewSession();
                await stream.WriteAsync(Text(Greeting), _stop.Token);
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    Commands.Enqueue(line);
                    var other = Answer?.Invoke(line);
                    if (other == "HANGUP") return;
                    if (other == "SILENCE") await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
                    await stream.WriteAsync(other is null ? session(line) : Text(other), _stop.Token);
                    if (IsFarewell(line)) return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client is gone or the test is over.
        }
    }
}
