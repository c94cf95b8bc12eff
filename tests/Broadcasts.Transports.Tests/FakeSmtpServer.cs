using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>A mail server on loopback that answers as a test says. The script gets a stage and gives a reply, <c>HANGUP</c>, <c>SILENCE</c>, or null for the usual one.</summary>
internal sealed class FakeSmtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private int _connections;

    public FakeSmtpServer()
    {
        _listener.Start();
        _sessions.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>By stage: GREET, EHLO, AUTH, MAIL, RCPT, DATA, DOT, NOOP.</summary>
    public ConcurrentDictionary<string, string> Replies { get; } = new();

    public string[] Extensions { get; set; } = ["SIZE 10000000", "ENHANCEDSTATUSCODES", "8BITMIME", "PIPELINING", "CHUNKING"];

    public int Connections => Volatile.Read(ref _connections);

    public ConcurrentQueue<string> Mails { get; } = new();

    public ConcurrentQueue<string> Commands { get; } = new();

    public static int ClosedPort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

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
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                _sessions.Add(ServeAsync(client));
            }
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
                if (!await ReplyAsync(stream, "GREET", "220 fake ESMTP")) return;
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    Commands.Enqueue(line);
                    if (!await AnswerAsync(stream, reader, line)) return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client is gone or the test is over.
        }
    }

    private async Task<bool> AnswerAsync(NetworkStream stream, StreamReader reader, string line)
    {
        var verb = line.Split(' ', 2)[0].ToUpperInvariant();
        switch (verb)
        {
            case "EHLO":
                return await ReplyAsync(stream, verb, string.Join("\r\n", Extensions.Prepend("fake").Select((e, i) => $"250{(i == Extensions.Length ? " " : "-")}{e}")));
            case "DATA":
                if (!await ReplyAsync(stream, verb, "354 go on")) return false;
                if (Replies.TryGetValue("DATA", out var refused) && !refused.StartsWith("354", StringComparison.Ordinal)) return true;
                var mail = new StringBuilder();
                while (await reader.ReadLineAsync(_stop.Token) is { } text && text != ".") mail.Append(text).Append('\n');
                Mails.Enqueue(mail.ToString());
                return await ReplyAsync(stream, "DOT", "250 2.0.0 queued");
            case "AUTH":
                return await ReplyAsync(stream, verb, "235 2.7.0 welcome");
            case "QUIT":
                await ReplyAsync(stream, verb, "221 bye");
                return false;
            default:
                return await ReplyAsync(stream, verb, "250 2.1.0 ok");
        }
    }

    private async Task<bool> ReplyAsync(NetworkStream stream, string stage, string usual)
    {
        var reply = Replies.GetValueOrDefault(stage, usual);
        if (reply == "HANGUP") return false;
        if (reply == "SILENCE") await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), _stop.Token);
        return !reply.StartsWith("421", StringComparison.Ordinal);
    }
}
