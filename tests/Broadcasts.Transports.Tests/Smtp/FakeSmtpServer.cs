using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Broadcasts.Transports;

/// <summary>A mail server on loopback that answers as a test says. The script gets a stage and gives a reply, <c>HANGUP</c>, <c>SILENCE</c>, <c>DRIP</c> (a byte now and then, for ever), or null for the usual one.</summary>
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

    /// <summary>Called when a message is there whole, before its answer.</summary>
    public Action? OnDot { get; set; }

    public string[] Extensions { get; set; } = ["SIZE 10000000", "ENHANCEDSTATUSCODES", "8BITMIME", "PIPELINING", "CHUNKING"];

    /// <summary>With one, the server offers STARTTLS; with <see cref="TlsFromTheStart"/> it speaks nothing else.</summary>
    public X509Certificate2? Certificate { get; set; }

    public bool TlsFromTheStart { get; set; }

    /// <summary>With one, AUTH PLAIN with any other is refused.</summary>
    public string? Password { get; set; }

    public int Connections => Volatile.Read(ref _connections);

    public ConcurrentQueue<string> Mails { get; } = new();

    public ConcurrentQueue<string> Commands { get; } = new();

    /// <summary>What came in one piece each.</summary>
    public ConcurrentQueue<string> Pieces { get; } = new();

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
                Stream stream = new Tap(client.GetStream(), Pieces);
                if (TlsFromTheStart) stream = await SecureAsync(stream);
                var reader = new StreamReader(stream, Encoding.Latin1);
                if (!await ReplyAsync(stream, "GREET", "220 fake ESMTP")) return;
                while (await reader.ReadLineAsync(_stop.Token) is { } line)
                {
                    Commands.Enqueue(line);
                    if (!await AnswerAsync(stream, reader, line)) return;
                    if (line != "STARTTLS") continue;
                    stream = await SecureAsync(stream);
                    reader = new StreamReader(stream, Encoding.Latin1);
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

    private async Task<bool> AnswerAsync(Stream stream, StreamReader reader, string line)
    {
        var verb = line.Split(' ', 2)[0].ToUpperInvariant();
        switch (verb)
        {
            case "EHLO":
                string[] lines = ["fake", .. Extensions, .. Certificate is not null && stream is not SslStream ? new[] { "STARTTLS" } : []];
                return await ReplyAsync(stream, verb, string.Join("\r\n", lines.Select((e, i) => $"250{(i == lines.Length - 1 ? " " : "-")}{e}")));
            case "STARTTLS":
                return await ReplyAsync(stream, verb, "220 2.0.0 go on");
            case "DATA":
                if (!await ReplyAsync(stream, verb, "354 go on")) return false;
                if (Replies.TryGetValue("DATA", out var refused) && !refused.StartsWith("354", StringComparison.Ordinal)) return true;
                var mail = new StringBuilder();
                while (await reader.ReadLineAsync(_stop.Token) is { } text && text != ".") mail.Append(text.StartsWith('.') ? text[1..] : text).Append('\n');
                Mails.Enqueue(mail.ToString());
                OnDot?.Invoke();
                return await ReplyAsync(stream, "DOT", "250 2.0.0 queued");
            case "AUTH":
                return await ReplyAsync(stream, verb, IsLetIn(line) ? "235 2.7.0 welcome" : "535 5.7.8 wrong password");
            case "QUIT":
                await ReplyAsync(stream, verb, "221 bye");
                return false;
            default:
                return await ReplyAsync(stream, verb, "250 2.1.0 ok");
        }
    }

    private bool IsLetIn(string line) =>
        Password is null || Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[^1])).EndsWith($"\0{Password}", StringComparison.Ordinal);

    private async Task<bool> ReplyAsync(Stream stream, string stage, string usual)
    {
        var reply = Replies.GetValueOrDefault(stage, usual);
        if (reply == "HANGUP") return false;
        if (reply == "DRIP") await DripAsync(stream);
        if (reply == "SILENCE") await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _stop.Token);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(reply + "\r\n"), _stop.Token);
        return !reply.StartsWith("421", StringComparison.Ordinal);
    }

    private async Task DripAsync(Stream stream)
    {
        await stream.WriteAsync("250 "u8.ToArray(), _stop.Token);
        while (true)
        {
            await stream.WriteAsync("2"u8.ToArray(), _stop.Token);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, _stop.Token);
        }
    }

    /// <summary>Notes what each read brought.</summary>
    private sealed class Tap(NetworkStream inner, ConcurrentQueue<string> pieces) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Note(buffer.AsMemory(offset, count), inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Note(buffer, await inner.ReadAsync(buffer, cancellationToken));

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override void Flush() => inner.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }

        private int Note(Memory<byte> buffer, int read)
        {
            pieces.Enqueue(Encoding.Latin1.GetString(buffer.Span[..read]));
            return read;
        }
    }
}
