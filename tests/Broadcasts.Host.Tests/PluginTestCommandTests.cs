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
    public async Task Test_PromiseIsBroken_FailsThatCheckWithTheReason(string behaviour, string check, string why)
    {
        var report = await RunAsync(1, LabPackages.Spoilt(behaviour));
        var failed = report.GetProperty("checks").EnumerateArray().Where(c => c.GetProperty("end").GetString() == "failed").ToDictionary(c => c.GetProperty("name").GetString()!, c => c.GetProperty("why").GetString()!);
        Assert.Contains(why, Assert.Contains(check, failed), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_NotAPackage_SaysSo()
    {
        var report = await RunAsync(1, [1, 2, 3]);
        Assert.Equal("package", Assert.Single(report.GetProperty("checks").EnumerateArray()).GetProperty("name").GetString());
    }

    private static async Task<JsonElement> RunAsync(int exitCode, byte[] package)
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder.File("my.nupkg"), package, TestContext.Current.CancellationToken);
        return await CommandLineTests.JsonAsync(exitCode, "plugin", "test", folder.File("my.nupkg"), "--json");
    }
}
