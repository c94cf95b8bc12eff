using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary><c>broadcasts plugin test</c> on transports that are whole and on some that break one promise each.</summary>
public sealed class PluginTestCommandTests
{
    [Fact]
    public async Task Test_WholePackage_PassesEveryCheck()
    {
        var report = await RunAsync(0, LabPackages.Spoilt(""));
        Assert.Equal(("spoilt", "1.0.0", 0, 25), (report.GetProperty("id").GetString(), report.GetProperty("version").GetString(), report.GetProperty("failed").GetInt32(), report.GetProperty("passed").GetInt32()));
    }

    [Theory]
    [InlineData("throws-in-constructor", "load", "no licence")]
    [InlineData("carries-nothing", "load", "no kind of content")]
    [InlineData("bug-on-missing-settings", "settings-missing", "TransportConfigurationException")]
    [InlineData("reports-nothing", "reports-once", "were reported")]
    [InlineData("sends-after-cancel", "cancelled-before", "cancelled before it began")]
    [InlineData("ignores-cancel", "cancelled-during", "did not end")]
    [InlineData("forgets-the-wait", "throttled", "Retry-After")]
    [InlineData("fails-recipients-for-the-channel", "credentials", "ChannelFault")]
    [InlineData("blames-the-address", "unknown-refusal", "suppresses the address")]
    [InlineData("resends-what-may-be-sent", "lost-answer", "InDoubt")]
    [InlineData("tells-secrets", "secrets", "'apiKey' shows")]
    [InlineData("believes-anybody", "webhook-unsigned", "proves nothing")]
    [InlineData("throws-on-garbage", "webhook-garbage", "threw")]
    [InlineData("hangs-in-dispose", "dispose", "did not end")]
    [InlineData("leaves-a-timer", "unload", "timers")]
    [InlineData("changes-its-id", "descriptor", "changes from one reading to the next")]
    [InlineData("has-a-nameless-setting", "form", "'more' has no label")]
    [InlineData("refuses-good-settings", "settings-work", "No key is good enough")]
    [InlineData("loses-what-is-too-much", "parallel", "Of 100 messages at once 50 were reported")]
    [InlineData("blames-whoever-it-was-for", "unreachable", "suppresses the address")]
    [InlineData("overlooks-dates", "throttled-date", "waits for no time of its own")]
    [InlineData("fails-for-server-errors", "server-error", "It must be InDoubt or RetryLater")]
    [InlineData("repeats-what-it-cant-read", "unreadable-answer", "It must be InDoubt or Accepted")]
    [InlineData("believes-the-header", "webhook-altered", "Verify over the raw bytes")]
    public async Task Test_PromiseIsBroken_FailsThatCheckWithTheReason(string behaviour, string check, string why)
    {
        var report = await RunAsync(1, LabPackages.Spoilt(behaviour), Signed(Receipt));
        var failed = report.GetProperty("checks").EnumerateArray().Where(c => c.GetProperty("end").GetString() == "failed").ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("why").GetString()!);
        Assert.Contains(why, Assert.Contains(check, failed), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_GenuineWebhookIsGiven_ItIsTakenAndAnAlteredOneIsNot()
    {
        var report = await RunAsync(0, LabPackages.Spoilt(""), Signed(Receipt));
        Assert.Equal((26, "passed"), (report.GetProperty("passed").GetInt32(), EndOf(report, "webhook-altered")));

        var forged = await RunAsync(1, LabPackages.Spoilt(""), Signed(Receipt).Replace("delivered", "failed", StringComparison.Ordinal));
        Assert.Equal("failed", EndOf(forged, "webhook-altered"));
    }

    [Theory]
    [InlineData("", "The first line is not a request")]
    [InlineData("hello\n\n", "The first line is not a request")]
    [InlineData("POST /hooks/1 HTTP/1.1\nX-Signature\n\n{}", "line 2 is not 'Name: value'")]
    public async Task Test_WebhookFileIsNoRequest_SaysWhere(string text, string why)
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder.File("my.nupkg"), LabPackages.Spoilt(""), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder.File("webhook.http"), text, TestContext.Current.CancellationToken);
        await using var process = ProcessUnderTest.Start(["plugin", "test", folder.File("my.nupkg"), "--webhook", folder.File("webhook.http")]);
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.Contains(process.Lines, l => l.Contains(why, StringComparison.Ordinal));
    }

    private const string Receipt = """{"id": "p1", "reference": "m1", "status": "delivered", "at": "2026-01-01T00:00:00Z"}""";

    private static string Signed(string body) =>
        $"POST /hooks/1 HTTP/1.1\r\nContent-Type: application/json\r\nX-Signature: {Convert.ToHexStringLower(HMACSHA256.HashData("webhook-secret-1"u8, Encoding.UTF8.GetBytes(body)))}\r\n\r\n{body}";

    private static string EndOf(JsonElement report, string check) => report.GetProperty("checks").EnumerateArray().Single(c => c.GetProperty("name").GetString() == check).GetProperty("end").GetString()!;

    [Fact]
    public async Task Test_NotAPackage_SaysSo()
    {
        var report = await RunAsync(1, [1, 2, 3]);
        Assert.Equal("package", Assert.Single(report.GetProperty("checks").EnumerateArray()).GetProperty("name").GetString());
    }

    private static async Task<JsonElement> RunAsync(int exitCode, byte[] package, string? webhook = null)
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder.File("my.nupkg"), package, TestContext.Current.CancellationToken);
        if (webhook is null) return await CommandLineTests.JsonAsync(exitCode, "plugin", "test", folder.File("my.nupkg"), "--json");
        await File.WriteAllTextAsync(folder.File("webhook.http"), webhook, TestContext.Current.CancellationToken);
        return await CommandLineTests.JsonAsync(exitCode, "plugin", "test", folder.File("my.nupkg"), "--set", "webhookSecret=webhook-secret-1", "--webhook", folder.File("webhook.http"), "--json");
    }
}
