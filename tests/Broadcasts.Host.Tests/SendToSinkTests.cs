using System.Globalization;

namespace Broadcasts.Host.Tests;

/// <summary>The promise of <c>send</c> against Postfix' own smtp-sink, with the process killed in the middle.</summary>
public sealed class SendToSinkTests
{
    private const int People = 600;

    [Fact]
    public async Task Send_KilledInTheMiddleAndRunAgain_NobodyTwiceAndTheLostAreListed()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder.File("mails"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder.File("mails"), (UnixFileMode)0b111_111_111);
        var port = FreePort.Next();
        await using var sink = StartSink(folder, port);
        var rows = string.Concat(Enumerable.Range(1, People).Select(i => string.Create(CultureInfo.InvariantCulture, $"p{i}@example.com,P{i}\n")));
        string[] arguments =
        [
            "send", "--contacts", await CommandLineTests.WriteAsync(folder, "people.csv", "email,first_name\n" + rows), "--channel", "smtp",
            "--set", "host=127.0.0.1", "--set", string.Create(CultureInfo.InvariantCulture, $"port={port}"), "--from", "news@example.com",
            "--subject", "Hi {{ contact.first_name }}", "--template", await CommandLineTests.WriteAsync(folder, "hello.txt", "Hello {{ contact.first_name }}"), "--data", folder.File("data"), "--yes", "--json",
        ];

        await using (var killed = ProcessUnderTest.Start([.. arguments, "--rate", "200/s"]))
        {
            await WaitForMailsAsync(folder, 150);
            killed.Kill();
            Assert.Equal(137, await killed.ExitCodeAsync(RunningBroadcasts.Long));
        }

        await using var rest = ProcessUnderTest.Start(arguments);
        var code = await rest.ExitCodeAsync(TimeSpan.FromMinutes(4));
        var result = System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(Assert.Single(rest.StandardOutput));
        var (sent, unknown) = (result.GetProperty("sent").GetInt32(), result.GetProperty("unknown").GetInt32());
        Assert.Equal(People, sent + unknown);
        Assert.Equal(unknown > 0 ? 1 : 0, code);

        var received = Recipients(folder);
        Assert.Equal(received.Count, received.Distinct().Count());
        Assert.InRange(received.Count, sent, People);
        Assert.True(unknown <= 100, $"{unknown} unknown: more than one claim and what was in flight");
    }

    private static ProcessUnderTest StartSink(TempFolder folder, int port)
    {
        string[] user = Environment.UserName == "root" ? ["-u", "postfix"] : [];
        return ProcessUnderTest.Start([.. user, "-d", folder.File("mails", "m."), string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "100"], executable: Requirements.SmtpSink, workingDirectory: folder.Path);
    }

    private static async Task WaitForMailsAsync(TempFolder folder, int count)
    {
        for (var start = TimeProvider.System.GetTimestamp(); Directory.GetFiles(folder.File("mails")).Length < count;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < RunningBroadcasts.Long, "The sink got too few messages.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static List<string> Recipients(TempFolder folder) =>
        [.. Directory.GetFiles(folder.File("mails")).SelectMany(File.ReadLines).Where(l => l.StartsWith("X-Rcpt-Args:", StringComparison.Ordinal))];
}
