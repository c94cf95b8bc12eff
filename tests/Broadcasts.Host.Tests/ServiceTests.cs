using System.Diagnostics;
using System.Net;

namespace Broadcasts.Host.Tests;

/// <summary>Start and stop of the real process.</summary>
public sealed class ServiceTests
{
    [Fact]
    public async Task Run_BadConfiguration_ReportsEveryFaultAndExits2()
    {
        await using var process = ProcessUnderTest.Start(["run"], new Dictionary<string, string?> { ["Broadcasts__Urls"] = "x", ["Broadcasts__TimeZone"] = "y", ["Broadcasts__Tpyo"] = "z" });
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        var text = string.Join('\n', process.Lines);
        Assert.All(["Broadcasts:Urls", "Broadcasts:TimeZone", "Broadcasts:Tpyo"], key => Assert.Contains(key, text, StringComparison.Ordinal));
        Assert.Empty(process.StandardOutput);
    }

    [Fact]
    public async Task Run_DirectoryInUse_IsRefusedAndNamesTheProcess()
    {
        using var folder = new TempFolder();
        await using var first = RunningBroadcasts.Start(folder.File("data"));
        await RunningBroadcasts.AddressOfAsync(first);
        await using var second = RunningBroadcasts.Start(folder.File("data"));
        await second.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains($"process {first.Id}", string.Join('\n', second.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_DirectoryThatCannotBeWritten_Exits2()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.File("file"), "", TestContext.Current.CancellationToken);
        await using var process = RunningBroadcasts.Start(folder.File("file", "data"));
        await process.AssertExitCodeAsync(2, RunningBroadcasts.Long);
        Assert.Contains("Broadcasts:DataDirectory", string.Join('\n', process.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RoleOfNewcomersThatIsNotThere_ExitsAndNamesTheSettingAndTheRoles()
    {
        using var folder = new TempFolder();
        await using var process = RunningBroadcasts.Start(folder.File("data"), new() { ["Broadcasts__OpenId__Authority"] = "http://127.0.0.1:9/", ["Broadcasts__OpenId__ClientId"] = "x", ["Broadcasts__OpenId__DefaultRole"] = "Veiwer" });
        await process.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains("Broadcasts:OpenId:DefaultRole: there is no role 'Veiwer'. Roles: Owner, Manager, Sender, Editor, Analyst, Viewer.", string.Join('\n', process.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminate_WithAnOpenStream_Exits0WithinTenSeconds()
    {
        using var folder = new TempFolder();
        await using var process = RunningBroadcasts.Start(folder.File("data"));
        using var http = new HttpClient { BaseAddress = new Uri(await RunningBroadcasts.AddressOfAsync(process)) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health/live", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.Contains("# TYPE", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        var clock = Stopwatch.StartNew();
        process.Terminate();
        await process.AssertExitCodeAsync(0, TimeSpan.FromSeconds(10));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Run_NewDirectory_IsPrivateAndPrintsTheOwnersLinkUntilThereIsOne()
    {
        using var folder = new TempFolder();
        await using var process = RunningBroadcasts.Start(folder.File("data"));
        await process.WaitForLineAsync("/welcome/", RunningBroadcasts.Long);
        if (OperatingSystem.IsWindows()) return;
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(folder.File("data")) & Others);
        Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(folder.File("data", "broadcasts.sock")) & Others);
        foreach (var file in Directory.GetFiles(folder.File("data", "keys"))) Assert.Equal((UnixFileMode)0, File.GetUnixFileMode(file) & Others);
    }

    [Fact]
    public async Task Run_OnPostgres_StartsAndRefusesAnotherMasterKey()
    {
        await using var database = await TestDatabase.CreateAsync("postgres", migrate: false);
        using var folder = new TempFolder();
        await using (var first = RunningBroadcasts.Start(folder.File("a"), await SettingsAsync("one")))
        {
            using var http = new HttpClient { BaseAddress = new Uri(await RunningBroadcasts.AddressOfAsync(first)) };
            Assert.Equal("ready\n", await http.GetStringAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken));
            first.Terminate();
            await first.AssertExitCodeAsync(0, TimeSpan.FromSeconds(10));
        }

        await using var second = RunningBroadcasts.Start(folder.File("b"), await SettingsAsync("two"));
        await second.AssertExitCodeAsync(1, RunningBroadcasts.Long);
        Assert.Contains("MasterKeyFile", string.Join('\n', second.Lines), StringComparison.Ordinal);

        async Task<Dictionary<string, string?>> SettingsAsync(string key)
        {
            await File.WriteAllTextAsync(folder.File(key), key + new string('x', 40), TestContext.Current.CancellationToken);
            return new()
            {
                ["Broadcasts__Database__Provider"] = "postgres",
                ["Broadcasts__Database__ConnectionString"] = database.ConnectionString,
                ["Broadcasts__Secrets__MasterKeyFile"] = folder.File(key),
            };
        }
    }
}
