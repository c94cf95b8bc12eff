using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What is left of a broadcast: over another channel, or in a child after a cancel.</summary>
public sealed class RemainderTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task MoveRemaining_PausedInTheMiddle_TheRestGoesOverTheOtherChannelAndTheTotalsAddUp()
    {
        var people = await Engine.AddPeopleAsync(300);
        var (one, two) = (await Engine.AddSimulatorAsync(rate: new SendRate(100, 1000)), await Engine.AddSimulatorAsync());
        await Engine.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) SELECT kind, value, @two, 1, 'test', 1 FROM addresses WHERE contact_id = @id", new { two = two.Id, id = people[299] });
        var id = await Engine.AddBroadcastAsync(one.Id, people, "one", "two");
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 60, "some are sent");
        EngineUnderTest.Require(await Engine.Grain(id).PauseAsync("test"));
        var paused = await Engine.WaitAsync(id, p => p.Counts.Sending == 0, "what was in flight is answered");

        var (_, preview) = await Engine.Get<RemainderMove>().LookAsync(id, two.Id);
        Assert.Equal((paused.Counts.Pending, paused.Counts.Pending, paused.Counts.Pending - 2), (preview.Remaining, preview.SendableNow, preview.SendableThen));
        EngineUnderTest.Require(await Engine.Grain(id).MoveRemainingAsync(two.Id, "test"));
        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("test"));
        var done = await Engine.CompletedAsync(id);

        Assert.Equal((598, 2), (done.Counts.Sent, done.Counts.Skipped));
        Assert.Equal((paused.Counts.Sent, 598 - paused.Counts.Sent), (one.TakenOf(id).Count(), two.TakenOf(id).Count()));
        Assert.Empty(one.TakenOf(id).Intersect(two.TakenOf(id)));
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task MoveRemaining_ToWhereItCantGo_IsRefusedWithTheReason()
    {
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(5, 1000));
        var mail = await Engine.AddChannelAsync(new ChannelEdit($"mail-{Guid.NewGuid():N}", "simulator", """{"addressKind":"email"}""", null));
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(50));
        Assert.Equal(CommandCode.Refused, (await Engine.Grain(id).MoveRemainingAsync(mail, "test")).Code);
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.IsFrozen, "its audience is frozen");
        EngineUnderTest.Require(await Engine.Grain(id).PauseAsync("test"));

        Assert.Equal("otherKind", Assert.Single((await Engine.Grain(id).MoveRemainingAsync(mail, "test")).Problems).Code);
        Assert.Equal("sameChannel", Assert.Single((await Engine.Grain(id).MoveRemainingAsync(channel.Id, "test")).Problems).Code);
        Assert.Equal("channelGone", Assert.Single((await Engine.Grain(id).MoveRemainingAsync(9999, "test")).Problems).Code);
        EngineUnderTest.Require(await Engine.Grain(id).CancelAsync("test"));
    }

    [Fact]
    public async Task ResendFailed_OfACancelledBroadcast_TakesThoseLeftOverAtTheirPart()
    {
        var people = await Engine.AddPeopleAsync(200);
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(100, 1000));
        var id = await Engine.AddBroadcastAsync(channel.Id, people, "one", "two", "three");
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 50, "some are sent");
        EngineUnderTest.Require(await Engine.Grain(id).CancelAsync("test"));
        var end = await Engine.WaitAsync(id, p => p.Counts is { Pending: 0, Sending: 0 }, "nothing is left open");

        var (child, made) = await Engine.Get<BroadcastFactory>().ResendFailedAsync(id, "test");
        EngineUnderTest.Require(made);
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetRateAsync(channel.Id, null, "test"));
        await Engine.StartBroadcastAsync(child);
        var done = await Engine.CompletedAsync(child);

        Assert.Equal((600 - end.Counts.Sent, 0), (done.Counts.Sent, done.Counts.Skipped));
        var both = (await Engine.RowsAsync(id)).Concat(await Engine.RowsAsync(child)).Where(r => r.State == DeliveryStatus.Sent).Select(r => (r.ContactId, r.Part)).ToArray();
        Assert.Equal((600, 600), (both.Length, both.Distinct().Count()));
    }

    [Fact]
    public async Task Waiting_ChannelPausedThenSlowRate_SaysWhyAndUntilWhen()
    {
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(1, 60_000));
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(5));
        await Engine.StartBroadcastAsync(id);
        var feed = Engine.Get<Reporting.ProgressFeed>();

        Reporting.Waiting? waiting = null;
        await Until.TrueAsync(async () => (waiting = (await feed.GetAsync(id))!.Waiting) is { Code: "channelRate" }, () => $"it waits for its rate; it says {waiting}");
        Assert.True(waiting!.Until > TimeProvider.System.GetUtcNow(), $"until {waiting.Until}");

        EngineUnderTest.Require(await Engine.Get<IGrainFactory>().GetGrain<IChannelGrain>(channel.Id).PauseAsync("test"));
        await Until.TrueAsync(async () => (waiting = (await feed.GetAsync(id))!.Waiting) is { Code: "channelPaused" }, () => $"it waits for its channel; it says {waiting}");
        EngineUnderTest.Require(await Engine.Grain(id).CancelAsync("test"));
        await Until.TrueAsync(async () => (waiting = (await feed.GetAsync(id))!.Waiting) is null, () => $"it waits for nothing; it says {waiting}");
    }
}
