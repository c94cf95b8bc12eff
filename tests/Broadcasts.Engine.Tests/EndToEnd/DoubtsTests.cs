using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>Messages whose fate is not known are settled by a person, and never behind anybody's back.</summary>
public sealed class DoubtsTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Resolve_Sent_CountsThemAsSentAndKeepsWhoSaidSo()
    {
        var (id, channel, people) = await InDoubtAsync(30);

        var (_, one) = await Engine.Get<Doubts>().ResolveAsync(id, DoubtAnswer.Sent, [people[4]], "ana");
        Assert.Equal((1, 0), (one.Resolved, one.TooEarly));
        Assert.Equal(29, (await Engine.ProgressAsync(id)).Counts.Unknown);

        await Engine.Get<Doubts>().ResolveAsync(id, DoubtAnswer.Sent, null, "ana");
        var after = await Engine.ProgressAsync(id);
        Assert.Equal((30, 0), (after.Counts.Sent, after.Counts.Unknown));
        Assert.Equal(30, channel.TakenOf(id).Count());
        var told = await Engine.Get<Reporting.BroadcastQueries>().RecipientAsync(id, people[4], CancellationToken.None);
        Assert.Contains(told!.Parts[0].Attempts, a => a.Detail == "ana: sent");
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Resolve_NotSent_TooEarlyIsLeftAloneAndAResendTakesThem()
    {
        var (id, channel, people) = await InDoubtAsync(20);

        var (_, early) = await Engine.Get<Doubts>().ResolveAsync(id, DoubtAnswer.NotSent, null, "ana");
        Assert.Equal((0, 20), (early.Resolved, early.TooEarly));
        await Engine.ExecuteAsync("UPDATE deliveries SET ended_at = 1 WHERE id BETWEEN @from AND @to AND status = 7", new { from = DeliveryId.First(id), to = DeliveryId.Last(id) });
        var (_, late) = await Engine.Get<Doubts>().ResolveAsync(id, DoubtAnswer.NotSent, null, "ana");
        Assert.Equal((20, 0), (late.Resolved, late.TooEarly));
        Assert.Equal((20, 0), ((await Engine.ProgressAsync(id)).Counts.Failed, (await Engine.ProgressAsync(id)).Counts.Unknown));

        EngineUnderTest.Require(await Engine.Get<ChannelService>().UpdateAsync(channel.Id, channel.Edit with { SettingsJson = EngineUnderTest.SimulatorJson(channel.Journal, "") }, 1, "test"));
        var (child, made) = await Engine.Get<BroadcastFactory>().ResendFailedAsync(id, "ana");
        EngineUnderTest.Require(made);
        await Engine.StartBroadcastAsync(child);
        Assert.Equal(20, (await Engine.CompletedAsync(child)).Counts.Sent);
        Assert.Equal(people, (await Engine.RowsAsync(child)).Select(r => r.ContactId).Order());
    }

    [Fact]
    public async Task Resolve_Resend_OnlyWhileTheBroadcastCanStillSend()
    {
        var (over, _, _) = await InDoubtAsync(5);
        var (refused, _) = await Engine.Get<Doubts>().ResolveAsync(over, DoubtAnswer.Resend, null, "ana");
        Assert.Equal((CommandCode.Refused, "resendOver"), (refused.Code, Assert.Single(refused.Problems).Code));

        var channel = await Engine.AddSimulatorAsync("\"lostAnswerPercent\":100", new SendRate(20, 1000));
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(60));
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Unknown >= 5, "some are in doubt");
        EngineUnderTest.Require(await Engine.Grain(id).PauseAsync("ana"));
        var paused = await Engine.WaitAsync(id, p => p.Counts.Sending == 0, "what was in flight is answered");
        await Engine.ExecuteAsync("UPDATE deliveries SET ended_at = 1 WHERE id BETWEEN @from AND @to AND status = 7", new { from = DeliveryId.First(id), to = DeliveryId.Last(id) });
        EngineUnderTest.Require(await Engine.Get<ChannelService>().UpdateAsync(channel.Id, channel.Edit with { Rate = null, SettingsJson = EngineUnderTest.SimulatorJson(channel.Journal, "") }, 1, "test"));

        var (_, again) = await Engine.Get<Doubts>().ResolveAsync(id, DoubtAnswer.Resend, null, "ana");
        Assert.Equal(paused.Counts.Unknown, again.Resolved);
        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("ana"));

        // Asked for by a person: those, and only those, went out twice.
        Assert.Equal(60, (await Engine.CompletedAsync(id)).Counts.Sent);
        Assert.Equal((int)again.Resolved, channel.TakenOf(id).GroupBy(i => i).Count(g => g.Count() == 2));
        Assert.Equal(60, channel.TakenOf(id).Distinct().Count());
    }

    [Fact]
    public async Task WhenInDoubt_Leave_NothingIsSentAgainByItself()
    {
        var (id, channel, _) = await InDoubtAsync(10);
        await Engine.ExecuteAsync("UPDATE deliveries SET ended_at = 1 WHERE id BETWEEN @from AND @to AND status = 7", new { from = DeliveryId.First(id), to = DeliveryId.Last(id) });

        // Another broadcast on the channel starts and ends meanwhile.
        var other = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(10));
        await Engine.StartBroadcastAsync(other);
        await Engine.CompletedAsync(other);

        Assert.Equal((10, 10), ((await Engine.ProgressAsync(id)).Counts.Unknown, channel.TakenOf(id).Count()));
    }

    private async Task<(long Id, SimulatedChannel Channel, long[] People)> InDoubtAsync(int count)
    {
        var people = await Engine.AddPeopleAsync(count);
        var channel = await Engine.AddSimulatorAsync("\"lostAnswerPercent\":100");
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(id);
        Assert.Equal(count, (await Engine.CompletedAsync(id)).Counts.Unknown);
        return (id, channel, people);
    }
}
