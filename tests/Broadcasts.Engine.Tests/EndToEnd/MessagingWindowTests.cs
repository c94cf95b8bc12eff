using Broadcasts.Channels;
using Broadcasts.Contacts;
using Broadcasts.Deliveries;
using Broadcasts.Plugins;
using Broadcasts.Testing;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>A provider that takes free content only for a time after the contact's own message.</summary>
public sealed class MessagingWindowTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Run_WindowIsClosedOrNeverWasOpen_SkipsWithThatReasonAndSendsToTheOthers()
    {
        await Engine.Get<PluginInstaller>().InstallAsync(new MemoryStream(LabPackages.Of("1.0.0", "messaging-window")), "test", activate: true, TestContext.Current.CancellationToken);
        var channel = await Engine.AddChannelAsync(new ChannelEdit("Window", "lab", """{"token":"secret-token"}""", null));
        var people = await Engine.AddPeopleAsync(4);
        await Engine.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, 'n' || id || '@example.org', 1 FROM contacts", new { kind = (int)AddressKind.Email });
        await HeardAsync(people[0], TimeSpan.FromMinutes(1));
        await HeardAsync(people[1], TimeSpan.FromHours(24.1));
        await HeardAsync(people[3], TimeSpan.FromHours(23.5));
        var id = await Engine.AddBroadcastAsync(channel, people);

        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);

        var rows = (await Engine.RowsAsync(id)).ToDictionary(r => r.ContactId, r => ((DeliveryStatus)r.Status, r.Reason));
        Assert.Equal((DeliveryStatus.Sent, null), rows[people[0]]);
        Assert.Equal((DeliveryStatus.Skipped, (int)SkipReason.WindowClosed), rows[people[1]]);
        Assert.Equal((DeliveryStatus.Skipped, (int)SkipReason.WindowClosed), rows[people[2]]);
        Assert.Equal((DeliveryStatus.Sent, null), rows[people[3]]);
    }

    private Task<int> HeardAsync(long contact, TimeSpan ago) =>
        Engine.ExecuteAsync("UPDATE addresses SET last_inbound_at = @at WHERE contact_id = @contact", new { contact, at = TimeProvider.System.GetUtcNow().Subtract(ago).ToUnixTimeMilliseconds() });
}
