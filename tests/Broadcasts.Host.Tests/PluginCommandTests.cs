using System.Text.Json;

namespace Broadcasts.Host.Tests;

/// <summary>Plugins from the command line, with and without a service that runs.</summary>
public sealed class PluginCommandTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Install_NewVersion_Serves_AndTheWayBackAndOut(bool running)
    {
        using var folder = new TempFolder();
        var data = folder.File("data");
        await using var service = running ? RunningBroadcasts.Start(data) : null;
        if (service is not null) await RunningBroadcasts.AddressOfAsync(service);
        foreach (var version in (string[])["1.0.0", "2.0.0"]) await File.WriteAllBytesAsync(folder.File(version), LabPackages.Of(version), TestContext.Current.CancellationToken);

        Assert.StartsWith("lab 1.0.0 is installed and serves. SHA-256 ", await SaysAsync(0, "install", folder.File("1.0.0"), data), StringComparison.Ordinal);
        await SaysAsync(0, "install", folder.File("2.0.0"), data);
        Assert.Equal(("2.0.0", "1.0.0"), await LabAsync(data));
        Assert.Equal("lab 1.0.0 serves.", await SaysAsync(0, "rollback", "lab", data, "--why", "it stutters"));
        // What was taken back for a reason is no way back: only its number brings it into service again.
        Assert.Equal(("1.0.0", null), await LabAsync(data));
        Assert.Contains("lab 2.0.0 was taken back: it stutters", await SaysAsync(1, "rollback", "lab", data), StringComparison.Ordinal);
        Assert.Contains("is older than", await SaysAsync(1, "install", await OlderAsync(folder), data), StringComparison.Ordinal);
        await File.WriteAllBytesAsync(folder.File("3.0.0"), LabPackages.Impostor("lab", "Acme.Pigeon.dll", "3.0.0"), TestContext.Current.CancellationToken);
        Assert.Contains("is another plugin of the same id", await SaysAsync(1, "install", folder.File("3.0.0"), data), StringComparison.Ordinal);
        if (service is not null)
        {
            // Said once, and shown with the plugin.
            Assert.Contains("is another plugin of the same id", (await ListAsync(data)).EnumerateArray().Single(p => p.GetProperty("id").GetString() == "lab").GetProperty("lastRefusal").GetString(), StringComparison.Ordinal);
            Assert.Single(service.Lines, l => l.Contains("is another plugin of the same id", StringComparison.Ordinal));
        }

        Assert.Equal("lab 2.0.0 is removed.", await SaysAsync(0, "remove", "lab", "2.0.0", data));
        Assert.Contains("is not installed", await SaysAsync(1, "activate", "lab", "2.0.0", data), StringComparison.Ordinal);
        Assert.Equal("lab 1.0.0 is removed.", await SaysAsync(0, "remove", "lab", "1.0.0", data));
        Assert.DoesNotContain((await ListAsync(data)).EnumerateArray(), p => p.GetProperty("id").GetString() == "lab");
        if (service is not null) Assert.False(service.HasExited);
    }

    [Fact]
    public async Task DropFolder_PackageAndGarbage_AreTakenAndRefusedWithTheReason()
    {
        using var folder = new TempFolder();
        var data = folder.File("data");
        await using var service = RunningBroadcasts.Start(data);
        await RunningBroadcasts.AddressOfAsync(service);
        var drop = Path.Combine(data, "drop");

        await File.WriteAllBytesAsync(Path.Combine(drop, "lab.nupkg"), LabPackages.Of("1.0.0"), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(drop, "a-bad.nupkg"), [1, 2, 3], TestContext.Current.CancellationToken);

        await service.WaitForLineAsync("Installed transport lab 1.0.0 from lab.nupkg", RunningBroadcasts.Long);
        var why = Path.Combine(drop, "refused", "a-bad.nupkg.txt");
        await UntilAsync(() => File.Exists(why) && File.Exists(Path.Combine(drop, "installed", "lab.nupkg")));
        Assert.Contains("not a NuGet package", await File.ReadAllTextAsync(why, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(drop));
        Assert.Equal("1.0.0", (await LabAsync(data)).Desired);
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        for (var since = TimeProvider.System.GetTimestamp(); !isSo();)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < RunningBroadcasts.Long, "It did not come to be.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<string> OlderAsync(TempFolder folder)
    {
        await File.WriteAllBytesAsync(folder.File("0.9.0"), LabPackages.Of("0.9.0"), TestContext.Current.CancellationToken);
        return folder.File("0.9.0");
    }

    private static async Task<(string? Desired, string? Previous)> LabAsync(string data)
    {
        var lab = (await ListAsync(data)).EnumerateArray().Single(p => p.GetProperty("id").GetString() == "lab");
        return (lab.GetProperty("desired").GetString(), lab.TryGetProperty("previous", out var previous) ? previous.GetString() : null);
    }

    private static async Task<JsonElement> ListAsync(string data) => (await CommandLineTests.JsonAsync(0, "plugin", "list", "--data", data, "--json")).GetProperty("items");

    private static Task<string> SaysAsync(int exitCode, string verb, string argument, string data) => SaysAsync(exitCode, [verb, argument, "--data", data]);

    private static Task<string> SaysAsync(int exitCode, string verb, string id, string version, string data) => SaysAsync(exitCode, [verb, id, version, "--data", data]);

    private static Task<string> SaysAsync(int exitCode, string verb, string id, string data, string option, string value) => SaysAsync(exitCode, [verb, id, "--data", data, option, value]);

    private static async Task<string> SaysAsync(int exitCode, string[] arguments)
    {
        await using var process = ProcessUnderTest.Start(["plugin", .. arguments]);
        await process.AssertExitCodeAsync(exitCode, RunningBroadcasts.Long);
        return exitCode == 0 ? Assert.Single(process.StandardOutput) : string.Join('\n', process.Lines);
    }
}
