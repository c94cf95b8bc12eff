using System.Diagnostics;
using System.Net.Sockets;
using Broadcasts.TestKit;
using Broadcasts.Testing;
using Broadcasts.Transports.Smtp;
using Xunit;

namespace Broadcasts.Transports;

/// <summary>Against Postfix's own sink, which counts what it really got.</summary>
public sealed class SmtpSinkTests
{
    [Fact]
    public async Task SendAsync_ToPostfixSink_EveryMailArrivesOnce()
    {
        var program = Requirements.SmtpSink;
        const int Count = 500;
        var folder = Directory.CreateTempSubdirectory("sink-").FullName;
        var port = FakeSmtpServer.ClosedPort();
        using var sink = Start(program, port, folder);
        try
        {
            await ListeningAsync(port);
            using var context = new FakeChannelContext($$"""{"host": "127.0.0.1", "port": {{port}}, "from": "news@example.org"}""");
            await using (var transport = await new SmtpPlugin().CreateAsync(context, TestContext.Current.CancellationToken))
            {
                var all = await Task.WhenAll(Enumerable.Range(0, Count).Select(i => OutcomeList.SendAsync(transport, TestContext.Current.CancellationToken, Mail(i))));
                Assert.All(all, outcomes => Assert.Equal(SendOutcomeKind.Accepted, Assert.Single(outcomes).Kind));
            }

            // One file per message taken.
            var ids = Directory.GetFiles(folder).Select(f => File.ReadLines(f).First(l => l.StartsWith("Message-Id:", StringComparison.OrdinalIgnoreCase))).ToList();
            Assert.Equal(Count, ids.Count);
            Assert.Distinct(ids);
        }
        finally
        {
            sink.Kill();
            await sink.WaitForExitAsync(TestContext.Current.CancellationToken);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Process Start(string program, int port, string folder)
    {
        // As root the sink wants another user to become; the folder must then be that user's.
        var root = Environment.UserName == "root";
        if (root) Process.Start("chown", ["postfix", folder])!.WaitForExit();
        string[] user = root ? ["-u", "postfix"] : [];
        return Process.Start(new ProcessStartInfo(program, [.. user, "-d", folder + "/mail.", $"127.0.0.1:{port}", "100"]))!;
    }

    private static async Task ListeningAsync(int port)
    {
        for (var i = 0; i < 500; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        Assert.Fail("smtp-sink did not start.");
    }

    private static OutboundMessage Mail(int number) => new()
    {
        Id = $"sink-{number}",
        To = $"person{number}@example.org",
        Content = new EmailContent { Subject = $"Number {number}", Text = "hello", Html = "<p>hello</p>" },
    };
}
