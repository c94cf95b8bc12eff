using System.Text.Json;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Security;
using Xunit;

namespace Broadcasts.EndToEnd;

/// <summary>What keeps a broadcast from doing harm: breaker, canary, undo, a second person, the frequency cap.</summary>
public sealed class SafetyTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Breaker_ContentThatTheProviderRefuses_PausesAndItsVictimsWaitAgainUntilItIsMended()
    {
        var people = await Engine.AddPeopleAsync(300);
        var channel = await Engine.AddSimulatorAsync("\"contentRefusedPercent\":100", new SendRate(200, 1000));
        var id = await AddAsync(channel.Id, people, new() { SameFaults = 10 }, "one", "two");
        await Engine.StartBroadcastAsync(id);

        var paused = await Engine.WaitAsync(id, p => p.Status == BroadcastStatus.Paused && p.Counts is { Failed: 0, Sending: 0 }, "it is paused and nobody is failed");
        Assert.Equal(("contentRefused", 600), (paused.StatusReason, paused.Counts.Pending));
        Assert.Contains("sim-554", paused.StatusDetail, StringComparison.Ordinal);
        Assert.Empty(paused.Reasons);
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);

        await MendAsync(channel);
        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("test"));
        Assert.Equal(600, (await Engine.CompletedAsync(id)).Counts.Sent);
        Assert.Equal((await Engine.RowsAsync(id)).Select(r => r.Id), channel.TakenOf(id).Order());
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Breaker_RefusalsAmongOthersThatGoWell_FailTheirOwnRecipientsOnly()
    {
        var channel = await Engine.AddSimulatorAsync("\"contentRefusedPercent\":30");
        var id = await AddAsync(channel.Id, await Engine.AddPeopleAsync(300), new() { SameFaults = 30 });
        await Engine.StartBroadcastAsync(id);

        var done = await Engine.CompletedAsync(id);
        Assert.InRange(done.Counts.Failed, 50, 150);
        Assert.Equal(300, done.Counts.Sent + done.Counts.Failed);
    }

    [Fact]
    public async Task Canary_PoisonedContent_StopsAtTheCanaryAndSaysWhy()
    {
        var channel = await Engine.AddSimulatorAsync("\"contentRefusedPercent\":100");
        var id = await AddAsync(channel.Id, await Engine.AddPeopleAsync(400), new() { SameFaults = 0, Canary = new() { Count = 12, WaitMs = 0 } });
        await Engine.StartBroadcastAsync(id);

        var held = await Engine.WaitAsync(id, p => p.Status == BroadcastStatus.Paused, "the canary holds it");
        await Engine.WaitAsync(id, p => p.Counts.Sending == 0, "what was in flight is answered");
        Assert.Equal("canary", held.StatusReason);
        Assert.Contains("of 12 messages of the canary failed", held.StatusDetail, StringComparison.Ordinal);
        Assert.Equal(("canaryFailed", "12"), (held.StatusTold?.Code, held.StatusTold?.Values[1]));
        Assert.StartsWith($"{held.StatusTold!.Values[0]} of 12 messages of the canary failed ({held.StatusTold.Values[2]} %); the limit is {held.StatusTold.Values[3]} %", held.StatusDetail, StringComparison.Ordinal);
        Assert.InRange((await Engine.ProgressAsync(id)).Counts.Failed, 1, 12);

        await MendAsync(channel);
        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("test"));
        var done = await Engine.CompletedAsync(id);
        Assert.Equal(400, done.Counts.Sent + done.Counts.Failed);
        Assert.InRange(done.Counts.Failed, 1, 12);
    }

    [Fact]
    public async Task Canary_ThatGoesWell_IsWaitedForAndEverybodyElseFollows()
    {
        var people = await Engine.AddPeopleAsync(1200);
        await Engine.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id IN (@a, @b)", new { a = people[0], b = people[3] });
        var channel = await Engine.AddSimulatorAsync();
        var id = await AddAsync(channel.Id, people, new() { Canary = new() { Percent = 1, WaitMs = 1500 } }, "one", "two");
        await Engine.StartBroadcastAsync(id);

        // One per cent of the 1,198 who can get it, both parts.
        await Engine.WaitAsync(id, p => p.Counts.Sent == 24, "the canary is out");
        var done = await Engine.CompletedAsync(id);

        Assert.Equal((2396, 4), (done.Counts.Sent, done.Counts.Skipped));
        var sent = (await Engine.RowsAsync(id)).Where(r => r.State == DeliveryStatus.Sent).OrderBy(r => r.Id).Select(r => r.SentAt!.Value).ToArray();
        Assert.True(sent[24..].Min() - sent[..24].Max() >= 1500, "the rest went out before the canary's wait was over");
        Assert.Contains((await Engine.Get<AuditStore>().ListAsync(new AuditFilter { Subject = $"broadcast:{id}" })), a => a.Action == "broadcast.canary");
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Canary_ExpiresWhileItIsWaitedFor_EndsAndTheOthersAreSkipped()
    {
        var channel = await Engine.AddSimulatorAsync();
        var safety = JsonSerializer.Serialize(new BroadcastSafety { Canary = new() { Count = 3, WaitMs = 600_000 } }, BroadcastJson.Options);
        var draft = EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(30));
        var id = await Engine.AddBroadcastAsync(draft with { SafetyJson = safety, ExpiresAt = TimeProvider.System.GetUtcNow().AddSeconds(4).ToUnixTimeMilliseconds() });
        await Engine.StartBroadcastAsync(id);

        var done = await Engine.CompletedAsync(id);
        Assert.Equal((3, 27), (done.Counts.Sent, done.Counts.Skipped));
        Assert.Equal("expired", Assert.Single(done.Reasons).Reason);
    }

    [Fact]
    public async Task Undo_InTime_LeavesADraftAndNothingWentOut()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(20));

        EngineUnderTest.Require(await Engine.Grain(id).SendAsync("ana", 30));
        Assert.Equal(BroadcastStatus.Scheduled, (await Engine.ProgressAsync(id)).Status);
        EngineUnderTest.Require(await Engine.Grain(id).UndoAsync("ana"));

        Assert.Equal((BroadcastStatus.Draft, 0), ((await Engine.ProgressAsync(id)).Status, channel.TakenOf(id).Count()));
        Assert.Equal(CommandCode.Refused, (await Engine.Grain(id).UndoAsync("ana")).Code);
    }

    [Fact]
    public async Task Undo_NotWanted_GoesOutAfterItsSeconds()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(20));
        EngineUnderTest.Require(await Engine.Grain(id).SendAsync("ana", 1));

        Assert.Equal(20, (await Engine.CompletedAsync(id)).Counts.Sent);
        Assert.Equal("ana", (await Engine.Get<BroadcastStore>().GetAsync(id))!.SentBy);
    }

    [Fact]
    public async Task Approval_AboveTheThreshold_NothingLeavesUntilASecondPersonAgrees()
    {
        using var rules = await RulesAsync(new() { ApprovalAbove = 30 });
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(31);
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        EngineUnderTest.Require(await Engine.Grain(id).StartAsync("ana"));

        var waiting = await Engine.WaitAsync(id, p => p is { Status: BroadcastStatus.Paused, IsFrozen: true }, "its audience is frozen");
        Assert.Equal(("approval", 31), (waiting.StatusReason, waiting.Counts.Pending));
        Assert.Equal(("approvalAbove", "31", "30"), (waiting.StatusTold?.Code, waiting.StatusTold?.Values[0], waiting.StatusTold?.Values[1]));
        Assert.Equal("needsApproval", Assert.Single((await Engine.Grain(id).ResumeAsync("ana")).Problems).Code);
        Assert.Equal("ownApproval", Assert.Single((await Engine.Grain(id).ApproveAsync("ana")).Problems).Code);
        Assert.Empty(channel.TakenOf(id));

        EngineUnderTest.Require(await Engine.Grain(id).ApproveAsync("ben"));
        Assert.Equal(31, (await Engine.CompletedAsync(id)).Counts.Sent);

        var small = await Engine.AddBroadcastAsync(channel.Id, people[..30]);
        EngineUnderTest.Require(await Engine.Grain(small).StartAsync("ana"));
        Assert.Equal(30, (await Engine.CompletedAsync(small)).Counts.Sent);
    }

    [Fact]
    public async Task Approval_Refused_NobodyGetsItAndTheSumIsEqual()
    {
        using var rules = await RulesAsync(new() { ApprovalAbove = 30 });
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(40));
        EngineUnderTest.Require(await Engine.Grain(id).StartAsync("ana"));
        await Engine.WaitAsync(id, p => p.IsFrozen, "its audience is frozen");

        EngineUnderTest.Require(await Engine.Grain(id).RejectAsync("ben", "wrong price"));
        var end = await Engine.WaitAsync(id, p => p.Counts.Pending == 0, "everybody is skipped");

        Assert.Equal((BroadcastStatus.Cancelled, "rejected", "wrong price", 40L), (end.Status, end.StatusReason, end.StatusDetail, end.Counts.Skipped));
        Assert.Empty(channel.TakenOf(id));
    }

    [Fact]
    public async Task Approval_OfASchedule_CanBeGivenBeforeItsTime()
    {
        using var rules = await RulesAsync(new() { ApprovalAbove = 0 });
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(5));
        EngineUnderTest.Require(await Engine.Grain(id).SendAsync("ana", 2));

        Assert.Equal("ownApproval", Assert.Single((await Engine.Grain(id).ApproveAsync("ana")).Problems).Code);
        EngineUnderTest.Require(await Engine.Grain(id).ApproveAsync("ben"));

        Assert.Equal(5, (await Engine.CompletedAsync(id)).Counts.Sent);
    }

    [Fact]
    public async Task FrequencyCap_WhoGotEnough_IsSkippedWhenClaimedUnlessTheBroadcastIgnoresIt()
    {
        using var rules = await RulesAsync(new() { FrequencyCap = new(2, 7) });
        var channel = await Engine.AddSimulatorAsync();
        var people = await Engine.AddPeopleAsync(40);
        foreach (var group in new[] { people, people[..25] })
        {
            var before = await Engine.AddBroadcastAsync(channel.Id, group, "one", "two");
            await Engine.StartBroadcastAsync(before);
            await Engine.CompletedAsync(before);
        }

        var third = await Engine.AddBroadcastAsync(channel.Id, people, "one", "two");
        await Engine.StartBroadcastAsync(third);
        var capped = await Engine.CompletedAsync(third);
        Assert.Equal((30, 50), (capped.Counts.Sent, capped.Counts.Skipped));
        Assert.Contains(capped.Reasons, r => r is { Reason: "frequencyCapped", Rows: 25 });

        var notice = await AddAsync(channel.Id, people, new() { IgnoresFrequencyCap = true });
        await Engine.StartBroadcastAsync(notice);
        Assert.Equal(40, (await Engine.CompletedAsync(notice)).Counts.Sent);

        // What lies further back than the days of the cap does not count.
        await Engine.ExecuteAsync("UPDATE deliveries SET sent_at = sent_at - 8 * 86400000");
        var later = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(later);
        Assert.Equal(40, (await Engine.CompletedAsync(later)).Counts.Sent);
    }

    [Fact]
    public async Task FrequencyCap_TwoBroadcastsAtOnce_EverybodyGetsExactlyOne()
    {
        using var rules = await RulesAsync(new() { FrequencyCap = new(1, 1) });
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(300, 1000));
        var people = await Engine.AddPeopleAsync(400);
        var (one, two) = (await Engine.AddBroadcastAsync(channel.Id, people), await Engine.AddBroadcastAsync(channel.Id, people));
        await Engine.StartBroadcastAsync(two);
        await Engine.StartBroadcastAsync(one);
        await Engine.CompletedAsync(one);
        await Engine.CompletedAsync(two);

        var reached = (await Engine.RowsAsync(one)).Concat(await Engine.RowsAsync(two)).Where(r => r.State == DeliveryStatus.Sent).GroupBy(r => r.ContactId).ToArray();
        Assert.Equal(400, reached.Length);
        Assert.All(reached, r => Assert.Single(r));
    }

    [Fact]
    public async Task Edit_SafetyOutOfRange_IsNamed()
    {
        var draft = EngineUnderTest.DraftOf(1, [1]) with { ChannelId = null, SafetyJson = JsonSerializer.Serialize(new BroadcastSafety { SameFaults = -1, Canary = new() { Count = 1, Percent = 99, MaxFailedPercent = 101 } }, BroadcastJson.Options) };
        var (_, result) = await Engine.Get<BroadcastFactory>().CreateAsync(draft, "test");
        Assert.Equal(["canary", "canary.maxFailedPercent", "canary.percent", "sameFaults"], result.Problems.Select(p => p.Path).Order());
    }

    private Task<long> AddAsync(long channel, long[] people, BroadcastSafety safety, params string[] texts) =>
        Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel, people, texts) with { SafetyJson = JsonSerializer.Serialize(safety, BroadcastJson.Options) });

    private async Task MendAsync(SimulatedChannel channel)
    {
        var edit = channel.Edit with { SettingsJson = EngineUnderTest.SimulatorJson(channel.Journal, "") };
        EngineUnderTest.Require(await Engine.Get<ChannelService>().UpdateAsync(channel.Id, edit, 1, "test"));
    }

    // The engine is shared by the class: the rules of one test end with it.
    private async Task<IDisposable> RulesAsync(SendingRules rules)
    {
        Assert.Empty(await Engine.Get<SendingRulesStore>().SetAsync(rules, "test"));
        return new Undo(() => Engine.Get<SendingRulesStore>().SetAsync(new(), "test").GetAwaiter().GetResult());
    }

    private sealed class Undo(Action undo) : IDisposable
    {
        public void Dispose() => undo();
    }
}
