using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Xunit;

namespace Broadcasts.EndToEnd;

public sealed class SpacingTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const int SpacingMs = 700;

    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Run_ChannelSpacesRecipients_NobodyIsWrittenToTwiceInThatTimeAndNoTryIsLost()
    {
        var people = await Engine.AddPeopleAsync(6);
        var channel = await Engine.AddSimulatorAsync();
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(null, [], SpacingMs), "test"));
        var parts = await Engine.AddBroadcastAsync(channel.Id, people, "One", "Two");
        var other = await Engine.AddBroadcastAsync(channel.Id, people, "Other");
        await Engine.StartBroadcastAsync(parts);
        await Engine.StartBroadcastAsync(other);

        await Engine.CompletedAsync(parts);
        await Engine.CompletedAsync(other);

        var rows = (await Engine.RowsAsync(parts)).Concat(await Engine.RowsAsync(other)).ToArray();
        Assert.All(rows, r => Assert.Equal(DeliveryStatus.Sent, (DeliveryStatus)r.Status));
        foreach (var sent in rows.GroupBy(r => r.ContactId).Select(g => g.Select(r => r.SentAt!.Value).Order().ToArray()))
            Assert.All(sent.Zip(sent.Skip(1)), pair => Assert.True(pair.Second - pair.First >= SpacingMs, $"{pair.Second - pair.First} ms lie between two."));
        Assert.Equal(rows.Length, channel.Taken.Count);
        Assert.Equal(0, await Engine.ExecuteAsync("UPDATE deliveries SET attempt = attempt WHERE channel_id = @id AND attempt <> 1", new { id = channel.Id }));
    }

    [Fact]
    public async Task Run_AWindowIsFull_ProgressSaysWhichAndUntilWhen()
    {
        var people = await Engine.AddPeopleAsync(8);
        var channel = await Engine.AddSimulatorAsync();
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(new(50, 1000), [new(5, 3_600_000)], 0), "test"));
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent == 5, "five were sent");

        Progress? progress = null;
        await Until.TrueAsync(async () => (progress = await Engine.Get<ProgressFeed>().GetAsync(id, TestContext.Current.CancellationToken))?.Waiting is not null, () => "it says what it waits for", 20);
        Assert.Equal((RateLimit.Window, new(5, 3_600_000)), (progress!.LimitedBy, progress.FullWindow));
        Assert.Equal((Waiting.WindowFull, progress.LimitedUntil), (progress.Waiting!.Code, progress.Waiting.Until));
        Assert.InRange(progress.LimitedUntil!.Value - progress.At, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));

        // A limit that is raised acts at once.
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(new(50, 1000), [new(8, 3_600_000)], 0), "test"));
        await Engine.CompletedAsync(id);
    }

    [Fact]
    public async Task Run_TheAccountHasReachedAllItMay_WhoIsNewWaitsAndARaisedLimitActsAtOnce()
    {
        var people = await Engine.AddPeopleAsync(6);
        var channel = await Engine.AddSimulatorAsync();
        await LimitAsync(channel.Id, 4);
        var first = await Engine.AddBroadcastAsync(channel.Id, people[..2], "One", "Two");
        await Engine.StartBroadcastAsync(first);
        await Engine.CompletedAsync(first);
        var second = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(second);
        await Engine.WaitAsync(second, p => p.Counts.Sent == 4, "who was counted already took no place, and two more had one");

        Progress? progress = null;
        await Until.TrueAsync(async () => (progress = await Engine.Get<ProgressFeed>().GetAsync(second, TestContext.Current.CancellationToken))?.Waiting is not null, () => "it says what it waits for", 20);
        Assert.Equal((Waiting.RecipientsFull, RateLimit.Window, new(4, 86_400_000)), (progress!.Waiting!.Code, progress.LimitedBy, progress.FullWindow));
        Assert.InRange(progress.LimitedUntil!.Value - progress.At, TimeSpan.FromHours(23.9), TimeSpan.FromHours(24.1));
        Assert.Equal(2, progress.Counts.Pending);
        // Who waits for tomorrow asks for a permit now and then, not all the time.
        await Until.TrueAsync(async () => (await Engine.Get<ChannelService>().BudgetAsync(channel.Id)).UsedPerSecond < 10, () => "hardly any permits are dealt", 20);

        await LimitAsync(channel.Id, 6);
        await Engine.CompletedAsync(second);
        Assert.All(await Engine.RowsAsync(second), r => Assert.Equal(DeliveryStatus.Sent, (DeliveryStatus)r.Status));
        Assert.Equal(0, await Engine.ExecuteAsync("UPDATE deliveries SET attempt = attempt WHERE channel_id = @id AND attempt <> 1", new { id = channel.Id }));
    }

    private async Task LimitAsync(long channel, int most) =>
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel, new ChannelLimits(new(100, 1000), [], 0) { Recipients = new RecipientLimit(most, 86_400_000, null) }, "test"));
}
