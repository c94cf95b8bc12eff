using System.Globalization;
using Broadcasts.Broadcasting;
using Broadcasts.Channels;
using Broadcasts.Deliveries;
using Broadcasts.Reporting;
using Xunit;

namespace Broadcasts.EndToEnd;

public sealed class BroadcastRunTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private EngineUnderTest Engine => fixture.Engine;

    [Fact]
    public async Task Start_AudienceWithPeopleWhoCanGetNothing_EverybodyIsAccountedForAsForecast()
    {
        var people = await Engine.AddPeopleAsync(1200);
        var homeless = (await Engine.AddPeopleAsync(1))[0];
        await Engine.ExecuteAsync("DELETE FROM addresses WHERE contact_id = @homeless", new { homeless });
        await Engine.ExecuteAsync("UPDATE contacts SET blocked_at = 1 WHERE id = @id", new { id = people[5] });
        await Engine.ExecuteAsync("UPDATE contacts SET first_name = NULL WHERE id IN (@a, @b)", new { a = people[7], b = people[1100] });
        await Engine.ExecuteAsync("INSERT INTO suppressions (kind, value, channel_id, reason, source, created_at) SELECT kind, value, 0, 2, 'test', 1 FROM addresses WHERE contact_id = @id", new { id = people[9] });
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, [.. people, homeless], "Hello {{contact.first_name}}");

        var forecast = (await Engine.Get<Forecasts>().ForecastAsync(id))!;
        await Engine.StartBroadcastAsync(id);
        var done = await Engine.CompletedAsync(id);

        Assert.Equal((1201, 1196, 1196), (forecast.Recipients, forecast.Sendable, forecast.Messages));
        Assert.Equal((1201, 1196, 5), (done.Recipients, done.Counts.Sent, done.Counts.Skipped));
        Assert.Equal(forecast.Skipped.OrderBy(s => s.Key), done.Reasons.ToDictionary(r => r.Reason, r => r.Rows).OrderBy(s => s.Key));
        Assert.Equal(["contactBlocked", "missingValue", "noAddress", "optedOut"], forecast.Skipped.Keys.Order());
        Assert.Equal((await Engine.RowsAsync(id)).Where(r => r.State == DeliveryStatus.Sent).Select(r => r.Id), channel.TakenOf(id).Order());
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Pause_InTheMiddle_NothingMoreGoesOutUntilResumeAndNobodyGetsItTwice()
    {
        var people = await Engine.AddPeopleAsync(300);
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(150, 1000));
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 40, "some are sent");

        var paused = await Engine.Grain(id).PauseAsync("test");
        Assert.Equal((true, BroadcastStatus.Paused), (paused.IsDone, paused.Status));
        var still = await Engine.WaitAsync(id, p => p.Counts.Sending == 0, "what was in flight is answered");
        Assert.InRange(channel.TakenOf(id).Count(), still.Counts.Sent, still.Counts.Sent);
        Assert.False((await Engine.Grain(id).PauseAsync("test")).IsDone);

        // A whole other broadcast goes out over the same channel meanwhile.
        var other = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(60));
        await Engine.StartBroadcastAsync(other);
        await Engine.CompletedAsync(other);
        Assert.Equal(still.Counts, (await Engine.ProgressAsync(id)).Counts);

        EngineUnderTest.Require(await Engine.Grain(id).ResumeAsync("test"));
        var done = await Engine.CompletedAsync(id);
        Assert.Equal((300, 0), (done.Counts.Sent, done.Counts.Unknown));
        Assert.Equal((await Engine.RowsAsync(id)).Select(r => r.Id), channel.TakenOf(id).Order());
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Cancel_InTheMiddle_TheRestIsSkippedAndTheSumIsEqual()
    {
        // Over the provider's limit on purpose, so that rows come back to the queue around the cancel.
        var people = await Engine.AddPeopleAsync(700);
        var channel = await Engine.AddSimulatorAsync("\"limitPerSecond\":50");
        var id = await Engine.AddBroadcastAsync(channel.Id, people, "one", "two");
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 20, "some are sent");

        EngineUnderTest.Require(await Engine.Grain(id).CancelAsync("test"));
        var end = await Engine.WaitAsync(id, p => p.Counts is { Pending: 0, Sending: 0 }, "nothing is left open");

        Assert.Equal(BroadcastStatus.Cancelled, end.Status);
        Assert.Equal(1400, end.Counts.Sent + end.Counts.Skipped);
        Assert.Equal([("cancelled", end.Counts.Skipped)], end.Reasons.Select(r => (r.Reason, r.Rows)));
        Assert.Equal(end.Counts.Sent, channel.TakenOf(id).Distinct().Count());
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task SetRate_OfARunningBroadcast_ActsAtOnce()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(400)) with { Rate = new SendRate(4, 1000) });
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 2, "some are sent");

        EngineUnderTest.Require(await Engine.Grain(id).SetRateAsync(new SendRate(400, 1000), "test"));

        Assert.Equal(400, (await Engine.CompletedAsync(id, seconds: 20)).Counts.Sent);
    }

    [Fact]
    public async Task Pace_OfABroadcastWhoseRateChanges_IsKeptWithWhatAllowedNoMore()
    {
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(500, 1000));
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(2_000)) with { Rate = new SendRate(20, 1000) });
        var history = Engine.Get<PaceHistory>();
        await Engine.StartBroadcastAsync(id);
        await Until.TrueAsync(async () => (await history.GetAsync(id)).Count > 0, () => "the first point is kept");

        EngineUnderTest.Require(await Engine.Grain(id).SetRateAsync(null, "test"));
        await Engine.CompletedAsync(id, seconds: 60);
        await Until.TrueAsync(async () => (await history.GetAsync(id))[^1] is { Sent: 2_000 }, () => "the last point is kept");

        var points = await history.GetAsync(id);
        Assert.Equal((20.0, PaceLimit.Broadcast), (points[0].Allowed!.Value, points[0].LimitedBy));
        Assert.Contains(points, p => p is { Allowed: 500.0, LimitedBy: PaceLimit.Channel });
        Assert.Equal(points.OrderBy(p => p.At).Select(p => p.Sent), points.Select(p => p.Sent).Order());
    }

    [Fact]
    public async Task SetRate_OfTheChannel_ActsAtOnce()
    {
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(2, 1000));
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(300));
        await Engine.StartBroadcastAsync(id);
        await Engine.WaitAsync(id, p => p.Counts.Sent >= 1, "some are sent");

        EngineUnderTest.Require(await Engine.Get<ChannelService>().SetLimitsAsync(channel.Id, new ChannelLimits(null, [], 0), "test"));

        Assert.Equal(300, (await Engine.CompletedAsync(id, seconds: 20)).Counts.Sent);
    }

    [Fact]
    public async Task Start_SpreadOverATime_TakesAboutThatLong()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(60)) with { SpreadOverMs = 3000 });
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);

        var sent = (await Engine.RowsAsync(id)).Select(r => r.SentAt!.Value).Order().ToArray();
        Assert.InRange(sent[^1] - sent[0], 2000, 8000);
    }

    [Fact]
    public async Task Start_ExpiresMeanwhile_NothingGoesOutAfterwards()
    {
        var channel = await Engine.AddSimulatorAsync(rate: new SendRate(20, 1000));
        var expires = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + 4000;
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(400), "one", "two") with { ExpiresAt = expires });
        await Engine.StartBroadcastAsync(id);

        var done = await Engine.CompletedAsync(id, seconds: 20);

        Assert.Equal(800, done.Counts.Sent + done.Counts.Skipped);
        Assert.Equal([("expired", done.Counts.Skipped)], done.Reasons.Select(r => (r.Reason, r.Rows)));
        Assert.InRange(done.Counts.Sent, 1, 120);
        Assert.All((await Engine.RowsAsync(id)).Where(r => r.State == DeliveryStatus.Sent), r => Assert.InRange(r.SentAt!.Value, 0, expires + 1000));
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Schedule_TimeComes_StartsWithinTwoSeconds()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(3));
        var zone = TimeZoneInfo.FindSystemTimeZoneById("America/Bogota");
        var local = TimeZoneInfo.ConvertTime(TimeProvider.System.GetUtcNow().AddSeconds(4), zone);
        var schedule = new BroadcastSchedule { LocalTime = local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture), TimeZone = "America/Bogota" };

        EngineUnderTest.Require(await Engine.Grain(id).ScheduleAsync(schedule, "test"));
        Assert.Equal(BroadcastStatus.Scheduled, (await Engine.ProgressAsync(id)).Status);
        await Engine.CompletedAsync(id);

        var broadcast = (await Engine.Get<BroadcastStore>().GetAsync(id))!;
        Assert.InRange(broadcast.StartedAt!.Value - broadcast.ScheduledAt!.Value, 0, 2000);
    }

    [Fact]
    public async Task Start_TwoBroadcastsOnOneChannel_ShareItAndNeverExceedItsRate()
    {
        // The provider would refuse anything above 110 a second, and the budget would remember the refusal.
        var channel = await Engine.AddSimulatorAsync("\"limitPerSecond\":110,\"latencyMs\":0", new SendRate(100, 1000));
        var a = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(400));
        var b = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(400));
        await Engine.StartBroadcastAsync(a);
        await Engine.StartBroadcastAsync(b);

        await Engine.WaitAsync(a, p => p.Counts.Sent >= 200, "half of the first is out");
        Assert.InRange((await Engine.ProgressAsync(b)).Counts.Sent, 120, 280);
        await Engine.CompletedAsync(a);
        await Engine.CompletedAsync(b);

        var budget = await Engine.Get<IGrainFactory>().GetGrain<IBudgetGrain>(BudgetGrain.KeyOf(channel.Id)).LookAsync();
        Assert.Equal((100, null), (budget.EffectivePerSecond, budget.ThrottledUntil));
        var sent = (await Engine.RowsAsync(a)).Concat(await Engine.RowsAsync(b)).Select(r => (double)r.SentAt!.Value).Order().ToArray();
        Assert.InRange(sent[^1] - sent[0], 7500, 16_000);
    }

    [Fact]
    public async Task Start_SeveralParts_GoOutInOrder()
    {
        var people = await Engine.AddPeopleAsync(120);
        var channel = await Engine.AddSimulatorAsync("\"jitterMs\":20");
        var id = await Engine.AddBroadcastAsync(channel.Id, people, "one", "two", "three");
        await Engine.StartBroadcastAsync(id);

        Assert.Equal(360, (await Engine.CompletedAsync(id)).Counts.Sent);

        var parts = (await Engine.RowsAsync(id)).ToDictionary(r => r.Id);
        foreach (var person in channel.TakenOf(id).GroupBy(i => parts[i].ContactId)) Assert.Equal([0, 1, 2], person.Select(i => parts[i].Part));
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Start_RefusalsOfSeveralKinds_AreFailedWithTheirReasonsAndResendTakesTheRetryableOnes()
    {
        var people = await Engine.AddPeopleAsync(400);
        var channel = await Engine.AddSimulatorAsync("\"invalidPercent\":10,\"mailboxFullPercent\":20,\"contentRefusedPercent\":5,\"lostAnswerPercent\":5", maxAttempts: 1);
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(id);
        var done = await Engine.CompletedAsync(id);

        var reasons = done.Reasons.ToDictionary(r => r.Reason, r => r.Rows);
        Assert.Equal(["contentRefused", "invalidAddress", "mailboxFull", "timedOut"], reasons.Keys.Order());
        Assert.Equal(400, done.Counts.Sent + done.Counts.Failed + done.Counts.Unknown);
        Assert.Equal(done.Counts.Unknown, reasons["timedOut"]);
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);

        // Mailboxes were emptied meanwhile.
        var edit = channel.Edit with { SettingsJson = EngineUnderTest.SimulatorJson(channel.Journal, "\"invalidPercent\":10") };
        EngineUnderTest.Require(await Engine.Get<ChannelService>().UpdateAsync(channel.Id, edit, 1, "test"));
        var (child, result) = await Engine.Get<BroadcastFactory>().ResendFailedAsync(id, "test");
        EngineUnderTest.Require(result);
        await Engine.StartBroadcastAsync(child);
        var resent = await Engine.CompletedAsync(child);

        var full = (await Engine.RowsAsync(id)).Where(r => r.Reason == (int)FailureReason.MailboxFull).Select(r => r.ContactId);
        Assert.Equal(full, (await Engine.RowsAsync(child)).Select(r => r.ContactId));
        Assert.Equal(reasons["mailboxFull"], resent.Counts.Sent);
        Assert.Equal(id, (await Engine.Get<BroadcastStore>().GetAsync(child))!.ParentId);
    }

    [Fact]
    public async Task Start_ResendWithOtherPartsThanItsParent_IsRefusedBeforeItStarts()
    {
        var channel = await Engine.AddSimulatorAsync("\"contentRefusedPercent\":100");
        var id = await Engine.AddBroadcastAsync(channel.Id, await Engine.AddPeopleAsync(2), "one", "two");
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);
        var (child, _) = await Engine.Get<BroadcastFactory>().ResendFailedAsync(id, "test");
        var draft = (await Engine.Get<BroadcastStore>().GetAsync(child))!.ToDraft();
        EngineUnderTest.Require(await Engine.Grain(child).EditAsync(draft with { PartsJson = """[{"type":"text","text":"only one"}]""" }, 1, "test"));

        var started = await Engine.Grain(child).StartAsync("test");

        Assert.Equal(CommandCode.Invalid, started.Code);
        Assert.Equal("parts", Assert.Single(started.Problems).Path);
    }

    [Fact]
    public async Task Duplicate_FinishedBroadcast_IsADraftWithTheSameContent()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(EngineUnderTest.DraftOf(channel.Id, await Engine.AddPeopleAsync(2)) with { Labels = ["summer"], Rate = new SendRate(5, 1000) });
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);

        var (copy, result) = await Engine.Get<BroadcastFactory>().DuplicateAsync(id, "test");

        var (from, to) = ((await Engine.Get<BroadcastStore>().GetAsync(id))!, (await Engine.Get<BroadcastStore>().GetAsync(copy))!);
        Assert.Equal((true, BroadcastStatus.Draft, "Test (copy)"), (result.IsDone, to.State, to.Name));
        Assert.Equal((from.Audience, from.Parts, from.ChannelId, from.Rate, from.Labels), (to.Audience, to.Parts, to.ChannelId, to.Rate, to.Labels));
        Assert.Equal((null, null), (to.ParentId, to.ScheduledAt));
    }

    [Fact]
    public async Task Start_NobodyInTheAudience_FailsAndSaysSo()
    {
        var channel = await Engine.AddSimulatorAsync();
        var id = await Engine.AddBroadcastAsync(channel.Id, [long.MaxValue]);
        await Engine.StartBroadcastAsync(id);

        var failed = await Engine.WaitAsync(id, p => p.Status == BroadcastStatus.Failed, "it failed");

        Assert.Equal("emptyAudience", failed.StatusReason);
        EngineUnderTest.Require(await Engine.Grain(id).FixAsync("test"));
    }

    [Fact]
    public async Task Start_ChannelFault_PausesTheChannelAndLosesNobody()
    {
        var people = await Engine.AddPeopleAsync(60);
        var folder = Path.Combine(Engine.Data, "drop-" + Guid.NewGuid().ToString("N"));
        var json = $$"""{"folder":{{System.Text.Json.JsonSerializer.Serialize(folder)}},"addressKind":"phone","flush":false}""";
        var channel = await Engine.AddChannelAsync(new ChannelEdit("drop", "filedrop", json, new SendRate(200, 1000)));
        // A file in the folder's place: nothing can be written.
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        await File.WriteAllTextAsync(folder, "in the way");
        var id = await Engine.AddBroadcastAsync(channel, people);
        await Engine.StartBroadcastAsync(id);
        await Until.TrueAsync(async () => (await Engine.Get<ChannelStore>().GetAsync(channel))!.Status == ChannelStatus.Paused, () => "the channel is paused");

        var held = await Engine.WaitAsync(id, p => p.Counts.Sending == 0, "nothing is in flight");
        Assert.Equal((60, 0), (held.Counts.Pending, held.Counts.Failed));
        Assert.Equal(BroadcastStatus.InProgress, held.Status);

        File.Delete(folder);
        EngineUnderTest.Require(await Engine.Get<ChannelService>().ResumeAsync(channel, "test"));
        Assert.Equal(60, (await Engine.CompletedAsync(id)).Counts.Sent);
        Assert.Equal(60, Directory.GetFiles(folder, "*.json").Length);
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }

    [Fact]
    public async Task Start_ReceiptsLateDoubledAndReordered_EndInTheRightPlaces()
    {
        var people = await Engine.AddPeopleAsync(200);
        var channel = await Engine.AddSimulatorAsync("\"receiptDelayMs\":300,\"readPercent\":50,\"lateFailurePercent\":10,\"lostAnswerPercent\":10");
        var edit = channel.Edit with { SettingsJson = channel.Edit.SettingsJson.Replace("\"receipts\":false", "\"receipts\":true", StringComparison.Ordinal) };
        EngineUnderTest.Require(await Engine.Get<ChannelService>().UpdateAsync(channel.Id, edit, 1, "test"));
        var id = await Engine.AddBroadcastAsync(channel.Id, people);
        await Engine.StartBroadcastAsync(id);
        await Engine.CompletedAsync(id);

        // Every message was taken, so each ends delivered, read or bounced: also those whose answer was lost.
        var end = await Engine.WaitAsync(id, p => p.Counts is { Sent: 0, Unknown: 0 } && p.Counts.Read > 50, "all receipts are in");

        Assert.Equal(200, end.Counts.Delivered + end.Counts.Read + end.Counts.Failed);
        Assert.InRange(end.Counts.Failed, 5, 45);
        await LedgerCheck.AssertCountsAsync(Engine.Database, id);
    }
}
