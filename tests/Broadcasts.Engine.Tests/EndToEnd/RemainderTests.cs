using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Contacts;
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
        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(null, [], 0), "test"));
        await Engine.StartBroadcastAsync(child);
        var done = await Engine.CompletedAsync(child);

        Assert.Equal((600 - end.Counts.Sent, 0), (done.Counts.Sent, done.Counts.Skipped));
        var both = (await Engine.RowsAsync(id)).Concat(await Engine.RowsAsync(child)).Where(r => r.State == DeliveryStatus.Sent).Select(r => (r.ContactId, r.Part)).ToArray();
        Assert.Equal((600, 600), (both.Length, both.Distinct().Count()));
    }

    [Fact]
    public async Task LastInteracted_EachContactOnTheChannelThatItWroteOnLast_ElseOnTheFirstThatReachesIt()
    {
        var people = await Engine.AddPeopleAsync(6);
        var (sms, other) = (await Engine.AddSimulatorAsync(), await Engine.AddSimulatorAsync());
        var mailJournal = Path.Combine(Engine.Data, $"{Guid.NewGuid():N}.journal");
        var mail = await Engine.AddChannelAsync(new ChannelEdit($"mail-{Guid.NewGuid():N}", "simulator", EngineUnderTest.SimulatorJson(mailJournal, "\"addressKind\":\"email\""), null));
        await Engine.ExecuteAsync("INSERT INTO addresses (contact_id, kind, value, created_at) SELECT id, @kind, 'p' || id || '@example.com', 1 FROM contacts WHERE id BETWEEN @from AND @to", new { kind = (int)AddressKind.Email, from = people[0], to = people[4] });

        // 0 wrote by mail last, 1 on the other telephone channel after a mail, 2 never, 3 opted out by telephone, 4 wrote on a channel that is not asked, 5 has no mail.
        var numbers = await Engine.Database.ReadAsync(async c => (await Dapper.SqlMapper.QueryAsync<(long, string)>(c, "SELECT contact_id, value FROM addresses WHERE kind = @kind", new { kind = (int)AddressKind.Phone })).ToDictionary(a => a.Item1, a => a.Item2));
        var receipts = Engine.Get<ProviderEvents>();
        await receipts.ApplyAsync(mail, [Message($"p{people[0]}@example.com", 5), Message($"p{people[1]}@example.com", 5)], cancellationToken: TestContext.Current.CancellationToken);
        await receipts.ApplyAsync(other.Id, [Message(numbers[people[1]], 9)], cancellationToken: TestContext.Current.CancellationToken);
        await Engine.ExecuteAsync("UPDATE addresses SET last_inbound_at = 1, last_channel_id = 999 WHERE contact_id = @id", new { id = people[4] });
        await Engine.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) VALUES (@kind, @value, 0, 2, 'test', 1)", new { kind = (int)AddressKind.Phone, value = numbers[people[3]] });
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(0, people, "one", "two") with { ChannelId = null, Routes = [sms.Id, other.Id, mail] });

        var forecast = (await Engine.Get<Forecasts>().ForecastAsync(id))!;
        Assert.Equal([6, 2, 4], forecast.Channels.Select(c => (int)c.Messages));
        await Engine.StartBroadcastAsync(id);
        Assert.Equal(12, (await Engine.CompletedAsync(id)).Counts.Sent);

        long[] ContactsOf(IEnumerable<long> taken, RowState[] rows) => [.. rows.Where(r => taken.Contains(r.Id)).Select(r => r.ContactId).Distinct().Order()];
        var all = await Engine.RowsAsync(id);
        Assert.Equal([people[2], people[4], people[5]], ContactsOf(sms.TakenOf(id), all));
        Assert.Equal([people[1]], ContactsOf(other.TakenOf(id), all));
        Assert.Equal([people[0], people[3]], ContactsOf(new SimulatedChannel(mail, mailJournal, sms.Edit).TakenOf(id), all));
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    private static InboundMessage Message(string from, int minute) => new() { Key = $"{from}-{minute}", At = new DateTimeOffset(2026, 1, 1, 0, minute, 0, TimeSpan.Zero), From = from, Text = "hi" };

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
