using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Plugins;
using Broadcasts.Plugins.Health;
using Broadcasts.Security;
using Broadcasts.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What administrators do with plugins, in a running engine: what is on record, what is left on disk, and what is shown of a version at work.</summary>
public sealed class PluginActsTests
{
    [Fact]
    public async Task Acts_EachOne_IsOnRecordWithVersionAndHash()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path);
        var versions = engine.Get<PluginVersions>();
        var first = await InstallAsync(versions, LabPackages.Of("1.0.0"), activate: true);
        var second = await InstallAsync(versions, LabPackages.Of("2.0.0"), activate: false);
        await versions.ActivateAsync("lab", "2.0.0", "bea", TestContext.Current.CancellationToken);
        await versions.RollBackAsync("lab", "too slow", "cid", TestContext.Current.CancellationToken);
        await versions.RemoveAsync("lab", "2.0.0", "dan", TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<PluginRefusedException>(() => InstallAsync(versions, LabPackages.Of("3.0.0", "throw-in-constructor"), activate: true));

        var acts = (await engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = "plugin:lab" })).Reverse().Select(a => (a.Action, a.Actor, a.Detail)).ToArray();
        Assert.Equal(
            [
                ("plugin.try", "ada", $"1.0.0 sha256:{first.Sha256}"),
                ("plugin.install", "ada", $"1.0.0 sha256:{first.Sha256}"),
                ("plugin.store", "ada", $"2.0.0 sha256:{second.Sha256}"),
                ("plugin.try", "bea", $"2.0.0 sha256:{second.Sha256}"),
                ("plugin.activate", "bea", $"2.0.0 sha256:{second.Sha256}"),
                ("plugin.try", "cid", $"1.0.0 sha256:{first.Sha256}"),
                ("plugin.rollback", "cid", $"1.0.0 sha256:{first.Sha256} from 2.0.0: too slow"),
                ("plugin.remove", "dan", $"2.0.0 sha256:{second.Sha256}"),
            ],
            acts[..8]);
        Assert.Equal([("plugin.try", "ada"), ("plugin.refused", "ada")], acts[8..].Select(a => (a.Action, a.Actor)));
        Assert.Contains("no licence", acts[9].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Install_TheSamePackageAgain_ChangesNothing()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path);
        var versions = engine.Get<PluginVersions>();
        var package = LabPackages.Of("1.0.0");
        var installed = await InstallAsync(versions, package, activate: true);
        var channel = await engine.Get<PluginHost>().OpenAsync(new ChannelTransportSettings { ChannelId = "77", ChannelName = "Lab", TransportId = "lab", SettingsJson = """{"token":"secret-token"}""" }, TestContext.Current.CancellationToken);
        var changed = channel.Changed;

        Assert.Equal(installed, await InstallAsync(versions, package, activate: true));

        Assert.Equal(changed, channel.Changed);
        Assert.Equal(0, engine.Get<PluginHost>().UnloadingCount("lab"));
    }

    [Fact]
    public async Task Remove_VersionThatServed_LeavesNoFileAndNoMapping()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path);
        var (versions, host) = (engine.Get<PluginVersions>(), engine.Get<PluginHost>());
        var first = await InstallAsync(versions, LabPackages.Of("1.0.0"), activate: true);
        var path = new PluginFolder(folder.Path).PathOf("lab", "1.0.0", first.Sha256);
        Assert.True(Directory.Exists(path));
        await InstallAsync(versions, LabPackages.Of("2.0.0"), activate: true);

        await versions.RemoveAsync("lab", "1.0.0", "ada", TestContext.Current.CancellationToken);

        Assert.False(Directory.Exists(path));
        Assert.Equal("2.0.0", Assert.Single((await OfLab(versions)).Versions).Version);
        await Until.TrueAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            host.CheckUnloaded();
            return Task.FromResult(host.UnloadingCount("lab") == 0 && (!OperatingSystem.IsLinux() || !File.ReadLines("/proc/self/maps").Any(l => l.Contains(path, StringComparison.Ordinal))));
        }, () => "the removed version's files are still mapped", 30);
    }

    [Fact]
    public async Task List_VersionAtWork_ShowsWhatAMessageAllocates()
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path);
        var versions = engine.Get<PluginVersions>();
        await InstallAsync(versions, LabPackages.Of("1.0.0"), activate: true);
        var channel = await engine.AddChannelAsync(new ChannelEdit("Lab", "lab", """{"token":"secret-token"}""", new SendRate(1000, 1000)));
        var people = await engine.AddPeopleAsync(40);
        await engine.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, 'n' || id || '@example.org', 1 FROM contacts", new { kind = (int)AddressKind.Email });
        var id = await engine.AddBroadcastAsync(channel, people);
        await engine.StartBroadcastAsync(id);
        await engine.CompletedAsync(id);

        Assert.True((await OfLab(versions)).Info!.Pulse!.AllocatedPerMessage > 0);
    }

    [Fact]
    public void Pulse_IsOfTheLastWholeMinute_ThrottlesAreNoErrors()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 29, 12, 0, 30, TimeSpan.Zero));
        var health = new TransportHealth(time);
        health.Count(Batch(SendOutcome.Accepted("1"), SendOutcome.Throttled(ThrottleScope.Channel), SendOutcome.InDoubt(FailureReason.TimedOut)));
        Assert.Equal((0, 0), Figures());

        time.Advance(TimeSpan.FromMinutes(1));
        health.Count(Batch(SendOutcome.Accepted("2")));
        Assert.Equal((3, 1), Figures());

        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((1, 0), Figures());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 0), Figures());

        (long, long) Figures() => TransportPulse.Of(health) is var pulse ? (pulse.MessagesPerMinute, pulse.ErrorsPerMinute) : default;
    }

    private static MessageBatch Batch(params SendOutcome[] outcomes)
    {
        var batch = new MessageBatch([.. outcomes.Select((_, i) => new OutboundMessage { Id = $"m{i}", To = "a@example.org", Content = new TextContent { Text = "hi" } })], new Nobody());
        for (var i = 0; i < outcomes.Length; i++) batch.Report(i, outcomes[i]);
        return batch;
    }

    private sealed class Nobody : IOutcomeSink
    {
        public void OnOutcome(MessageBatch batch, int index, SendOutcome outcome)
        {
        }
    }

    private static Task<InstalledPlugin> InstallAsync(PluginVersions versions, byte[] package, bool activate) =>
        versions.InstallAsync(new MemoryStream(package), "ada", activate, TestContext.Current.CancellationToken);

    private static async Task<PluginView> OfLab(PluginVersions versions) => (await versions.ListAsync(TestContext.Current.CancellationToken)).Single(v => v.Id == "lab");
}
