using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Security;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A version that loads, passes its self-test and then fails at work is taken back by itself while a broadcast runs.</summary>
public sealed class PluginRollbackTests
{
    [Theory]
    [InlineData("throw-in-send", "its own code failed for ", DeliveryStatus.Unknown)]
    [InlineData("refuse-all", "messages failed; of the version before it 0 of ", DeliveryStatus.Failed)]
    [InlineData("fault-channel", "it reports a fault of a channel", DeliveryStatus.Sent)]
    public async Task Activate_VersionFailsAtWork_ThePreviousOneServesAgainAndTheBroadcastGoesOn(string behaviour, string why, DeliveryStatus victims)
    {
        using var folder = new TempFolder();
        await using var engine = await EngineUnderTest.StartAsync(folder.Path);
        var versions = engine.Get<PluginVersions>();
        await InstallAsync(versions, LabPackages.Of("1.0.0"), activate: true);
        await InstallAsync(versions, LabPackages.Of("2.0.0", behaviour), activate: false);
        var channel = await engine.AddChannelAsync(new ChannelEdit("Lab", "lab", """{"token":"secret-token"}""", new SendRate(100, 1000)));
        var people = await engine.AddPeopleAsync(400);
        await engine.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, 'n' || id || '@example.org', 1 FROM contacts", new { kind = (int)AddressKind.Email });
        var id = await engine.AddBroadcastAsync(channel, people);
        await engine.StartBroadcastAsync(id);
        await engine.WaitAsync(id, p => p.Counts.Sent >= 60, "the first version has worked");

        await versions.ActivateAsync("lab", "2.0.0", "ada", TestContext.Current.CancellationToken);

        await Until.TrueAsync(async () => (await OfLab(versions)).Desired == "1.0.0", () => string.Join('\n', engine.Log), 30);
        var progress = await engine.CompletedAsync(id);
        var lab = await OfLab(versions);
        Assert.Equal(("1.0.0", PluginState.Loaded), (lab.Info!.Version, lab.Info.State));
        Assert.Contains(why, lab.Versions.Single(v => v.Version == "2.0.0").TakenBack, StringComparison.Ordinal);
        Assert.Null(lab.Previous);
        var rows = await engine.RowsAsync(id);
        Assert.Equal(400, rows.Length);
        Assert.All(rows, r => Assert.Contains((DeliveryStatus)r.Status, new[] { DeliveryStatus.Sent, victims }));
        Assert.InRange(progress.Counts.Sent, 250, 400);
        var audit = await engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = "plugin:lab", Action = "plugin.rollback" });
        Assert.Equal("system", Assert.Single(audit).Actor);
        Assert.Contains("from 2.0.0: ", audit[0].Detail, StringComparison.Ordinal);

        // Nobody goes back to it by a click; by its number one may.
        var refused = await Assert.ThrowsAsync<PluginRefusedException>(() => versions.RollBackAsync("lab", null, "ada", TestContext.Current.CancellationToken));
        Assert.Contains("was taken back", refused.Message, StringComparison.Ordinal);
        await versions.ActivateAsync("lab", "2.0.0", "ada", TestContext.Current.CancellationToken);
        Assert.Equal("2.0.0", (await OfLab(versions)).Desired);
    }

    [Fact]
    public async Task Start_TheDesiredVersionCanNoLongerBeLoaded_TheOneBeforeItServes()
    {
        using var folder = new TempFolder();
        await using (var engine = await EngineUnderTest.StartAsync(folder.Path))
        {
            await InstallAsync(engine.Get<PluginVersions>(), LabPackages.Of("1.0.0"), activate: true);
            await InstallAsync(engine.Get<PluginVersions>(), LabPackages.Of("2.0.0"), activate: true);
            await engine.ExecuteAsync("UPDATE plugins SET sha256 = @none WHERE id = 'lab' AND version = '2.0.0'", new { none = new string('0', 64) });
        }

        await using var again = await EngineUnderTest.StartAsync(folder.Path);
        var lab = await OfLab(again.Get<PluginVersions>());
        Assert.Equal(("2.0.0", "1.0.0"), (lab.Desired, lab.Info!.Version));
        Assert.Contains("is damaged", lab.LastRefusal, StringComparison.Ordinal);
        Assert.Contains("is damaged", Assert.Single(lab.Silos).Detail, StringComparison.Ordinal);
    }

    private static Task<InstalledPlugin> InstallAsync(PluginVersions versions, byte[] package, bool activate) =>
        versions.InstallAsync(new MemoryStream(package), "ada", activate, TestContext.Current.CancellationToken);

    private static async Task<PluginView> OfLab(PluginVersions versions) => (await versions.ListAsync(TestContext.Current.CancellationToken)).Single(v => v.Id == "lab");
}
